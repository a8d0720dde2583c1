"""What introduces list items and table rows."""

from ingest.text.blocks import split_blocks
from ingest.text.lists import MAX_LEAD, find_leads, shortened


def labels(text):
    """{first characters of each block: labels of what introduces it}"""
    blocks = split_blocks(text)
    return {text[b.start : b.end][:5]: tuple(lead.label for lead in leads) for b, leads in zip(blocks, find_leads(text, blocks), strict=True)}  # fmt: skip


def test_items_carry_their_introduction_and_nested_ones_both():
    text = "第三条 应当制定规则。申请人有下列情形之一的：\n（一）资料不全，包括：\n1.缺身份证明；\n2.缺场地证明；\n（二）逾期申报。\n前款期限自受理之日起算。\n第四条 施行。"
    found = labels(text)
    assert found["（一）资料"] == found["（二）逾期"] == ("申请人有下列情形之一的",)
    assert found["2.缺场地"] == ("申请人有下列情形之一的", "（一）资料不全，包括")
    assert found["前款期限自"] == found["第四条 施"] == found["第三条 应"] == ()


def test_a_list_goes_on_after_a_paragraph_but_not_over_a_new_count():
    found = labels("任务如下：\n（一）建设算力。\n到2027年建成。\n（二）培育企业。\n保障措施。\n（一）加强领导；")
    assert found["（二）培育"] == ("任务如下",) and found["（一）加强"] == ()
    assert labels("具备以下条件。\n1.有场地；")["1.有场地"] == ("具备以下条件。",)
    assert labels("推动产业发展。\n1.有场地；")["1.有场地"] == ()


def test_rows_carry_caption_and_header_and_two_tables_are_told_apart():
    text = "表1 机架规模\n| 地区 | 机架 |\n| --- | --- |\n| 贵阳 | 12万个 |\n| 企业 | 家数 | 年份 |\n| --- | --- | --- |\n| 甲 | 3 | 2025 |\n\n| 乙 | 丙 |\n| 丁 | 戊 |"
    found = labels(text)
    assert found["| 地区 "] == ("表1 机架规模",) and found["| 贵阳 "] == ("表1 机架规模", "地区 | 机架")
    assert found["| 企业 "] == () and found["| 甲 |"] == ("企业 | 家数 | 年份",) and found["| 丁 |"] == ("乙 | 丙",)
    assert labels("| --- | --- |\n| a | b |") == {"| ---": (), "| a |": ()}


def test_a_table_over_two_pages_keeps_its_header_and_a_dash_is_a_value():
    text = "| 地区 | 机架 |\n| 贵阳 | - |\n\n| 遵义 | 3 |"
    blocks = split_blocks(text, ((0, 1), (text.index("| 遵义"), 2)))
    leads = find_leads(text, blocks)
    assert [lead.label for lead in leads[-1]] == ["地区 | 机架"] and len(leads[1]) == 1


def test_long_introductions_are_shortened():
    found = labels("各地" + "有关部门" * 40 + "应当做到：\n（一）公开；")
    assert len(found["（一）公开"][0]) == MAX_LEAD and found["（一）公开"][0].endswith("…")
    assert shortened(" 一\n二 ", 10) == "一 二"
