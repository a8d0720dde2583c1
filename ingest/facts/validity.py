"""What an official text says of its own force, and of what it repeals or amends. Simplified text, arabic dates. Pure.

Only what is stated is returned: silence about repeal is no proof of force.
"""

import re
from collections.abc import Iterator
from itertools import islice

from ingest.facts.dates import DAY, iso, shifted
from ingest.facts.doc_number import NUMBERED
from ingest.facts.numerals import han_to_number

_RUNS = r"(?:正式)?(?:施行|实施|执行|生效|试行|实行)"
_FROM_DAY = re.compile(rf"(?:自|从|于)?\s*({DAY})\s*(?:起\s*{_RUNS}|{_RUNS})(?!的|以来|前|后)")
_FROM_ISSUE = re.compile(
    r"自?(?:公布|发布|印发|颁布|签发|下发|发文|颁发)(?:之)?日(?:起)?\s*(?:(?P<days>\d{1,3}|[一二三四五六七八九十百]{1,4})\s*(?P<unit>日|天|个月)[之以]?后)?\s*(?:起)?\s*"
    + _RUNS
)
_THIS = re.compile(r"本[一-龥]{1,10}[，,]?$")
_ENCLOSED = re.compile(r"《([^《》]+)》")
_SPAN_IN_YEARS = re.compile(
    r"(?:有效期|试行期|施行期|执行期|实施期|暂行期|试行期限)(?:限|间)?(?:为|是|暂定(?:为)?)?\s*(?P<count>\d{1,2}|[一二两三四五六七八九十]{1,2})\s*(?P<unit>年|个月)"
)
_UNTIL = re.compile(
    rf"(?:有效期|试行期|施行期|执行期|实施期)(?:限|间)?[^。；，\n]{{0,4}}?(?:至|到|截至|截止到?|延长至|延续至)\s*({DAY})"
    rf"|(?:有效期|试行期)(?:限)?(?:为|是)?\s*自?\s*{DAY}\s*(?:起)?\s*(?:至|到|—|-)\s*({DAY})"
    rf"|{_RUNS}\s*[，,]?\s*(?:至|到)\s*({DAY})|起\s*(?:至|到)\s*({DAY})\s*(?:止)?\s*{_RUNS}?"
)
_ENDS = re.compile(rf"本[一-龥]{{1,8}}(?:于|自)?\s*({DAY})\s*(?:起)?\s*(?:自行|自动|即行|同时)?(?:废止|失效|停止执行)")
_OWN = re.compile(
    r"本[一-龥]{1,8}?(?:的)?(?:有效期|试行期|施行期|执行期)|[起日]\s*" + _RUNS + r"|之日起|^\s*(?:有效期|试行期)"
)
_DRAFT = re.compile(r"征求意见稿|公开征求[^。]{0,30}意见|送审稿|[（(](?:修订)?草案[)）]|征求意见的(?:通知|公告|函)")
_VALID = re.compile(r"(?m)^[ \t　]*(?:全文|现行)有效(?=\s|$)")
_VOID = re.compile(
    r"(?m)^[ \t　]*全文(?:失效|废止)(?=\s|$)|[【\[（(](?:已|全文)?(?:失效|废止)[】\]）)]|(?:该|此)文件?(?:已|已经)(?:失效|废止)"
)
# 《某办法》（某发〔2012〕9号）; a title may hold another one.
_NAMED = re.compile(
    r"《(?P<title>(?:[^《》]|《[^《》]{1,80}》){2,120})》(?:\s*[（(](?P<note>[^（()）《》]{2,60})[)）])?"
)
_NUMBER_ALONE = re.compile(rf"(?:{NUMBERED}|[一-龥]{{2,20}}令第\s*\d{{1,4}}\s*号)")
_REPEALS = re.compile(
    r"(?:同时|一并|即行|即|相应|自行|予以|全部|均|也)?\s*(?:予以)?(?:废止|停止执行|停止施行|失去效力|失效)(?![日情程后前之的])"
)
_NOT_REPEALED = re.compile(
    r"(?:不得|不予|不|未|应当|可以|需要|及时|修订或者?|修改或者?|变更或者?|修改、|修订、)\s*(?:予以)?(?:废止|失效)$"
)
_BASIS = re.compile(
    r"(?:根据|按照|依据|依照|参照|贯彻|落实|遵守|违反|执行|与|符合)(?:原?《[^《》]+》(?:[（(][^）)]*[)）])?[、和及]?)*原?$"
)
_PART = re.compile(r"^(?:[（(][^）)]*[)）])?(?:中?的?第[一二三四五六七八九十百零\d]+[条款项章]|附件|中(?:的)?)")
_MAX_SENTENCE, _MAX_VERBS = 3000, 5  # what no official text exceeds; they bound the time on texts that are none
_CHANGES = re.compile(r"修改为|作(?:出)?(?:如下|以下)?修改|进行修改|予以修改|修改如下|删去|增加一[条款项]|修订如下")
_ABOUT_FORCE = re.compile("废止|失效|失去效力|停止|修改|修订|删去|增加一")
_OPENS_LIST = re.compile(
    r"(?:(?:下列|以下)[^。；\n]{0,30}(?:废止|停止执行)|(?:废止|停止执行)(?:下列|以下)[^。；\n]{0,20})[^。；\n]{0,6}[：:]\s*\n"
)
_LISTED = re.compile(rf"\s*(?:\d{{1,3}}[.、．]|[（(]?[一二三四五六七八九十\d]{{1,3}}[)）、])?\s*{_NAMED.pattern}")


