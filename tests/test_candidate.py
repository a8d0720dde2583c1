"""A candidate is a row that the evaluation reads, proposes what was cited, and waits for its review."""

import pytest

from app.build import open_engine
from app.history.book import open_history
from app.history.candidate import append, candidate
from app.history.records import KeptExchange
from app.settings import Settings
from app.ui.chat import Conversation, ask
from eval.corpus import load_corpus
from eval.gold import find_problems, find_suite, load_suite
from ingest.errors import InputError


@pytest.mark.parametrize(
    ("questions", "kind"),
    [
        (["贵州规划了多少个机架"], "number"),
        (["广东的路线是什么", "那浙江呢？"], "lookup"),
        (["西藏有多少家人工智能企业"], "unanswerable"),
    ],
)
def test_an_answer_becomes_a_row_that_holds_against_the_corpus(sample_store, tmp_path, questions, kind):
    with open_engine(Settings(store=sample_store)) as engine, open_history(tmp_path / "h.sqlite3") as book:
        now = Conversation()
        for question in questions:
            *_, now = ask(engine, now, question, None, book)
        *before, last = book.exchanges(now.id)
        row = candidate(last, before, book.figures(last.id))
    suite = find_suite("sample")
    for item in row["evidence"]:  # as a reviewer would put it: below the suite's corpus
        item["source"] = item["source"].rpartition("/")[2]
    path = tmp_path / "候选" / "candidates.jsonl"
    assert append(path, row) is True and append(path, row) is False
    (case,) = load_suite(path)
    assert case.kind == kind and not case.reviewed and case.question == questions[-1]
    assert case.variant == "canonical" and len(case.history) == 2 * len(before)
    assert find_problems([case], {name: paper.text for name, paper in load_corpus(*suite.folders).items()}) == []


def test_what_was_not_answered_is_no_candidate(tmp_path):
    with pytest.raises(InputError, match="没有答完"):
        candidate(KeptExchange("r1", "c1", "问", "zh", "2026"), [], [])
    broken = tmp_path / "candidates.jsonl"
    broken.write_text("不是 JSON\n", encoding="utf-8")
    with pytest.raises(InputError, match="候选题文件"):
        append(broken, {"id": "x"})
    assert broken.read_text(encoding="utf-8") == "不是 JSON\n"
