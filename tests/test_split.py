"""Splitting: every character once and in order, what belongs together in one chunk, true and bounded heading paths."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.split import MAX_CHARS, MAX_PATH, MAX_SENTENCE, TARGET_CHARS, split_blocks, split_chunks


def split(text, pages=()):
    """Chunks of a text, checked: they hold every visible character once, in order, and their sentences lie inside."""
    chunks = split_chunks("doc", text, split_blocks(text, pages), prefix="p", pages=pages)
    assert [chunk.id for chunk in chunks] == [f"p:{number}" for number in range(len(chunks))]
    end = 0
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.start >= end and not text[end : chunk.start].strip(), text[end : chunk.start]
        assert len(chunk.text) <= MAX_CHARS + 2 * MAX_SENTENCE and sum(map(len, chunk.headings)) <= MAX_PATH
        assert len(set(chunk.headings)) == len(chunk.headings) and chunk.sentences
        inside = chunk.start
        for sentence in chunk.sentences:
            assert inside <= sentence.start < sentence.end <= chunk.end
            assert sentence.end - sentence.start <= MAX_SENTENCE
            assert text[sentence.start : sentence.end].strip() == text[sentence.start : sentence.end]
            inside = sentence.end
        end = chunk.end
    assert not text[end:].strip(), text[end:]
    return chunks


def starts(chunks):
    return [chunk.text[:5] for chunk in chunks]


PIECES = (
    "# 标题\n|## 二级\n|第一章 总则\n|第一节 一般\n|第三条 |第十二条　|一、总体要求\n|二、任务（一）建设|（一）|（二）推动发展。|1. |1、|（1）|①|- |+ |• |。|；|，|！|？|……|”|“|（|）|(|)"
    "|\n|\n\n| |　|\t|\u00a0|\\| a \\| b \\|\n|贵州机架30万个|the plan. |U.S. |http://a.cn/?x=1;y=2|\u2028|\x0c|" + "甲" * 150 + "。|" + "乙" * 700 + "，|" + "题" * 90 + "\n"
).replace("\\|", "\0").split("|")  # fmt: skip


@settings(max_examples=800, deadline=None)
@given(
    st.lists(st.sampled_from([piece.replace("\0", "|") for piece in PIECES]), max_size=50).map("".join)
    | st.text(max_size=80)
)
def test_any_text_is_held_once_and_in_order(text):
    split(text)


@pytest.mark.corpus
def test_official_texts_are_held_once_and_in_order(corpus_dir):
    from ingest.read import read_file

    files = [path for path in sorted(corpus_dir.iterdir()) if path.suffix in {".txt", ".md", ".html"}]
    chunks = [chunk for path in files for chunk in split(read_file(path).text)]
    assert len(files) > 20 and len(chunks) > 800
    assert sum(len(chunk.text) > MAX_CHARS and len(chunk.sentences) > 1 for chunk in chunks) < 0.01 * len(chunks)


LAW = (
    "第一章 总则\n第一条 为了发展算力，制定本条例。\n第二条 本条例适用于本省。\n第二章 建设\n第一节 机架\n第三条 机架不少于30万个。\n"
    "　　前款规定的机架，包括在建机架。\n（一）东区；\n（二）西区。\n第四条 利用率不低于65%。\n第五条之一 附加。"
)


def test_articles_stay_whole_and_apart_under_their_chapter():
    chunks = split(LAW)
    assert [chunk.headings for chunk in chunks] == [
        ("第一章 总则",), ("第一章 总则",), ("第二章 建设", "第一节 机架"), ("第二章 建设", "第一节 机架"), ("第二章 建设", "第一节 机架"),
    ]  # fmt: skip
    assert chunks[2].text.endswith("（二）西区。") and "第四条" not in chunks[2].text
    assert chunks[0].text.startswith("第一章 总则\n第一条")  # a heading opens its chunk and is no sentence
    assert [LAW[s.start : s.end] for s in chunks[0].sentences] == ["第一条 为了发展算力，制定本条例。"]


def test_numbered_levels_and_markdown_give_the_heading_path():
    text = "一、总体要求\n坚持创新。\n二、重点任务\n（一）建设算力\n到2027年建成10座。\n（二）培育企业\n支持发展。\n三、保障措施\n加强领导。"
    assert [(chunk.headings, chunk.sentences[0].start) for chunk in split(text)] == [
        (("一、总体要求",), text.index("坚持")), (("二、重点任务", "（一）建设算力"), text.index("到2027")),
        (("二、重点任务", "（二）培育企业"), text.index("支持")), (("三、保障措施",), text.index("加强")),
    ]  # fmt: skip
    markdown = "# 甲\n## 乙\n正文一。\n### 丙\n正文二。\n## 丁\n正文三。"
    assert [chunk.headings for chunk in split(markdown)] == [("甲", "乙"), ("甲", "乙", "丙"), ("甲", "丁")]


def test_an_outline_of_many_headings_does_not_grow_one_giant_chunk():
    text = (
        "\n".join(f"（{'一二三四五六七八九'[i % 9]}）推动第{i}项工程建设取得新的进展" for i in range(200))
        + "\n这是正文。"
    )
    assert max(len(chunk.text) for chunk in split(text)) <= MAX_CHARS


def test_bullets_are_kept_in_the_chunk_but_not_in_the_sentence():
    text = "\n".join(f"- 要点{i}" + "甲" * 150 + "。" for i in range(8))
    chunks = split(text)
    assert all(chunk.text.startswith("- ") for chunk in chunks)
    assert all(text[s.start] == "要" for chunk in chunks for s in chunk.sentences)


ITEMS = ["（一）" + "甲" * 60 + "；", "（二）" + "乙" * 60 + "；", "（三）" + "丙" * 60 + "。"]


def test_a_list_stays_with_its_introduction_where_both_fit():
    before = "前文内容。" * (TARGET_CHARS // 5)
    text = before + "\n有下列情形之一的，不予受理：\n" + "\n".join(ITEMS) + "\n申请人可以补正。" + "后文。" * 30
    (chunk,) = [chunk for chunk in split(text) if "下列情形" in chunk.text]
    assert all(item in chunk.text for item in ITEMS)


def test_items_of_a_list_that_is_too_long_carry_its_introduction_in_the_path():
    items = [f"（{n}）" + "甲" * 90 + "；" for n in "一二三四五六七八九"]
    chunks = split("第三条 有下列情形之一的，责令改正：\n" + "\n".join(items))
    assert len(chunks) > 1 and chunks[0].headings == () and "（一）" in chunks[0].text
    assert {chunk.headings for chunk in chunks[1:]} == {("第三条", "有下列情形之一的，责令改正")}
    assert "第三条 > 有下列情形之一的，责令改正\n（" in chunks[1].embed_text("某条例")


TIED = "但是，另有规定的除外。|前款规定不适用于试点。|上述资金由省财政承担。|有前款行为的，从重处罚。|前項補助，以一次為限。"


@pytest.mark.parametrize("tied", TIED.split("|"))
def test_an_exception_travels_with_its_rule(tied):
    for size in range(TARGET_CHARS - 60, MAX_CHARS + 40, 7):  # wherever the cut would otherwise fall
        text = "甲" * (size - 40) + "。\n应当公开数据" + "乙" * 30 + "。\n" + tied + "\n" + "丙" * 200 + "。"
        assert not any(chunk.text.startswith(tied[:4]) for chunk in split(text))


def test_an_article_that_fits_is_not_cut_and_the_rest_of_a_long_one_bears_its_number():
    fits = "第一条 " + "甲" * 150 + "。\n" + "乙" * 150 + "。\n" + "丙" * (MAX_CHARS - 320) + "。"
    chunks = split(fits + "\n第二条 " + ("丁" * 99 + "。") * 9)
    assert starts(chunks)[:2] == ["第一条 甲", "第二条 丁"] and chunks[0].text == fits
    assert len(chunks) > 2 and all(chunk.headings == ("第二条",) for chunk in chunks[2:])


def test_a_short_line_over_a_paragraph_stays_with_it():
    text = (
        "四、动能\n（一）推动降本。\n" + "甲" * 200 + "。" + "乙" * 80 + "。\n推进结构性降成本。\n" + "丙" * 200 + "。"
    )
    assert [chunk.headings for chunk in split(text)] == [("四、动能",), ("四、动能", "（一）推动降本")]
    assert starts(split(text))[1] == "推进结构性"


def test_table_rows_are_sentences_and_later_chunks_carry_the_header():
    rows = [f"| 市{n} | {n}万个，占；比{'甲' * 30}。 |" for n in range(30)]
    text = "\n".join(["| 地区 | 机架 |", "| --- | --- |", *rows, "正文。"])
    chunks = split(text)
    assert [text[s.start : s.end] for chunk in chunks for s in chunk.sentences] == ["| 地区 | 机架 |", *rows, "正文。"]
    assert chunks[0].text.startswith("| 地区 | 机架 |\n| --- | --- |\n| 市0 ") and chunks[0].headings == ()
    assert len(chunks) > 3 and all(chunk.headings == ("地区 | 机架",) for chunk in chunks[1:])


def test_a_table_that_begins_before_a_page_break_keeps_its_header_after_it():
    text = "| 地区 | 机架 |\n| 贵阳 | 12万个 |\n| 遵义 | 3万个 |"
    chunks = split(text, ((0, 1), (text.index("| 遵义"), 2)))
    assert [(chunk.page, chunk.headings) for chunk in chunks] == [(1, ()), (2, ("地区 | 机架",))]


def test_a_rule_alone_and_nothing_at_all():
    assert [chunk.text for chunk in split("|---|---|")] == ["|---|---|"]
    assert split("") == split(" \n\u3000\n") == ()


def test_deep_and_long_headings_are_bounded_from_the_outside():
    text = "".join(f"{'#' * n} {n}{'题' * 90}\n" for n in range(1, 7)) + "正文。"
    (chunk,) = split(text)
    assert chunk.headings[-1].startswith("6题") and chunk.headings[-1].endswith("…")
    assert [heading[0] for heading in chunk.headings] == ["4", "5", "6"]


NUMBERS = "1.5倍|3,000家|2025年|65%|1，200万元|500 亿元|第 3 批".split("|")
BETWEEN = ["，", "。", "；\n", "\n", "：", "一、支持 ", "（一）", "| a | b |\n", "但", "甲" * 37]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*NUMBERS, *BETWEEN]), max_size=60))
def test_numbers_are_never_cut(parts):
    text = "".join(part + "乙" * (part in NUMBERS) for part in parts)
    chunks = split(text)
    inside = [(s.start, s.end) for chunk in chunks for s in chunk.sentences]
    for number in re.finditer("|".join(NUMBERS), text):
        assert any(chunk.start <= number.start() and number.end() <= chunk.end for chunk in chunks), number[0]
        touching = [span for span in inside if span[0] < number.end() and span[1] > number.start()]
        assert all(a <= number.start() and number.end() <= b for a, b in touching), number[0]
