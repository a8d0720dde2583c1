"""Reading files: types, refusals, front matter, header facts, HTML articles, and what stays unimported."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ingest.errors import UnreadableFileError
from ingest.facts.read_text import split_header, title_of
from ingest.formats import read_html
from ingest.formats.dispatch import KINDS
from ingest.formats.frontmatter import split_front_matter
from ingest.formats.read_html import declared_charset, read_page
from ingest.read import MAX_BYTES, raw_sha256, read_documents, read_file

REPO = Path(__file__).resolve().parent.parent
ARTICLE = """<div class="article"><h1>某省算力发展实施办法</h1>
<p class="meta">发布时间：2025-03-14　来源：某省数据局</p>
<p class="meta">某数规〔2025〕3号</p>
<div id="zoom"><p>　　为推动算力发展，根据有关规定，<b>制定</b>本办法，请各地认真贯彻执行，确保取得实效。</p>
<h2>一、总体目标</h2>
<p>到2027年，全省机架规模超过30万个，数据中心平均利用率达到65%以上，形成布局合理的算力体系。</p>
<table><tr><th>地区</th><th>机架（万个）</th></tr><tr><td>贵阳</td><td>12.5</td></tr>
<tr><td>遵义</td><td>3</td></tr></table>
<p>各地应当建立健全工作机制，加强统筹协调，推动各项任务落地见效，重大事项及时报告。</p>
<p><a href="a.pdf">附件：任务分工表.pdf</a></p></div></div>"""
PAGE = f"""<!DOCTYPE html><html><head><meta charset="CHARSET"><title>某省算力发展实施办法_某省人民政府</title>
<meta name="ArticleTitle" content="某省算力发展实施办法"><meta name="PubDate" content="2025-03-14 17:00">
<meta name="ContentSource" content="某省数据局"><script>var a = "不要出现";</script>
<style>p{{}}</style></head>
<body><nav><a href="/">首页</a> <a href="/a">政务公开</a></nav>
<div class="menu"><ul><li><a href="/1">要闻动态</a></li><li><a href="/2">互动交流</a></li></ul></div>
<div class="crumbs">您当前的位置：<a href="/">首页</a> &gt; <a href="/z">政策</a></div>{ARTICLE}
<div class="related"><h3>相关新闻</h3>
<ul><li><a href="/x">某地机架突破20万个</a></li><li><a href="/y">某省召开会议</a></li></ul></div>
<div style="display:none">隐藏的内容，不应出现。</div>
<footer>版权所有 某省人民政府 京ICP备12345678号</footer></body></html>"""


@pytest.fixture
def save(tmp_path: Path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("表.xlsx", b"PK\x03\x04", "文件"),
        ("a.psd", b"8BPS", r"暂不支持 \.psd 文件"),
        ("通知.pdf", b"Rar!\x1a\x07\x00" + b"0" * 50, "RAR 压缩包"),
        ("空.txt", b"", "空的"),
        ("空.md", b"\xef\xbb\xbf \r\n\n", "空的"),
        ("图.txt", b"\x89PNG\r\n\x1a\n\x00", "图片"),
        ("网页.html", b"<html><body><script>x</script></body></html>", "没有正文"),
        ("只有图.md", b"![](a.png)\n", "没有正文"),
    ],
)
def test_refusals_say_what_and_what_to_do(save, name: str, content: bytes, named: str) -> None:
    with pytest.raises(UnreadableFileError, match=named) as caught:
        read_file(save(name, content))
    assert caught.value.hint
    if name == "a.psd":
        assert KINDS in caught.value.hint


def test_missing_folder_locked_and_oversized_files(save, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="无法读取"):
        read_file(tmp_path / "没有.txt")
    with pytest.raises(UnreadableFileError, match="无法读取"):
        raw_sha256(tmp_path / "没有.txt")
    with pytest.raises(UnreadableFileError, match="目录"):
        read_file(tmp_path)
    big = save("大.txt", "数据")
    os.truncate(big, MAX_BYTES + 1)
    with pytest.raises(UnreadableFileError, match="过大"):
        read_file(big)
    locked = save("锁.txt", "数据")
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # root reads everything
        with pytest.raises(UnreadableFileError, match="权限"):
            read_file(locked)
    assert raw_sha256(save("a.txt", "数据")) == hashlib.sha256("数据".encode()).hexdigest()


def test_text_without_suffix_and_in_gbk(save) -> None:
    raw = read_file(save("通知", "某市关于发展算力的通知\r\n\u3000\u3000机架30万个。".encode("gbk")))
    assert (raw.text, raw.title, raw.encoding) == (
        "某市关于发展算力的通知\n机架30万个。",
        "某市关于发展算力的通知",
        "gb18030",
    )
    assert read_file(save("网页", PAGE)).title == "某省算力发展实施办法"


def test_front_matter_wins_over_the_header(save) -> None:
    raw = read_file(
        save(
            "a.md",
            "---\ntitle: 甲：乙的办法\ndate: 2025-03-14\n地区: [贵州, 广东]\n来源: 某网\n---\n# 另一标题\n正文。",
        )
    )
    assert raw.title == "甲：乙的办法" and raw.text == "# 另一标题\n正文。"
    assert raw.meta == {"title": "甲：乙的办法", "date": "2025-03-14", "region": ["贵州", "广东"], "source": "某网"}


@pytest.mark.parametrize(
    ("text", "facts", "rest"),
    [
        ("---\ntitle: a: b: c\nn: 1\n---\n正文", {"title": "a: b: c", "n": "1"}, "正文"),  # broken YAML, plain lines
        ("---\n标题：甲\n---\n正文", {"标题": "甲"}, "正文"),
        ("---\r\na: 2025-02-30\r\n---\r\n正文", {"a": "2025-02-30"}, "正文"),
        ("---\n不是键值\n---\n正文", {}, "---\n不是键值\n---\n正文"),
        ("---\n- [a\nb: {\n---\n正文", {}, "---\n- [a\nb: {\n---\n正文"),
        ("正文\n---\na: 1\n---\n", {}, "正文\n---\na: 1\n---\n"),
        (
            "---\n!!python/object/apply:os.system ['x']\n---\nx",
            {},
            "---\n!!python/object/apply:os.system ['x']\n---\nx",
        ),
        (
            "# 原件\n\n- source_url: https://example.org/a\n- title: 通知\n- http_status: 200\n\n---\n\n正文",
            {"source_url": "https://example.org/a", "title": "通知", "http_status": "200"},
            "\n正文",
        ),
    ],
)
def test_split_front_matter(text: str, facts: dict, rest: str) -> None:
    assert split_front_matter(text) == (facts, rest)


def test_header_facts_and_tidy_head() -> None:
    facts, text = split_header(
        "关于征集案例的通知\nhttps://example.org/a.html\n2025-11-06\n\n关于征集案例的通知\n"
        "发文机关：\n某部办公厅\n标  题：\n关于征集案例的通知\n发文字号：\n某部函〔2025〕427号\n"
        "成文日期：\n2025-11-05\n发布时间：2025-11-06 14:48\n来源：科技司\n正文。"
    )
    assert facts["title"] == "关于征集案例的通知" and facts["url"] == "https://example.org/a.html"
    assert facts["issuer"] == "某部办公厅" and facts["source"] == "科技司"
    assert facts["doc_number"] == "某部函〔2025〕427号" and facts["doc_numbers"] == ["某部函〔2025〕427号"]
    assert facts["published"] == "2025-11-06 14:48"
    assert text.split("\n")[0] == "关于征集案例的通知" and text.count("关于征集案例的通知") == 1
    assert "发文机关：某部办公厅\n" in text and "https" not in text and text.endswith("来源：科技司\n正文。")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 某市数据条例\n\n正文。", "某市数据条例"),
        (
            "某省人工智能高质量发展\n\n行动方案（2025—2027年）\n\n正文。",
            "某省人工智能高质量发展行动方案（2025—2027年）",
        ),
        ("某办公厅关于印发\n“十四五”规划的通知\n某办发〔2022〕17号", "某办公厅关于印发“十四五”规划的通知"),
        ("政府工作报告——2024年3月5日在某会议上", "政府工作报告"),
        ("“十五五”规划按下了加速键,全国已有23个省市区出台政策,各地喊着口号。\n二", ""),
        ("第一条 为了发展", ""),
        ('[某规划的通知](http://example.org "x").\n+ 一', "某规划的通知"),
        ("", ""),
    ],
)
def test_title_of(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize(
    ("codec", "declared"), [("utf-8", "utf-8"), ("gbk", "gb2312"), ("gbk", "utf-8"), ("utf-8", "gb2312")]
)
def test_html_article(save, codec: str, declared: str) -> None:
    raw = read_file(save("a.html", PAGE.replace("CHARSET", declared).encode(codec)))
    assert raw.encoding == {"utf-8": "utf-8", "gbk": "gb18030"}[codec]
    assert raw.title == "某省算力发展实施办法"
    assert raw.meta["date"] == "2025-03-14 17:00" and raw.meta["source"] == "某省数据局"
    assert raw.meta["doc_number"] == "某数规〔2025〕3号"
    lines = raw.text.split("\n")
    assert lines[0] == "# 某省算力发展实施办法" and "某数规〔2025〕3号" in lines
    assert "为推动算力发展，根据有关规定，制定本办法，请各地认真贯彻执行，确保取得实效。" in lines
    assert "## 一、总体目标" in lines and lines[-1] == "附件：任务分工表.pdf"
    assert (
        lines.index("| 地区 | 机架（万个） |") + 1 == lines.index("| 贵阳 | 12.5 |") == lines.index("| 遵义 | 3 |") - 1
    )
    for gone in ("不要出现", "首页", "要闻动态", "相关新闻", "20万个", "隐藏", "版权", "ICP", "p{"):
        assert gone not in raw.text


def test_html_without_trafilatura_or_with_a_poor_guess_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without = read_page(PAGE)
    for taken in ("", "某地机架突破20万个某省召开会议"):
        monkeypatch.setattr(read_html, "_taken_by_trafilatura", lambda html, taken=taken: (taken, ()))
        assert "65%以上" in read_page(PAGE).text and "某数规〔2025〕3号" in read_page(PAGE).text
    # What it takes is found again in our own lines, and the line that it dropped inside the article stays.
    article = (
        "为推动算力发展，根据有关规定，制定本办法，请各地认真贯彻执行，确保取得实效。"
        "到2027年，全省机架规模超过30万个，数据中心平均利用率达到65%以上，形成布局合理的算力体系。"
    )
    monkeypatch.setattr(read_html, "_taken_by_trafilatura", lambda html: (article, ()))
    assert read_page(PAGE).text == without.text


def test_the_content_decides_where_the_name_lies(save) -> None:
    for name in ("办法.txt", "办法.pdf", "办法.doc", "办法"):
        assert read_file(save(name, PAGE)).title == "某省算力发展实施办法", name
    mht = (
        (
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        )
        + PAGE.replace("CHARSET", "gb2312").encode("gbk")
        + b"\r\n--x--\r\n"
    )
    assert read_file(save("旧.doc", mht)).title == "某省算力发展实施办法"


def test_an_archive_gives_its_documents_by_name(save) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("深/办法.md", "# 内层办法\n\n机架12万个。")
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("a.txt", "甲地机架30万个。")
        archive.writestr("包.zip", inner.getvalue())
        archive.writestr("表.csv", "标题,正文\n甲,机架1万个。" + "长" * 250 + "\n乙,机架2万个。" + "长" * 250 + "\n")
        archive.writestr("坏.pdf", b"%PDF-1.4 broken")
        archive.writestr("程序.exe", b"MZ")
    found = list(read_documents(save("包.zip", outer.getvalue())))
    assert [item.member for item in found] == [
        "a.txt",
        "包.zip#深/办法.md",
        "表.csv#1",
        "表.csv#2",
        "坏.pdf",
        "程序.exe",
    ]
    assert [type(item).__name__ for item in found] == ["RawText"] * 4 + ["Unread"] * 2
    assert "机架2万个" in found[3].text and found[1].title == "内层办法" and "暂不支持 .exe" in found[5].reason


def test_html_article_with_trafilatura_itself(save) -> None:
    try:
        import trafilatura  # noqa: F401
    except ImportError as error:
        pytest.skip(f"trafilatura cannot be imported: {error}")
    raw = read_file(save("a.html", PAGE.replace("CHARSET", "utf-8")))
    assert "html-without-trafilatura" not in raw.notes and "某数规〔2025〕3号" in raw.text


@pytest.mark.parametrize(
    "html",
    [
        "纯文字，没有标签。",
        "<p>未闭合<div>机架30万个。",
        "<?xml version='1.0' encoding='gb2312'?><html><body><p>机架30万个。</p></body></html>",
        "<table><tr><td><table><tr><td>机架30万个。</td></tr></table></td></tr></table>",
        "<ul><li>机架30万个</li><li>利用率65%</li></ul>",
        "<body>" + "<div>" * 200 + "机架30万个。" + "</div>" * 200,
    ],
)
def test_odd_html_keeps_its_text(html: str) -> None:
    assert "机架30万个" in read_page(html).text or "纯文字" in read_page(html).text


def test_declared_charset() -> None:
    assert declared_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312">') == "gb2312"
    assert declared_charset(b"<META CHARSET='Big5'>") == "Big5"
    assert declared_charset(b"<p>charset</p>") == ""


def test_official_page(corpus_dir: Path) -> None:
    raw = read_file(corpus_dir / "92_guangzhou_hk_macao_youth_measures_2023.html")
    assert raw.title == "广州市天河区深化支持港澳青年创新创业高质量发展实施办法"
    assert raw.meta["doc_number"] == "穗天科工信规字〔2023〕1号" and raw.meta["date"] == "2023-08-09 23:04"
    assert all(f"\n第{number}条 " in raw.text for number in "一二三四五六七八九十")
    assert raw.text.endswith("广州市天河区科技工业和信息化局办公室\n2023年8月9日印发")
    for gone in ("无障碍", "走进天河", "扫一扫", "粤ICP备", "浏览量", "穗好办", "function"):
        assert gone not in raw.text


def test_glossed_page_and_traditional_text(save, corpus_dir: Path) -> None:
    seed = read_file(corpus_dir / "000_seed_article_pinyin_corrupted.txt")
    assert seed.notes == ("pinyin-gloss", "traditional-to-simplified", "self-media-disclaimer")
    assert seed.text.endswith("才能在这场持久战中笑到最后。") and "![" not in seed.text and seed.title == ""
    traditional = "國家發展委員會補助辦法\n第一條 促進人工智慧應用。"
    raw = read_file(save("tw.txt", traditional))
    assert raw.text == traditional and raw.notes == ()  # citations quote the source's own characters


def test_capture_header_and_page_header_of_the_corpus(corpus_dir: Path) -> None:
    plan = read_file(corpus_dir / "44_logistics_fyp14_2022_17.txt")
    assert plan.text.startswith("国务院办公厅关于印发\n“十四五”现代物流发展规划的通知\n国办发〔2022〕17号\n")
    assert plan.meta["publisher"] == "国务院办公厅" and plan.meta["published"] == "2022-05-17"
    page = read_file(corpus_dir / "50_gov_llm_deployment_guideline_2025.txt")
    assert page.text.startswith(
        "政务领域人工智能大模型部署应用指引\n\n2025年10月10日 19:53 来源： 中国网信网\n为深入贯彻"
    )
    assert page.text.endswith("提升社会治理水平等方面的作用。") and "\n一、总体要求\n" in page.text
    assert page.meta["url"].startswith("https://www.cac.gov.cn/2025-10/10/")


def test_plain_text_imports_no_heavy_library(save) -> None:
    path = save("a.md", "# 某市数据条例\n\n第一条 利用率(约65%)。\n")
    code = (
        "import sys; from pathlib import Path; from ingest.read import read_file; read_file(Path(sys.argv[1]));"
        "heavy = 'opencc lxml trafilatura charset_normalizer yaml jieba numpy chromadb'.split();"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
