"""Facts that a text's own first lines state: title, dates, source, 文号. Raw strings, judged later.

`date` is the document's own (成文日期：), `published` that of the page which shows it (发布时间：, a date under the title).
"""

import re
from typing import Any

_URL_LINE = re.compile(r"https?://\S+")
_ORIGINAL = re.compile(r"(?m)^[ \t]*(?:原文链接|原文地址|本文链接|网页链接|链接地址)[:：][ \t]*(https?://\S+)")
_DATE_LINE = re.compile(r"(?:19|20)\d{2}[-/年.]\d{1,2}[-/月.]\d{1,2}日?(?: \d{1,2}:\d{2}(?::\d{2})?)?")
_LABELS = {
    "发文机关": "issuer", "发文单位": "issuer", "制定机关": "issuer", "成文日期": "date", "发文日期": "date",
    "发布日期": "published", "发布时间": "published", "公布日期": "published", "时间": "published",
    "来源": "source", "信息来源": "source", "稿源": "source",
    "发布机构": "publisher", "发文字号": "doc_number", "文号": "doc_number", "标题": "title", "作者": "author",
    "施行日期": "effective", "实施日期": "effective", "生效日期": "effective", "失效日期": "repealed", "废止日期": "repealed",
    "时效性": "validity", "有效性": "validity", "效力级别": "doc_type", "效力位阶": "doc_type", "索引号": "index_number",
}  # fmt: skip
_LABEL = re.compile(
    rf"(?m)(?:^|(?<=[ \t|]))(?P<label>{'|'.join(' *'.join(label) for label in _LABELS)})[ \t]*[:：][ \t]*\n?[ \t]*"
    r"(?P<value>[^\s|:：][^\n|:：]{0,80}?(?::\d{2}){0,2})(?=[ \t]{2}|[ \t]+[^\s\d:：]{2,5}[:：]|[ \t]*\||[ \t]*$)"
)
_LONE_LABEL = re.compile(
    rf"[ \t]*(?:{'|'.join(' *'.join(label) for label in (*_LABELS, '分类', '主题词', '关键词'))})[ \t]*[:：][ \t]*"
)
_DOC_NUMBER = re.compile(
    r"[\u4e00-\u9fff]{1,14}[〔\[［（(【](?:19|20)\d{2}[〕\]］）)】][ \t]*第?[ \t]*\d{1,5}[ \t]*号"
    r"|(?:令|公告)[ \t]*[（(]?第[ \t]*[\d一二三四五六七八九十百零〇]{1,6}[ \t]*号"
)
_DATED = re.compile(
    r"(?m)^(?P<date>(?:19|20)\d{2}(?:-\d{1,2}-\d{1,2}|年\d{1,2}月\d{1,2}日))(?: \d{1,2}:\d{2}(?::\d{2})?)?(?= |$)"
)
_KIND = (
    r"(?:通知|规划|纲要|方案|计划|意见|办法|条例|规定|规则|细则|决定|决议|报告|公告|通告|通报|公报|倡议|指引|指南|要点|措施|章程|宪法|法|令|批复|函|"
    r"标准|目录|清单|白皮书|蓝皮书|答记者问|解读|讲话|说明|規定|辦法|條例|計畫|規劃)"
)
_ENDS_TITLE = re.compile(_KIND + r"(?:[（(][^（()）]{1,40}[）)])?[》」]?$")
_NO_TITLE = re.compile(
    r"[。；！？]|[，,].*[，,]|(?:日期|时间|机关|字号|文号|来源)[:：]|^全文(?:有效|失效|废止)|^[（(]|^第[一二三四五六七八九十百零\d]{1,5}[章节条]|^[-*+|>]|^\d+[.、]|[:：]$"
    r"|^[一二三四五六七八九十]+、"
)
_LINK = re.compile(r"^\[([^\]]+)\]\([^)]*\)[.。]?$")
_HEAD_CHARS = 2_000
_MAX_TITLE = 90


