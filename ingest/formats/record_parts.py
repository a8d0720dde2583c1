"""One record of many (a row of a table, an object of a JSON dump) as a Part: which field is the text, what the others are.

Fields are known by their names in Chinese (both scripts) and English, never by the file they come from. What is no
known fact stays in `meta` under its own name, and long prose beside the text follows it under a heading: no number of a
record is dropped.
"""

import datetime
import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ingest.facts.numerals import han_to_number
from ingest.types import Part, Unread

# Names of a fact, best first; compared without case, blanks, "_", "-" and the path before the last ".".
_NAMES = {
    "title": "标题 題名 题名 篇名 標題 title 文件标题 文件名称 政策标题 政策名称 法规名称 法規名稱 lawname doctitle headline policyname "
    "policytitle 名称 名稱 文件名 docname name",
    "url": "网址 網址 url link 链接 鏈接 连结 原文链接 原文地址 原文网址 sourceurl pageurl weburl docurl 法規網址 法规网址 lawurl href",
    "date": "成文日期 发文日期 發文日期 印发日期 issuedate issued 发布日期 發布日期 發佈日期 公布日期 发布时间 公布时间 date publicationdate "
    "publishdate publisheddate pubdate publishtime pubtime releasedate 日期 时间 最新異動日期 lawmodifieddate 修正日期",
    "effective": "施行日期 实施日期 實施日期 生效日期 施行时间 effectivedate effective laweffectivedate",
    "repealed": "废止日期 廢止日期 失效日期 repealed expirydate expiry",
    "issuer": "发文机关 發文機關 制定机关 制定機關 发布机关 颁布机关 公布机关 发文单位 发布单位 发布部门 颁布部门 制定单位 印发机关 "
    "issuingdepartment issuingauthority issuingagency issuer authority agency 机关 機關 department",
    "publisher": "发布机构 發布機構 publisher",
    "source": "来源 來源 信息来源 出处 稿源 source",
    "doc_number": "文号 文號 发文字号 發文字號 发文号 字号 documentnumber docnumber docno documentno",
    "author": "作者 author",
    "region": "地区 地區 区域 地域 省份 所属地区 region province",
    "validity": "时效性 時效性 效力状态 效力 有效性 validity timeliness",
}
_FACTS = {name: (key, rank) for key, names in _NAMES.items() for rank, name in enumerate(names.split())}
STRONG_TEXT = frozenset(
    "正文 正文内容 全文 内文 內文 fulltext body articletext maincontent 法规内容 法規內容 法规正文 lawtext".split()
)
TEXT = STRONG_TEXT | frozenset(
    "内容 內容 文本 content text html 条文 條文 条文内容 條文內容 articlecontent contenttext contenthtml pagecontent rawtext markdown".split()
)
# Others' words about the text; they are no part of it.
_ABOUT = frozenset(
    "摘要 简介 概要 提要 大意 内容提要 内容摘要 summary abstract description snippet keywords 关键词 标签 tags aisummary".split()
)
_VALID = frozenset("有效 现行有效 現行有效 失效 已失效 废止 已废止 廢止 已修改 部分失效 尚未生效 尚未施行".split())
_HAN = re.compile(r"[㐀-鿿]")
_TAG = re.compile(
    r"</?(?:p|div|br|table|tr|td|li|span|h[1-6]|section|article|body|html|strong|font)\b[^<>]{0,500}>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:nbsp|lt|gt|amp|quot|[lr][ds]quo|mdash|middot|#\d{2,6}|#x[0-9a-fA-F]{2,5});")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ROC = re.compile(
    r"^\s*(?:中華民國|中华民国|民國|民国)\s*(\d{1,3}|[一二三四五六七八九十百〇零]{1,6})\s*年\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*月"
    r"\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*日"
)
_ROC_COMPACT = re.compile(r"^\s*(1[0-4]\d)(\d{2})(\d{2})\s*$|^\s*(1[0-4]\d)[./-](\d{1,2})[./-](\d{1,2})\s*$")
_EPOCH = re.compile(r"^\s*(1\d{9})(?:\d{3})?(?:\.0*)?\s*$")
_BODY = re.compile(r"(?:人民政府|人大常委会|委员会|办公室|办公厅|[厅局部院署])$")
# The history of a law in Taiwan's dumps is wrapped at a fixed width with hanging indents.
_HISTORY, _WRAP = frozenset(("沿革內容", "沿革内容", "lawhistories")), re.compile(r"\n {1,4}+(?!中華民國|\d+\.)")
_MIN_PROSE = 30  # Han characters that make a field with a full stop prose


