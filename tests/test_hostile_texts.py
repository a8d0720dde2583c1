"""Texts made to keep a pattern busy: one sign over and over, through everything that a document or a question goes through.

What grows with the square of the text takes minutes here and is cut off by the processor time that it used, which the
load of the machine does not change; what grows with the text takes a second or two.
"""

import contextlib
import signal

import pytest

from app.generation.messages import plain
from app.generation.parse import claim_of, sentences_of
from app.retrieval.sources import asks_for_files
from app.understanding.understand import understand
from ingest.errors import PolicyQAError
from ingest.facts.figures import find_figures
from ingest.prepare import prepare_document

SIGNS = [
    "（", "((", "1", "年", "第", "第1条", "1亿元", "65%", "一、", "2025年", "“", "《", "〔", "**", "|", "\n", "\u3000", "http://", "<",
    "<!--", "省", "比", "全国", "1月", "-1", "，", ".", "[ ", "①", "zhī ", "甲。",
]  # fmt: skip
DEAR = ("65%", "1亿元")  # a quarter of a minute each
CHARACTERS, SECONDS = 40_000, 45.0
TITLES = [("a", "贵州省数据中心发展规划（2023—2025年）"), ("b", "Regulations on the Development of AI")]

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="processor time is limited by a POSIX timer")


@contextlib.contextmanager
def bounded(what):
    def stop(*_):
        raise AssertionError(f"{what} took more than {SECONDS:g} seconds of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("sign", [pytest.param(s, marks=pytest.mark.full) if s in DEAR else s for s in SIGNS], ids=repr)
def test_a_document_of_one_sign_is_read_or_refused(sign, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("甲县数据中心简报\n" + sign * (CHARACTERS // 2 // len(sign)), encoding="utf-8")
    with bounded(repr(sign)):
        try:
            document, chunks = prepare_document(path, "a.txt")
        except PolicyQAError as error:
            assert str(error)
        else:
            assert chunks and len(document.text) <= CHARACTERS


@pytest.mark.parametrize("sign", SIGNS, ids=repr)
def test_a_question_and_a_models_words_of_one_sign(sign):
    with bounded(repr(sign)):
        for question in ("贵州" + sign * (2_000 // len(sign)), "what " + sign * (20_000 // len(sign))):
            assert not asks_for_files(understand(question, titles=TITLES))
        words = sign * (CHARACTERS // len(sign))
        sentences_of(words)
        claim_of(f"［{words[:5_000]}", ())
        assert len(plain(words)) <= len(words)


def test_a_clause_of_nothing_but_figures_keeps_them_all():
    with bounded("a clause of figures"):
        assert len(find_figures("1亿元" * 200)) == 200
