"""Cut ends and digests are seen, whole texts are not suspected."""

import pytest

from ingest.facts.wholeness import looks_like_digest, looks_truncated

ARTICLES = "\n".join(f"第{n}条 各地应当做好第{n}项工作。" for n in "一二三四五六")


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (ARTICLES, "止于第六条"), (f"目录\n第一章 总则\n第二章 建设\n第三章 附则\n第一章 总则\n{ARTICLES}\n第七条 本办法自公布之日起施行。\n第二章 建设", "第三章"),
        ("为了推进算力建设，各地应当加强统筹，重点支持东部和", "没有写完"), ("为了推进算力建设，各地应当加强统筹，重点支持以下三项：（一）", ""), ("各地应当加强统筹、优化布局、", "没有写完"),
        ("正文在此。\n点击阅读全文", "未展开"),
    ],
)  # fmt: skip
def test_a_cut_end_is_seen(text, sign):
    assert sign in looks_truncated(text)
    assert bool(sign) == bool(looks_truncated(text))


@pytest.mark.parametrize(
    "text",
    [
        f"{ARTICLES}\n第七条 本办法自2025年1月1日起施行。", f"现印发给你们，自2025年1月1日起施行。\n{ARTICLES}", f"{ARTICLES}\n第七条 本细则由甲局负责解释。",
        "为全面推进强国建设、民族复兴伟业不懈奋斗", "正文。\n附件：1. 清单", "正文。\n甲省人民政府\n2025年1月1日", "正文。\n| 年份 | 数值 |", "",
        f"目錄\n第一章 總則\n第二章 附則\n第一章 總則\n{ARTICLES}\n第二章 附則\n第七條 本辦法自發布日施行。",
    ],
)  # fmt: skip
def test_a_whole_text_is_not(text):
    assert looks_truncated(text) == ""


NOTES = "甲省关于印发算力规划的通知\n+ 基本原则\n\t1. 科技引领\n\t2. 系统布局\n+ 战略目标\n" + "\n".join(
    f"\t\t* 到**20{n}**年实现第{n}步" for n in range(20, 30)
)
OFFICIAL = "甲省关于印发算力规划的通知\n各市人民政府：\n现印发给你们。\n" + "\n".join(
    f"（{n}）加强第{n}项建设。坚持**统筹**。" for n in "一二三四五六七八九"
)


def test_notes_on_a_plan_are_a_digest():
    title = "甲省关于印发算力规划的通知(20170708)"
    assert looks_like_digest(NOTES, title)
    assert looks_like_digest(NOTES.replace("关", "關"), title)
    assert not looks_like_digest(NOTES, "我读算力规划的笔记")
    assert not looks_like_digest(OFFICIAL, title)
    assert not looks_like_digest(NOTES.replace("+ 基本原则", "各市人民政府："), title)
    assert not looks_like_digest(
        "算力规划纲要\n目录\n" + "\n".join(f"● 第{n}章 建设" for n in range(1, 30)), "算力规划纲要"
    )
    assert not looks_like_digest("", title)


@pytest.mark.corpus
def test_official_texts(corpus_dir):
    from ingest.read import read_file

    paths = [path for path in corpus_dir.iterdir() if path.suffix in {".txt", ".md", ".pdf", ".docx"}]
    read = {path.name[:3]: read_file(path) for path in paths}
    assert len(read) > 30
    assert [name for name, raw in read.items() if looks_truncated(raw.text)] == ["35_"]
    assert [name for name, raw in read.items() if looks_like_digest(raw.text, raw.title)] == ["46_"]