def split_header(text: str) -> tuple[dict[str, Any], str]:
    """Return (facts from the head of a cleaned text, the text with a tidier head).

    Tidier: a bare address line and the date under it are gone, a title is not repeated before the first sentence,
    and a label such as 发文机关： stands on one line with its value.

    Facts are strings under "title", "date", "published", "issuer", "publisher", "source", "url", "doc_number",
    "effective", "repealed", "validity", "doc_type", "author"; "doc_numbers" lists every 文号 in the head in order. What is not stated is absent.
    """
    facts, below, text = _address_lines(text)
    head = text[:_HEAD_CHARS]
    for found in _LABEL.finditer(head):
        facts.setdefault(_LABELS[found["label"].replace(" ", "")], found["value"].strip())
    dated = _DATED.search(head[:600])
    if below or dated:
        facts.setdefault("published", below or (dated["date"] if dated else ""))
    numbers = list(dict.fromkeys(re.sub(r"[ \t]", "", found) for found in _DOC_NUMBER.findall(head[:1500])))
    if numbers:
        facts["doc_numbers"] = numbers
        own_line = re.search(rf"(?m)^[（(]?({_DOC_NUMBER.pattern})[）)]?$", head[:800])
        if own_line:
            facts.setdefault("doc_number", re.sub(r"[ \t]", "", own_line.group(1)))
    title = title_of(text)
    if title:
        facts.setdefault("title", title)
    return facts, _tidy_head(text, title)


def find_address(text: str) -> str:
    """Return the address that a text as found states (原文链接：, or a line of its own near the top), "" if none."""
    original = _ORIGINAL.search(text[:_HEAD_CHARS])
    if original:
        return original.group(1)
    lines = (line.strip() for line in text[:_HEAD_CHARS].split("\n", 6)[:6])
    return next((line for line in lines if _URL_LINE.fullmatch(line)), "")


def title_of(text: str) -> str:
    """Return the title that a text begins with, "" where it starts with running text.

    A title broken over up to three lines is joined, where a later line ends in the name of a kind of document.
    """
    lines = [line.strip() for line in text[:_HEAD_CHARS].split("\n") if line.strip()][:3]
    if not lines:
        return ""
    first = _plain(lines[0])
    if not first or len(first) > _MAX_TITLE or _NO_TITLE.search(first):
        return ""
    if lines[0].startswith("#") or _ENDS_TITLE.search(first):
        return first
    joined = first
    for line in lines[1:]:
        part = _plain(line)
        if not part or len(joined + part) > _MAX_TITLE or _NO_TITLE.search(part) or line.startswith("#"):
            break
        joined += part
        if _ENDS_TITLE.search(part):
            return joined
    spoken = re.match(rf"(.{{2,40}}{_KIND})——", first)  # 政府工作报告——2024年3月5日在…
    return spoken.group(1) if spoken else first


def _plain(line: str) -> str:
    line = line.lstrip("# ").strip("* ")
    link = _LINK.match(line)
    return (link.group(1) if link else line).strip()


def _tidy_head(text: str, title: str) -> str:
    """Drop repeated titles and join labels to values, up to the first line that is a sentence."""
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines) and at < 60 and not re.search(r"[。；]", lines[at]):
        line = lines[at]
        following = lines[at + 1].strip() if at + 1 < len(lines) else ""
        at += 1
        is_value = 0 < len(following) <= _MAX_TITLE and not following.endswith(("：", ":", "。"))
        if is_value and _LONE_LABEL.fullmatch(line):
            if following == title:
                at += 1
                continue
            line, at = line + following, at + 1
        if title and _plain(line) == title and any(_plain(other) == title for other in kept):
            continue
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept + lines[at:]))


def _address_lines(text: str) -> tuple[dict[str, Any], str, str]:
    """Return (the address that stands alone near the top, the date on the line below it, the text without both)."""
    lines = text.split("\n")
    for at, line in enumerate(lines[:5]):
        if not _URL_LINE.fullmatch(line.strip()):
            continue
        below = ""
        end = at + 1
        if end < len(lines) and _DATE_LINE.fullmatch(lines[end].strip()):
            below = lines[end].strip()
            end += 1
        while end < len(lines) and at and not lines[at - 1].strip() and not lines[end].strip():
            end += 1  # one blank line is enough
        return {"url": line.strip()}, below, "\n".join(lines[:at] + lines[end:]).strip("\n")
    return {}, "", text