def find_effective(text: str, issued: str, title: str = "") -> str:
    """ISO date from which a text is in force, "" where it states none: 自某日起施行, 自公布之日起(30日后)施行.

    `issued` is its own date of issue, which the second form counts from. A clause about 本办法 goes before others, of
    which the first counts; what follows another title directly (《某法》自…起施行) speaks of that one.
    """
    own, others = "", ""
    named = tuple(f"《{name}》" for name in (title, *_ENCLOSED.findall(title)) if name)
    for match in _FROM_DAY.finditer(text):
        before = text[max(0, match.start() - 130) : match.start()].rstrip("自从于 　")
        is_own = bool(_THIS.search(before[-12:])) or (bool(named) and before.endswith(named))
        date = "" if re.search(r"》[（(]?$", before) and not is_own else iso(match[1])
        own = date if date and is_own else own
        others = others or date
    if own:
        return own
    counted = list(_FROM_ISSUE.finditer(text))
    this = [match for match in counted if _THIS.search(text[max(0, match.start() - 12) : match.start()])]
    if this or (counted and not others):
        return _counted_from(issued, (this or counted)[-1])
    return others


def _counted_from(issued: str, match: re.Match[str]) -> str:
    if not match["days"]:
        return issued
    number = _count(match["days"])
    return shifted(issued, months=number) if match["unit"] == "个月" else shifted(issued, days=number)


def _count(numeral: str) -> int:
    return int(numeral) if numeral.isdigit() else int(han_to_number(numeral) or 0)


def find_expiry(text: str, effective: str, issued: str) -> str:
    """ISO date of the last day on which a text is in force by its own words (有效期5年, 有效期至…), "" where it has none."""
    for sentence in re.split(r"[。\n]", text):
        if (ends := _ENDS.search(sentence)) and (date := iso(ends[1])):
            return date
        if not _OWN.search(sentence):
            continue
        if until := _UNTIL.search(sentence):
            return iso(next(day for day in until.groups() if day))
        if span := _SPAN_IN_YEARS.search(sentence):
            count = _count(span["count"])
            years, months = (count, 0) if span["unit"] == "年" else (0, count)
            return shifted(effective or issued, years=years, months=months, days=-1)
    return ""


def stated_validity(title: str, head: str) -> str:
    """征求意见稿, 已废止 or 现行有效 where title or head say so (【失效】, 全文有效), else ""."""
    if _DRAFT.search(title):
        return "征求意见稿"
    if _VOID.search(title) or _VOID.search(head[:300]):
        return "已废止"
    return "现行有效" if _VALID.search(head[:300]) else ""


def find_replaced(text: str, title: str) -> tuple[str, ...]:
    """Names of the texts that an official text repeals, as 题名 or 题名（文号）, or a 文号 alone; in order, each once.

    Read from sentences that say so (《某办法》（某发〔2012〕9号）同时废止), from lists that such a sentence opens, and from the
    title of a repeal (关于废止《某办法》的决定). Repeal of single articles is amendment.
    """
    found: list[str] = []
    for sentence, verb in _repeals(text):
        if _NOT_REPEALED.search(sentence[max(0, verb.start() - 10) : verb.end()]):
            continue
        before = sentence[: verb.start()]
        found.extend(name for name, partial in _names(before) if not partial)
        if not re.search("根据|按照|依据", before):
            found.extend(match[0] for match in _NUMBER_ALONE.finditer(_NAMED.sub("", before)))
    if "废止" in title:
        found.extend(name for name, _ in _names(title.split("废止", 1)[1]))
    opened = _OPENS_LIST.search(text)
    for line in text[opened.end() :].split("\n") if opened else ():
        item = _LISTED.match(line)
        if line.strip() and not item:
            break
        found.extend([_name(item)] if item else [])
    return tuple(dict.fromkeys(name for name in found if name != title))


def find_amended(text: str, title: str) -> tuple[str, ...]:
    """Names of the texts that an official text changes: 关于修改《某办法》的决定, 对《某办法》作如下修改, 《某办法》第三条同时废止."""
    found: list[str] = []
    if changed := re.search(r"(?:修改|修订|修正|调整)(?:和废止)?(?P<what>[^废]*)", title):
        found.extend(name for name, _ in _names(changed["what"]))
        for sentence in _sentences(text):
            if change := _CHANGES.search(sentence):
                found.extend(name for name, _ in _names(sentence[: change.start()]))
    for sentence, verb in _repeals(text):
        found.extend(name for name, partial in _names(sentence[: verb.start()]) if partial)
    return tuple(dict.fromkeys(name for name in found if name != title))


def _repeals(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Each verb of repeal with its sentence; of a run of them the first few."""
    for sentence in _sentences(text):
        for verb in islice(_REPEALS.finditer(sentence), _MAX_VERBS):
            yield sentence, verb


def _sentences(text: str) -> list[str]:
    parts = re.split(r"[。；\n]", text)
    return [part[-_MAX_SENTENCE:] for part in parts if ("《" in part or "号" in part) and _ABOUT_FORCE.search(part)]


def _names(clause: str) -> list[tuple[str, bool]]:
    """(name, whether only a part of it is meant) of the texts that a clause names and does not merely rest on."""
    return [
        (_name(match), bool(_PART.match(clause[match.end() :])))
        for match in _NAMED.finditer(clause)
        if not _BASIS.search(clause[max(0, match.start() - 200) : match.start()])
    ]


def _name(match: re.Match[str]) -> str:
    title = re.sub(r"\s+", "", match["title"])
    note = re.sub(r"\s+", "", match["note"] or "")
    return f"{title}（{note}）" if re.search(r"\d+号|第.+号", note) else title
