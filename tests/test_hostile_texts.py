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
from ingest.facts import describe, numbers
from ingest.facts.figures import find_figures
from ingest.prepare import prepare_document
from ingest.text.sentences import MAX_SENTENCE, split_sentences

SIGNS = [
    "（", "((", "1", "年", "第", "第1条", "1亿元", "65%", "一、", "2025年", "“", "《", "〔", "**", "|", "\n", "\u3000", "http://", "<",
    "<!--", "省", "比", "全国", "1月", "-1", "，", ".", "[ ", "①", "zhī ", "甲。", " ", "贵州65%，", "甲；", "北京、上海、",
]  # fmt: skip
DEAR = ("1亿元", "北京、上海、")  # some seconds each
# What a pattern has begun to take for a number, a label, a heading ..., before a run of blanks that it could part anywhere.
BEGUN = ["国发〔2025〕", "文号：国发〔2025〕", "公告（", "第一条", "附件", "责任编辑：", "一、总体要求", "2025年1", "有效期", "# 甲", "- ", "|甲|", "日", "同时", "贵州", "1. ", "《甲》", "自公布之日"]  # fmt: skip
BLANKS = 20_000
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


EACH = pytest.mark.parametrize(
    "sign", [pytest.param(s, marks=pytest.mark.full) if s in DEAR else s for s in SIGNS], ids=repr
)


@EACH
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


@EACH
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


def test_a_run_of_blanks_behind_whatever_is_begun(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("甲县数据中心简报\n" + "\n".join(f"{begun}{' ' * BLANKS}丙。" for begun in BEGUN), encoding="utf-8")
    with bounded("runs of blanks"):
        document, _ = prepare_document(path, "a.txt")
    assert document.text.count("丙。") == len(BEGUN)


@pytest.mark.parametrize("unit", ["65%", "65%，", "贵州65%", "北京、65%", "比贵州65%、"])
def test_each_figure_costs_as_much_as_the_one_before(unit, monkeypatch):
    """Counted are the numbers read: so many for each figure, and not more the more of them stand there."""
    read, real = [], numbers._read
    monkeypatch.setattr(numbers, "_read", lambda *given: read.append(1) or real(*given))
    for times in (50, 400):
        read.clear()
        assert len(find_figures(unit * times)) == times
        assert len(read) <= 30 * times


@pytest.mark.parametrize(
    "text", ["六成五的算力来自贵州65%、2025年1月1日" * 1_500, "算" * 40_000, "7" * 40_000, "，" * 40_000]
)
def test_a_sentence_without_an_end_is_cut_and_nothing_of_it_lost(text):
    spans = split_sentences(text)
    assert all(0 < end - start <= MAX_SENTENCE for start, end in spans)
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])] and spans[-1][1] == len(text)


def test_what_stands_before_in_an_enumeration_is_bounded_and_keeps_its_head(tmp_path, monkeypatch):
    leads, real = [], describe.find_figures
    monkeypatch.setattr(
        describe, "find_figures", lambda words, at, context: leads.append(len(context.lead)) or real(words, at, context)
    )
    path = tmp_path / "a.txt"
    path.write_text("甲县数据中心简报\n到2030年，建设以下项目：" + "乙镇建成机房100个；" * 500, encoding="utf-8")
    _, chunks = prepare_document(path, "a.txt")
    figures = [figure for chunk in chunks for sentence in chunk.sentences for figure in sentence.figures]
    assert len(figures) == 500 and {(figure.period, figure.kind) for figure in figures} == {("2030", "目标值")}
    assert max(leads) < 3_000
