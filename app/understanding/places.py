"""Whose answer is asked for: the regions of a question, those that it only compares with, and the members of its groups."""

import re
from dataclasses import dataclass
from itertools import zip_longest

from ingest.facts.figures import is_object
from ingest.facts.owners import in_name
from ingest.facts.regions import Mention, by_name, expand, find_regions, relation
from ingest.lexical import cut, frequency

# One-character names that are hardly ever another word; 京 津 苏 川 ... count only beside another or a word of place.
_CLEAR = "黔粤浙湘鄂皖沪渝闽赣豫琼滇桂冀鲁陕"
_ALL = _CLEAR + "京津苏川晋辽吉黑甘青蒙藏宁新贵云陇杭穗深蓉汉"
_CITY = {"杭": "330100", "穗": "440100", "深": "440300", "蓉": "510100", "汉": "420100"}
_JOINED = re.compile(rf"(?<![一-龥])[{_ALL}]{{2,5}}(?=[两三四五]?[省市地]|[的谁之与和间]|[A-Za-z]|[一-龥]{{2}})")
_THAN = re.compile(r"\bthan (?:(?:that|those|the (?:average|level|figure)) )?(?:(?:of|in|for) )?(?:the )?$", re.I)
_PLACE_AFTER = re.compile(r"[省市]?的|省|市|地|[A-Za-z]")
# 各省市, 四省, 分别: the members are asked about one by one.
_EACH = re.compile(r"各(?:省|市|地|城)|[两三四五六七八九]+(?:个)?(?:省|市|地|城)|各自|分别|内部|之间")
_PROVINCE = re.compile(
    r"(?:^(?!请问)|请问|比较|对比|[，,。、和与跟在及比? ])(?P<name>[一-龥]{2,4}?)省(?!份|[级会市区略])"
)
_WHENCE = frozenset(("710000", "810000", "820000", "GANGAO"))
_PEOPLE = re.compile(
    r"(?:籍|来?的)?(?:在读|在职|高校|应届|毕业|专业|创业)?(?:大?学生|毕业生|青年|居民|同胞|人士|员工|人才|专才|教师|医师|律师)"
)
_OF_PLACE = re.compile(r"人均|平均|人口|总数|多少[个名位]?人|几人|占比|收入")
_EVENT = re.compile(
    r"第[零一二三四五六七八九十百\d]+届"
)  # 四川省第五届运动会: where a meet is named for, not whom is asked about
_COMMON = 500  # occurrences in the dictionary's texts: 发达, 经济 are words before 省, 江东 and 湘南 are not
_NOT_A_NAME = re.compile(
    r"^[全各该本外跨邻大强小每某哪这那多几两三四五六七八九十百]|[大强小穷富一二两三四五六七八九十几]$"
)


@dataclass(frozen=True, slots=True)
class Places:
    """Codes (names where the gazetteer has none) of the regions of a question, in order."""

    regions: tuple[str, ...]
    bases: tuple[str, ...] = ()  # only compared with: 比浙江高多少
    members: tuple[str, ...] = ()  # what the groups among `regions` are made of
    everyone: tuple[str, ...] = ()  # all that are named, in order
    count: int = 0  # of those that want an answer of their own: the members of a group asked about one by one


def find_places(text: str) -> Places:
    """The places of a folded question. A part right behind its whole (贵州贵阳) is one place: the part."""
    # 港澳青年 are asked about, not 港澳.
    found = _apart(tuple(m for m in mentions_of(text) if not in_name(text, m)))
    found = [m for m in found if not _EVENT.match(text, m.end)] or found
    found = [m for m in found if not _names_people(text, m)]
    everyone = tuple(dict.fromkeys(m.code for m in found))
    bases = tuple(dict.fromkeys(m.code for m in found if _is_base(text, m)))
    regions = tuple(dict.fromkeys(m.code for m in found if m.code not in bases))
    if not regions:
        regions, bases = bases, ()
    members = members_of(regions)
    each = len(everyone) == 1 and (len(members) if _EACH.search(text) else len(expand(everyone[0])))
    return Places(regions, bases, members, everyone, max(each, len(everyone)))


def _names_people(text: str, mention: Mention) -> bool:
    """Whether a place says whence people are, for whom a rule elsewhere is asked: 台湾来的青年, 港澳的在读大学生.

    Their number or income would be that place's own.
    """
    whence = mention.code in _WHENCE and _PEOPLE.match(text, mention.end)
    return bool(whence) and not _OF_PLACE.search(text)


def _is_base(text: str, mention: Mention) -> bool:
    return is_object(text, mention) or bool(_THAN.search(text[: mention.start]))


def compared(places: Places, text: str) -> Places:
    """The places of a comparison: all are asked about (深圳比广东强吗); a group is taken apart where its members are meant."""
    everyone = places.everyone
    each = len(everyone) == 1 and (_EACH.search(text) or len(expand(everyone[0])) > 1)
    if each:
        everyone = members_of(everyone) or everyone
    return Places(everyone, (), members_of(everyone), everyone, len(everyone))


def members_of(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of the provinces and cities that the groups among `codes` are made of."""
    return tuple(m for code in codes if (found := by_name(code)) and found.level == "group" for m in found.members)


def mentions_of(text: str) -> tuple[Mention, ...]:
    """Regions named in a question, with one-character names (沪深, 浙的) and provinces that do not exist (瓦坎达省)."""
    found = find_regions(text)
    taken = [(m.start, m.end) for m in found]
    more = [m for m in (*joined(text), *_unknown(text)) if not any(a < m.end and m.start < b for a, b in taken)]
    return tuple(sorted((*found, *more), key=lambda m: m.start))


def _apart(mentions: tuple[Mention, ...]) -> list[Mention]:
    return [
        a for a, b in zip_longest(mentions, mentions[1:])
        if b is None or a.end != b.start or relation(a.code, b.code) != "part"
    ]  # fmt: skip


def joined(text: str) -> list[Mention]:
    """沪深, 鄂湘赣三省, 浙的: one-character names at the head of a word, where the run of them is no word itself."""
    found = []
    for match in _JOINED.finditer(text):
        if not frequency(match[0]) or set(match[0]) & set(_CLEAR):
            found += [_one(text, at) for at in range(match.start(), match.end())]
    alone = not found and len(text) > 2 and re.match(rf"[{_CLEAR}杭]", text)
    if alone and (_PLACE_AFTER.match(text, 1) or cut(text[:4])[:1] == [text[0]]):
        found.append(_one(text, 0))
    return found


def _one(text: str, at: int) -> Mention:
    known = by_name(_CITY.get(text[at], text[at]))
    return Mention(known.code if known else text[at], at, at + 1, text[at], "region")


def _unknown(text: str) -> list[Mention]:
    """Names before 省 that are no common word and no province of the gazetteer, which has them all."""
    found = []
    for match in _PROVINCE.finditer(text):
        name = match["name"]
        common = frequency(name) > _COMMON or frequency(name[-1] + "省") or _NOT_A_NAME.search(name)
        if not common and by_name(name) is None and by_name(name + "省") is None:
            found.append(Mention(f"{name}省", match.start("name"), match.end(), f"{name}省", "unnamed"))
    return found
