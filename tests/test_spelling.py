"""Typing errors that are repaired, and what must never be rewritten."""

import re

import pytest

from app.understanding.spelling import correct
from ingest.lexical import fold

KNOWN = frozenset(
    {"520000", "440000", "330000", "340000", "340100", "440300", "430000", "420000", "320000", "CN", "某北方省份"}
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("贵洲算力", "贵州算力"),
        ("浙将的风险", "浙江的风险"),
        ("贵州算力利用律", "贵州算力利用率"),
        ("合非的量子产业", "合肥的量子产业"),
    ],
)
def test_errors_by_sound_are_repaired_and_told(typed, read):
    text, repairs = correct(typed, KNOWN)
    assert text == read and repairs


@pytest.mark.parametrize(
    "question",
    [
        "哪些企业把AI与制造业结合了",
        "AI与无人机结合的例子有哪些",
        "适合哪些省份",
        "什么样的场景适合落地",
        "算力贵不贵",
        "算力服务贵吗",
        "产业广不广",
        "怎样推广应用",
        "公安机关的要求",
        "算力东移有什么好处",
        "2025年新设人工智能专业高校数量",
        "新北市的布局",
        "广州的产值",
        "对比力度如何",
    ],
)
def test_what_is_no_error_stays(question):
    assert correct(question, KNOWN) == (question, ())


def test_a_region_that_the_store_lacks_is_no_target():
    assert correct("贵洲算力", frozenset({"440000"}))[0] == "贵洲算力"


@pytest.mark.corpus
def test_official_prose_is_hardly_ever_rewritten(corpus_dir):
    """Of sentences of official texts no more than 1 in 1,000 may be read as another region or measure."""
    sentences = [
        part
        for path in sorted(corpus_dir.glob("[345]*.txt"))
        for part in re.split(r"[。；，：\s]", path.read_text(encoding="utf-8", errors="replace"))
        if 6 <= len(part) <= 40
    ]
    assert len(sentences) > 1000
    changed = [s for s in sentences if correct(fold(s), KNOWN)[1]]
    assert len(changed) <= len(sentences) / 1000, changed[:10]