def record_part(
    fields: Mapping[str, str], member: str = "", body: str = "", encoding: str = "", chosen: str = ""
) -> Part | Unread:
    """Return the document of a record, or Unread where none of its fields holds text.

    `fields`: name or path with dots -> value, in the record's order. `body`: its text where that is already known (the
    articles of a law), `chosen`: the field that is known to hold it. Dates in the calendar of the Republic of China and Unix times become ISO dates; the value as it
    stood is kept under the field's own name.
    """
    own = {name: value for name, value in ((name, _sound(value).strip()) for name, value in fields.items()) if value}
    chosen = "" if body else chosen or text_field(own)
    notes: tuple[str, ...] = ("utf-8-replaced",) if encoding == "utf-8-replaced" else ()
    text = _sound(body) if body else plain_text(own.get(chosen, ""))
    if not text.strip():
        about = max((name for name in own if key_of(name) in _ABOUT), key=lambda name: len(own[name]), default="")
        if len(_HAN.findall(own.get(about, ""))) < _MIN_PROSE:
            return Unread(member, "没有正文：正文一栏是空的")
        chosen, text, notes = about, plain_text(own[about]), (*notes, "digest")
    meta: dict[str, Any] = {}
    taken = {name: key for key, name in _facts(own, chosen).items()}
    sections: list[str] = []
    for name, value in own.items():
        if name in taken:
            _state(meta, taken[name], name, value)
        elif name != chosen and _is_prose(name, value) and not _repeats(prose := plain_text(value), text):
            prose = _WRAP.sub("", prose) if key_of(name) in _HISTORY else prose
            sections.append(f"## {' '.join(name.rpartition('.')[2].split())}\n{prose.strip()}")
        elif name != chosen:
            meta[f"{name}（另）" if name in _NAMES else name] = value
    if "issuer" not in meta and "publisher" not in meta and _BODY.search(str(meta.get("source", ""))):
        meta["publisher"] = meta["source"]
    text = "\n\n".join((text.rstrip(), *sections)) if sections else text
    return Part(text, {key: value for key, value in meta.items() if value}, member, encoding, notes)


def _facts(own: Mapping[str, str], chosen: str) -> dict[str, str]:
    """Return {fact: name of the field that states it best}: by the order of its names, and the outermost field."""
    best: dict[str, tuple[int, str]] = {}
    for name, value in own.items():
        key, rank = _FACTS.get(key_of(name), ("", 0))
        if not key and value in _VALID:
            key, rank = "validity", 99
        if key and name != chosen and len(value) <= 2_000:
            best[key] = min(best.get(key, (10_000, "")), (rank + 100 * name.count("."), name))
    return {key: name for key, (_, name) in best.items()}


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """Return a field's name in the form in which names are compared."""
    return re.sub(r"[\s_\-:：*]", "", name.rpartition(".")[2]).lower()


def is_title(name: str) -> bool:
    """Tell whether a field of this name holds a title."""
    return _FACTS.get(key_of(name), ("", 0))[0] == "title"


def is_known(name: str) -> bool:
    """Tell whether a field of this name is a document's text, a fact of it, or others' words about it."""
    key = key_of(name)
    return key in _FACTS or key in TEXT or key in _ABOUT


