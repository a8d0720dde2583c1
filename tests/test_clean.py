"""Cleaning: odd characters, page frames, and that no figure of a text's body is ever lost."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.clean import clean
from ingest.text.repair import repair

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
BODY = "到2025年，机架规模超30万个，利用率约65%。\n2025年10月10日"


@pytest.mark.parametrize(
    ("found", "cleaned"),
    [
        ("一\r\n二\r三\r\r\n四\u2028五\f六", "一\n二\n三\n四\n五\n六"),
        ("\ufeff数\u200b据\u00ad中\u2060心\x07", "数据中心"),
        ("第一章\u3000总\u00a0则", "第一章 总 则"),
        ("\u3000\u3000第一条 甲。  \n \u00a0\u3000第二条 乙。\t", "第一条 甲。\n第二条 乙。"),
        ("    贵州省\n\t“东数西算”", "贵州省\n“东数西算”"),
        ("甲\n\n\n\n \n乙\n\n", "甲\n\n乙"),
        ("- 甲\n  - 乙\n    code", "- 甲\n  - 乙\n    code"),
        ("前<!-- INFO END -->后<!-- a\nb -->。<!-- 未闭合", "前后。<!-- 未闭合"),
        ("甲。\n![]()\n![](a.png)\n![图片](b_(1).png)\n乙。", "甲。\n\n乙。"),
        ("![图1 各省机架数30万个](a.png)", "图1 各省机架数30万个"),
        ("⼈⼯智能⾏动⻓效⺠生", "人工智能行动长效民生"),
        ("全角：，（）％ ２０２５ ①㎡ﬁ", "全角：，（）％ ２０２５ ①㎡ﬁ"),  # no NFKC
        ("", ""),
    ],
)
def test_characters_and_lines(found: str, cleaned: str) -> None:
    assert clean(found) == cleaned


@pytest.mark.parametrize("sign", ["特别声明：", "特别声明:"])
def test_platform_disclaimer_goes_but_not_a_sentence_about_one(sign: str) -> None:
    notice = "Notice: The content above (including the pictures) is uploaded and posted by a user."
    page = f"{BODY}\n{sign}以上内容(如有图片或视频亦包括在内)为自媒体平台“某某号”用户上传并发布。\n{notice}"
    assert clean(page) == BODY
    kept = "平台应当特别声明以上内容由用户上传。"
    assert clean(kept) == kept


def test_menu_breadcrumb_and_footer_of_a_page_whose_lines_were_joined() -> None:
    head = (
        "某省算力发展办法_某省互联网信息办公室 设为首页 加入收藏 手机版 繁体 搜索 首 页 要闻动态 政务公开 "
        "当前位置： 首页 > 正文 "
        "某省算力发展办法 2025年3月14日 17:00 来源： 某省网信网 【打印】 【纠错】 "
    )
    body = (
        "第一条 为了发展算力，制定本办法。 第二条 机架总数不少于30万个。 第三条 本办法由某部门负责解释。 "
        + "第四条 各有关单位应当按照职责分工做好相关工作，" * 20
        + "平均利用率达到65%。 第五条 本办法自2025年6月1日起施行。 "
    )
    foot = (
        "关闭 某省互联网信息办公室 © 版权所有 联系我们 承办：某中心 京ICP备14042428号 京公网安备11040102700108号 "
        "◆ 微信 ◆ 返回顶部 PC版 "
        "Produced By CMS publishdate:2025/03/14 17:05:55"
    )
    lines = clean(head + body + foot).split("\n")
    assert lines[0] == "某省算力发展办法"
    assert lines[1] == "2025年3月14日 17:00 来源： 某省网信网"
    assert [line.split(" ")[0] for line in lines[2:]] == ["第一条", "第二条", "第三条", "第四条", "第五条"]
    assert lines[-1] == "第五条 本办法自2025年6月1日起施行。"


def test_breadcrumb_with_one_word_a_line_and_button_lines() -> None:
    page = (
        "关于开展工作的通知\n首页\n>\n机关司局\n>\n文件发布\n发文机关：\n某部办公厅\n各省主管部门：\n"
        "现将有关事项通知如下。\n责任编辑：王某\n扫一扫在手机打开当前页\n【返回顶部】\n【关闭窗口】\n【打印本页】"
    )
    assert clean(page) == "关于开展工作的通知\n发文机关：\n某部办公厅\n各省主管部门：\n现将有关事项通知如下。"


def test_export_header_lines_and_related_links_go() -> None:
    page = f"    【法宝引证码】 CLI.11.4619854\r\n原文链接：https://example.org/lar/b92.html\r\n办法\r\n{BODY}"
    assert clean(page) == f"办法\n{BODY}"
    tail = "\n相关新闻\n某地机架数突破20万个\n某省召开会议"
    assert clean("正文很长。\n" * 20 + BODY + tail) == clean("正文很长。\n" * 20 + BODY)
    # A section of the text with that name, and prose under it, is no list of links.
    section = "\n相关文章\n这一节有完整的句子，利用率为35%。"
    assert clean(BODY + section).endswith("利用率为35%。")


@pytest.mark.parametrize(
    "text",
    [
        "首页设计要求\n\n关闭35座落后机房。\n微信用户数达13亿。",
        "下载 打印 分享是文档系统的功能。",
        "一、总体目标\n打印、复印设备国产化率达到50%。",
        "附件：\n1.\n申报指南\n某部办公厅\n2025年11月5日",
    ],
)
def test_words_of_a_frame_in_a_text_are_no_frame(text: str) -> None:
    assert clean(text) == text


def test_no_number_of_the_body_is_lost_in_the_corpus(corpus_dir: Path) -> None:
    frame = re.compile(
        r"ICP备\d+号|公网安备\d+号|publishdate:\S+ \S+|【法宝引证码】.*|原文链接：\S+"
        r"|\S+_中央网络安全和信息化委员会办公室"
    )
    files = [path for path in sorted(corpus_dir.iterdir()) if path.suffix in {".txt", ".md"}]
    assert len(files) >= 25
    for path in files:
        text = repair(path.read_bytes().decode())[0]
        cleaned = clean(text)
        lost = Counter(NUMBER.findall(frame.sub("", text))) - Counter(NUMBER.findall(cleaned))
        # A title stands two or three times on a page, and once in the cleaned text.
        assert all(number in cleaned for number in lost), (path.name, lost)
        assert sum(lost.values()) <= 2, (path.name, lost)
        assert clean(cleaned) == cleaned


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("首页打印关闭>微信 \u3000\n\r\t。，65%《》_-|![](图)#<—>\u200b承办：")
        | st.characters(),
        max_size=120,
    )
)
def test_cleaning_twice_changes_nothing_more_and_keeps_numbers(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\r" not in once and "\u200b" not in once and once == once.strip("\n")
