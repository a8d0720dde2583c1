"""Structure: heading paths, articles in either script, list marks, annexes and boxes."""

import pytest

from ingest.text.blocks import list_mark, own_label, split_blocks


def paths(text):
    """{first characters of each block: (kind, heading path)}"""
    return {text[b.start : b.end][:6]: (b.kind, b.headings) for b in split_blocks(text)}


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("一、总体要求", (10, 1)), ("十二、其他", (10, 12)), ("二十、其他", (10, 20)), ("（三）建设", (11, 3)), ("(十一)建设", (11, 11)), ("3.建设", (13, 3)),
        ("4）建设", (13, 4)), ("（5）建设", (14, 5)), ("②建设", (14, 2)), ("- 建设", (16, 0)),
        ("1.5倍", (0, 0)), ("一体化", (0, 0)), ("（见附件）", (0, 0)), ("2025年", (0, 0)), ("", (0, 0)),
    ],
)  # fmt: skip
def test_list_marks(line, mark):
    assert list_mark(line) == mark


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("第三条 为了发展，制定本条例。", "第三条"), ("第十二条之一　附加内容。", "第十二条之一"), ("第 1 條", "第 1 條"), ("第 3-1 條 申請人應備文件。", "第 3-1 條"),
        ("第二十條之一　前條規定，準用之。", "第二十條之一"), ("**第五条** 本市建立制度。", "第五条"), ("第12条 违反规定的，处罚款。", "第12条"),
    ],
)  # fmt: skip
def test_articles_in_both_scripts(line, label):
    (block,) = split_blocks(line)
    assert block.kind == "article" and own_label(line, block) == label


@pytest.mark.parametrize(
    "line", ["第三条规定的条件，适用于本市。", "第一条、第二条所列事项，由市政府公布。", "第三条第二款所称机架。"]
)
def test_a_line_that_speaks_of_an_article_begins_none(line):
    assert [block.kind for block in split_blocks(line)] == ["paragraph"]


def test_traditional_parts_and_articles_give_the_path():
    text = "第一章 總則\n第 1 條\n本辦法依法訂定之。\n第 二 章 補助\n第 2 條\n補助對象如下：\n一、公司。\n二、合夥。\n前項補助，以一次為限。"
    found = paths(text)
    assert found["本辦法依法訂"][1] == ("第一章 總則", "第 1 條")
    assert found["二、合夥。"] == ("item", ("第 二 章 補助", "第 2 條"))
    assert found["前項補助，以"][1] == ("第 二 章 補助", "第 2 條")


def test_an_annex_ends_the_last_article_and_a_box_ends_with_its_section():
    text = "第九条 自公布之日起施行。\n附件1\n示范项目名单\n一、智算中心\n东区项目。\n（一）一期工程\n建成。\n专栏2 算力工程\n建设枢纽。\n（二）二期工程\n在建。"
    found = paths(text)
    assert found["示范项目名单"][1] == ("附件1",)
    assert found["建设枢纽。"][1] == ("附件1", "一、智算中心", "（一）一期工程", "专栏2 算力工程")
    assert found["在建。"][1] == ("附件1", "一、智算中心", "（二）二期工程")
    assert paths("附件：1. 申报书。2. 推荐表。")["附件：1. "][0] == "paragraph"
    assert paths("第二十条 施行。\n附件 审计指引\n一、根据法律制定，内容如下。")["一、根据法律"][1] == (
        "附件 审计指引",
    )
    assert (
        paths("第二十条 施行。\n审计指引\n一、根据法律制定，内容如下。")["一、根据法律"][1] == ()
    )  # nothing leads to 一、


def test_short_items_of_a_list_are_no_headings_but_numbered_sections_are():
    found = paths("第三条 有下列情形之一的：\n（一）东区\n（二）西区\n前款机架，包括在建机架。")
    assert found["（一）东区"] == found["（二）西区"] == ("item", ("第三条",))
    assert found["前款机架，包"][1] == ("第三条",)
    found = paths("主要任务包括：\n（一）建设算力\n到2027年建成10座。\n（二）推动降本。\n降低用电成本。")
    assert found["到2027年"][1] == ("（一）建设算力",) and found["降低用电成本"][1] == ("（二）推动降本",)


def test_a_later_numbered_paragraph_is_not_under_the_one_before():
    text = "一、制定预案。预案应当全面，包括备份。\n二、应急响应的审计，应当重点审查下列事项，并形成报告：\n（一）是否及时。"
    assert paths(text)["（一）是否及"][1] == ()


def test_structure_is_found_in_text_without_line_ends():
    text = "某市方案。一、总体要求 坚持以创新为引领推动算力发展。二、主要任务（一）建设算力。到2027年建成10座。（二）培育企业。支持发展。第三条　附则内容。"
    blocks = split_blocks(text)
    starts = [text[b.start : b.end][:6] for b in blocks if b.kind != "paragraph"]
    assert starts == ["一、总体要求", "二、主要任务", "（一）建设算", "（二）培育企", "第三条　附则"]
    assert next(b for b in blocks if "培育" in text[b.start : b.end]).headings == ("二、主要任务",)
    inline = "应当符合下列条件：（一）有场地；（二）有人员。"
    assert [inline[b.start : b.end][:3] for b in split_blocks(inline)] == ["应当符", "（一）", "（二）"]


def test_a_number_written_with_blanks_is_not_parted_from_its_unit():
    for line in (
        "一、计划到 2025 年建成智能算力中心十座以上，带动产业发展。",
        "二、支持 3 家以上单位联合申报本专项，形成示范带动效应。",
    ):
        assert [line[b.start : b.end] for b in split_blocks(line)] == [line]