def text_field(fields: Mapping[str, str]) -> str:
    """Return the name of the field that holds the text, "" if none does: the longest by name, else long prose."""
    named = [name for name in fields if key_of(name) in TEXT]
    best = max(named, key=lambda name: len(fields[name]), default="")
    if best and fields[best]:
        return best
    others = [name for name in fields if not is_known(name)]
    longest = max(others, key=lambda name: len(fields[name]), default="")
    value = fields.get(longest, "")
    return longest if len(_HAN.findall(value)) >= 200 or value.count(" ") >= 100 else ""


def plain_text(value: str) -> str:
    """Return a field's text: the lines of HTML where it is that, entities resolved, line ends as LF."""
    if len(_TAG.findall(value[:200_000])) >= 2:
        value = _html_lines(value)
    elif _ENTITY.search(value):
        value = html.unescape(value)
    return _sound(value.replace("\r\n", "\n").replace("\r", "\n"))


def _html_lines(value: str) -> str:
    """A whole page is searched for its article; a fragment is the article, and every line of it is kept."""
    if re.search(r"<(?:html|body)\b", value[:5_000], re.IGNORECASE):
        from ingest.formats.read_html import read_page

        return read_page(value).text or value
    from lxml import etree
    from lxml import html as lxml_html

    from ingest.formats.html_lines import visible_lines

    bare = html.unescape(re.sub(r"<[^<>]*>", "\n", value))
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = lxml_html.document_fromstring(f"<div>{value}</div>".encode("utf-8", "replace"), parser=parser)
        text = "\n".join(line.text for line in visible_lines(root))
    except (etree.LxmlError, RecursionError, ValueError):
        return bare
    # The parser gives up on deep nesting without a word.
    return text if 2 * len(_HAN.findall(text)) >= len(_HAN.findall(bare)) else bare


def _sound(text: str) -> str:
    """Replace what no file can hold: half of a surrogate pair, as an escape in JSON may give."""
    return _SURROGATE.sub("\ufffd", text)


def _is_prose(name: str, value: str) -> bool:
    return (
        key_of(name) not in _ABOUT and bool(re.search("[。；！？]", value)) and len(_HAN.findall(value)) >= _MIN_PROSE
    )


def _repeats(value: str, text: str) -> bool:
    """Tell whether most sentences of a second text field (the same as HTML, say) stand in the text already."""
    pieces = [piece.strip() for piece in re.split(r"[。；\n]", value[:20_000]) if piece.strip()][:60]
    return 10 * sum(1 for piece in pieces if piece in text) >= 7 * len(pieces)


def _state(meta: dict[str, Any], key: str, name: str, value: str) -> None:
    """Put a fact into `meta`, a date in its ISO form where that is certain."""
    value = " ".join(value.split())
    stated = iso_date(value) if key in {"date", "effective", "repealed"} else value
    if stated != value:
        meta[f"{name}（原文）" if name in _NAMES else name] = value
    meta[key] = stated


def iso_date(value: str) -> str:
    """Return 民國110年9月19日, 1100919, 110/09/19 and Unix times as ISO dates; anything else, and 9999年, as it is or "".

    Seven digits are a date of the Republic of China only as 100 to 149, month, day; two-digit years are left alone.
    """
    if value.startswith("9999"):
        return ""  # "not yet settled" in the law dumps of Taiwan
    if match := _ROC.match(value):
        return _roc(*match.groups()) or value
    if match := _ROC_COMPACT.match(value):
        return _roc(*[group for group in match.groups() if group]) or value
    if match := _EPOCH.match(value):
        moment = datetime.datetime.fromtimestamp(int(match[1]), datetime.timezone(datetime.timedelta(hours=8)))
        return moment.date().isoformat()
    return value


def _roc(year: str, month: str, day: str) -> str:
    numbers = [int(text) if text.isascii() else int(han_to_number(text) or 0) for text in (year, month, day)]
    try:
        return datetime.date(1911 + numbers[0], numbers[1], numbers[2]).isoformat()
    except ValueError:
        return ""
