"""Whose figure and whose year an answer says it is, where the source says it in its own words or leaves it to its head."""

from typing import Any

import pytest

from eval.answers import is_denied
from eval.corpus import Corpus, load_corpus, scope_codes
from eval.gold import Case
from eval.score import score_case
from eval.trace import Record, Said

TEXTS = {
    "办法.md": "# 天河区支持港澳青年实施办法\n\n第六条 在香港设立离岸孵化服务中心，每年安排最高100万元经费予以支持。\n",
    "报告.md": "# 2024年政府工作报告\n\n今年拟安排地方政府专项债券3.9万亿元、比上年增加1000亿元。\n",
}
QUOTES = {
    "办法.md": "在香港设立离岸孵化服务中心，每年安排最高100万元经费予以支持。",
    "报告.md": "今年拟安排地方政府专项债券3.9万亿元、比上年增加1000亿元。",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("texts")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_corpus(folder)


def _reasons(corpus: Corpus, source: str, sentence: str, figures: tuple[dict[str, Any], ...] = ()) -> tuple[str, ...]:
    quote = QUOTES[source]
    start = corpus[source].text.index(quote)
    citation = {"id": 1, "source": source, "start": start, "end": start + len(quote), "quote": quote}
    said = Said.model_validate({
        "question": "问", "answer": f"{sentence} [1]", "abstained": False,
        "sentences": [{"text": sentence, "citations": [1]}], "citations": [citation], "figures": figures,
    })  # fmt: skip
    fact = {"id": "f", "vital": False, "type": "text", "any": ["无"]}
    case = Case.model_validate({
        "id": "a", "group_id": "a", "variant": "canonical", "kind": "false_premise", "question": "问？", "history": [],
        "answerable": False, "facts": [fact], "must_not": [], "evidence": [], "reviewed": True, "split": "dev",
    })  # fmt: skip
    return score_case(case, Record(id="a", answer=said, hits=(), seconds=0.0), corpus, ()).reasons


def test_verbatim_words_give_their_figure_to_nobody_else(corpus: Corpus) -> None:
    assert _reasons(corpus, "办法.md", QUOTES["办法.md"]) == ()
    changed = _reasons(corpus, "办法.md", "在上海设立离岸孵化服务中心，每年安排最高100万元经费予以支持。")
    assert any("张冠李戴" in reason for reason in changed)


def test_figure_table_is_still_checked_beside_a_verbatim_sentence(corpus: Corpus) -> None:
    figure = {"value": 1e6, "unit": "元", "comparator": "至多", "scope": "上海", "period": "", "citation": 1}
    reasons = _reasons(corpus, "办法.md", QUOTES["办法.md"], (figure,))
    assert any("数字表" in reason for reason in reasons)


def test_year_of_the_documents_head_is_not_foreign(corpus: Corpus) -> None:
    assert _reasons(corpus, "报告.md", "地方政府专项债券3.9万亿元（2024年）。") == ()
    assert any("2023年" in reason for reason in _reasons(corpus, "报告.md", "地方政府专项债券3.9万亿元（2023年）。"))
    assert any("2024年" in reason for reason in _reasons(corpus, "报告.md", "2024年要发行地方政府专项债券。"))


def test_nothing_says_so_is_a_denial() -> None:
    frame = "the sources give it for an unnamed body (nothing says that it is Guangdong)"
    assert is_denied(frame, frame.index("Guangdong"))
    assert not is_denied(frame, frame.index("unnamed"))


def test_scope_that_the_source_names_in_words_stands_for_itself() -> None:
    words = ("各省", "直辖市", "新疆生产建设兵团")
    assert scope_codes("、".join(words), words) == words
    assert scope_codes("各省、广东", ("各省",)) == ("各省", *scope_codes("广东"))
    assert scope_codes("广东、浙江") == (*scope_codes("广东"), *scope_codes("浙江"))
