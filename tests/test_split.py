"""Splitting: every character once and in order, whole articles, true heading paths, bounded sizes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.split import MAX_CHARS, MAX_SENTENCE, split_blocks, split_chunks, split_sentences


def split(text):
    """Chunks of a text, checked: they hold every visible character once, in order, and their sentences lie inside."""
    chunks = split_chunks("doc", text, split_blocks(text), prefix="p")
    assert [chunk.id for chunk in chunks] == [f"p:{number}" for number in range(len(chunks))]
    end = 0
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.start >= end and not text[end : chunk.start].strip(), text[end : chunk.start]
        assert len(chunk.text) <= MAX_CHARS + 2 * MAX_SENTENCE
        inside = chunk.start
        for sentence in chunk.sentences:
            assert inside <= sentence.start < sentence.end <= chunk.end
            assert sentence.end - sentence.start <= MAX_SENTENCE
            assert text[sentence.start : sentence.end].strip() == text[sentence.start : sentence.end]
            inside = sentence.end
        end = chunk.end
    assert not text[end:].strip(), text[end:]
    return chunks


def sentences(text):
    return [text[a:b] for a, b in split_sentences(text)]


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


def test_structure_is_found_in_text_without_line_ends():
    text = "某市方案。一、总体要求 坚持以创新为引领推动算力发展。二、主要任务（一）建设算力。到2027年建成10座。（二）培育企业。支持发展。第三条　附则内容。"
    blocks = split_blocks(text)
    starts = [text[b.start : b.end][:6] for b in blocks if b.kind != "paragraph"]
    assert starts == ["一、总体要求", "二、主要任务", "（一）建设算", "（二）培育企", "第三条　附则"]
    assert next(b for b in blocks if "培育" in text[b.start : b.end]).headings == ("二、主要任务",)
    split(text)


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


def test_table_rows_are_sentences_and_nothing_gives_nothing():
    text = "| 地区 | 机架 |\n| --- | --- |\n| 贵阳 | 12万个 |"
    assert [text[s.start : s.end] for s in split(text)[0].sentences][-1] == "| 贵阳 | 12万个 |"
    assert split("") == split(" \n\u3000\n") == ()
