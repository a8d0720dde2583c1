"""Sentences: where a reader ends them, and never inside a number."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.sentences import MAX_SENTENCE, cut_long, in_number, split_sentences


def sentences(text):
    return [text[a:b] for a, b in split_sentences(text)]


def test_sentences_end_where_a_reader_ends_them():
    assert sentences("他说：“利用率约65%。”随后（见附件。下同）指出“很低！”。真的吗？！") == [
        "他说：“利用率约65%。”", "随后（见附件。下同）指出“很低！”。", "真的吗？！",
    ]  # fmt: skip
    assert sentences("这是……后续。地址http://a.cn/?x=1;y=2可查。") == ["这是……后续。", "地址http://a.cn/?x=1;y=2可查。"]
    assert sentences("甲；乙;丙") == ["甲；", "乙;", "丙"]
    assert sentences("（未闭合的括号。还在里面。\n下一行。") == ["（未闭合的括号。还在里面。", "下一行。"]


def test_english_sentences_survive_abbreviations_and_decimals():
    text = (
        "Guizhou plans 300,000 racks. The U.S. has more. Use was 65.5 percent. See No. 5 of Art. 3. Done! Really? Yes."
    )
    assert sentences(text) == [
        "Guizhou plans 300,000 racks.", "The U.S. has more.", "Use was 65.5 percent.", "See No. 5 of Art. 3.", "Done!", "Really?", "Yes.",
    ]  # fmt: skip


def test_a_sentence_without_a_full_stop_is_cut_at_a_comma():
    text = ("智算中心" * 20 + "，") * 20
    pieces = split_sentences(text)
    assert all(b - a <= MAX_SENTENCE and text[b - 1] == "，" for a, b in pieces)
    assert "".join(text[a:b] for a, b in pieces) == text


NUMBERS = "1.5|3,000|2025年|65.5%|1，200万元|12:30|３０万个|500 亿元|二十五万|30%-50%|0.8‰".split("|")
_NUMBER = re.compile("|".join(map(re.escape, NUMBERS)))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([*NUMBERS, "，", ",", "、", " ", "：", "甲" * 37, "乙" * 150]), min_size=20, max_size=60)
)
def test_no_number_is_cut_however_long_the_run(parts):
    text = "".join(part + ("丙" if part in NUMBERS else "") for part in parts)
    spans = split_sentences(text)
    for number in _NUMBER.finditer(text):
        assert any(a <= number.start() and number.end() <= b for a, b in spans), number[0]
    assert all(b - a <= MAX_SENTENCE for a, b in spans)


@pytest.mark.parametrize(
    ("left", "right", "inside"),
    [
        ("3,", "000家", True), ("2025", "年", True), ("1.", "5倍", True), ("65", "%", True), ("约8 ", "成", True), ("二十", "五亿", True),
        ("达到65%，", "2026年", False), ("共3家，", "占", False), ("甲、", "2025年", False), ("。", "3", False),
    ],
)  # fmt: skip
def test_what_is_inside_a_number(left, right, inside):
    assert in_number(left + right, len(left)) is inside


def test_a_long_row_is_cut_between_cells():
    row = "|" + "|".join(f" 单元{n}：共，{n}，000 个 " for n in range(80)) + "|"
    pieces = [row[a:b] for a, b in cut_long(row, 0, len(row))]
    assert len(pieces) > 1 and all(piece.endswith("|") for piece in pieces) and "".join(pieces).replace(" ", "") == row.replace(" ", "")  # fmt: skip
