"""Whether a text is the whole document that its title names: signs of a cut end, and of somebody's digest. Pure."""

import re

from ingest.text.repair import to_simplified

_ARTICLE = re.compile(r"(?m)^[ \t　#>*]*第([一二三四五六七八九十百零〇\d]{1,6})条(?=[ \t　\n]|[一-龥（(《“])")
_CHAPTER = re.compile(r"(?m)^[ \t　#>*●•·]*第([一二三四五六七八九十百零〇\d]{1,5})([章篇编])")
_LAST_CLAUSE = re.compile(r"施行|实施|执行|生效|试行|废止|有效期|解释|附则|补充规定")
_IN_FORCE = re.compile(r"日起\s*(?:施行|实施|执行|生效)")  # the notice in front says it
_CONTENTS = re.compile(r"(?m)^[ \t　#]*目\s*[录次][ \t　]*$")
# Ends in the middle of a clause, not merely without its full stop.
_BROKEN_END = re.compile(
    r"(?:[，、：；,—（(《“‘「\[]|(?:的|和|与|及|以及|或者?|并且?|将|对于?|为了|在|由于?|从|向|把|被|其中|包括|不|第|按照|根据))$"
)
_NOT_PROSE = re.compile(r"^[|#>*\-+●•]|^附\s*[件表图]|联系|电话|附件|https?://|[:：]\s*$")
_UNFINISHED = re.compile(
    r"(?:未完待续|点击阅读全文|点击展开全文|展开全文|阅读全文|阅读原文|剩余\s*\d+\s*[%％])[）)】\]》>… 。]*$"
)
_ITEM = re.compile(r"^\s*(?:[-*+>●•▪◦]|\d{1,2}[.)]\s)")
_STRUCTURE = re.compile(
    r"^\s*(?:#+\s*)?(?:第[一二三四五六七八九十百零\d]{1,5}[章篇节条]|[一二三四五六七八九十]{1,3}[、．.]|[（(][一二三四五六七八九十]{1,3}[)）])"
)
_OFFICIAL = re.compile(r"(?:通知|意见|规划|纲要|方案|计划|条例|办法|规定|决定|公告|措施|细则|法)(?:$|[（(\d])")
_SALUTATION = re.compile(r"(?m)^[^\n。]{2,200}[：:][ \t　]*$")
_MIN_ARTICLES = 5


def looks_truncated(text: str) -> str:
    """Return why a text seems to break off ("" if it does not): one line for people, in Chinese.

    A law without its last clause (施行, 附则), a contents list with chapters that do not follow, a last line that stops
    inside a clause or asks to read on elsewhere. A missing full stop alone says nothing.
    """
    plain = to_simplified(text)
    lines = [line.strip() for line in plain.split("\n") if line.strip()]
    if not lines:
        return ""
    if _UNFINISHED.search(lines[-1]):
        return "末行提示还有未展开的内容"
    articles = list(_ARTICLE.finditer(plain))
    if len(articles) >= _MIN_ARTICLES and not (
        _LAST_CLAUSE.search(plain[articles[-3].start() :]) or _IN_FORCE.search(plain[: articles[0].start()])
    ):
        return f"条文止于第{articles[-1][1]}条，没有施行条款或附则"
    if missing := _missing_chapter(plain):
        return f"目录列有{missing}，正文没有"
    last = lines[-1]
    if len(last) >= 12 and not _NOT_PROSE.search(last) and _BROKEN_END.search(last):
        return f"末句没有写完：…{last[-12:]}"
    return ""


def _missing_chapter(text: str) -> str:
    """The last chapter of a contents list where nothing of that name follows the list, else ""."""
    contents = _CONTENTS.search(text[:6000])
    if not contents:
        return ""
    chapters = [f"第{match[1]}{match[2]}" for match in _CHAPTER.finditer(text, contents.end())]
    if not chapters:
        return ""
    again = chapters.index(chapters[0], 1) if chapters.count(chapters[0]) > 1 else 0
    listed, following = chapters[:again], set(chapters[again:])
    return listed[-1] if len(listed) >= 2 and listed[-1] not in following else ""


def looks_like_digest(text: str, title: str) -> bool:
    """Tell whether a text that goes by an official title is somebody's notes on it, not the document.

    Such notes are nested bullets, many in bold, with neither a salutation nor the parts of an official text (第一条, 一、, （一）).
    An outline of chapter titles is something else.
    """
    name = re.sub(r"[（(][^（）()]*[)）]\s*$", "", to_simplified(title)).strip("》 。.")
    if not _OFFICIAL.search(name):
        return False
    plain = to_simplified(text)
    lines = [line for line in plain.split("\n") if line.strip()][1:]
    if len(lines) < 8:
        return False
    items = [line for line in lines if _ITEM.match(line)]
    structured = sum(bool(_STRUCTURE.match(line.lstrip(" \t　-*+>●•"))) for line in lines)
    nested = sum(line[:1] in " \t" for line in items)
    marked = sum("**" in line or line.lstrip().startswith(">") for line in lines)
    return (
        len(items) >= 0.6 * len(lines)
        and structured <= 0.05 * len(lines)
        and (nested >= 0.3 * len(items) or marked >= 0.1 * len(lines))
        and not _SALUTATION.search(plain[:600])
    )
