"""The gazetteer of Chinese regions: find them in running text and say how one relates to another.

Names, codes (GB/T 2260) and memberships are facts kept in `data/regions.tsv`; this module only reads them.
Three kinds of trap are kept apart: phrases that merely contain a name (column `not_in`: 长治久安, 其中国有), names that
are common words and count only in a safe context (column `needs_suffix`: 朝阳, 大理), and names that belong to an
organisation, a street or a direction (the patterns below: 吉林大学, 中国科学院, 中山东路, 贵州西部).
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, cast

Level = Literal["nation", "group", "province", "city"]
Relation = Literal["same", "part", "whole", "national", "sibling", "unnamed", "other"]
NATION = "CN"

_TABLE = Path(__file__).parent / "data" / "regions.tsv"
_HAN = "\u4e00-\u9fff"
# Folding keeps the length, so that offsets in the folded text are offsets in the text.
_FOLD: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "’‘ʼ＇`"), "'"),
    **dict.fromkeys(map(ord, "–—‐‑−－"), "-"),
    **dict.fromkeys(map(ord, "\t\n\r\u3000\u00a0"), " "),
}
_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZÜ"}

# What follows a name and makes the whole a body or a street, not a place that statements are about.
_FIELD = (
    "理工|师范|财经|交通|工业|科技|科学技术|农业|农林|医科|中医药|民族|邮电|航空航天|外国语|信息工程|信息科技|电力|石油"
    "|林业|海洋|工商|工程|政法|医学|体育|音乐|美术|建筑|轻工|经贸|电子科技|化工|职业技术|职业|技术|传媒|语言|人民|城市"
)
_BODY_AFTER = re.compile(
    rf"(?:{_FIELD})*(?:大学(?![生城])|学院(?![路派]))|银行(?![业卡体系间])|证券(?!业|市场|化|行业|投资|期货)"
    r"|集团(?![化军])|股份(?![制合])|日报|晚报|商报|合作组织|[东西南北中]?(?:路|街)(?![径线网桥演由面段况透费灯道])"
)
_NATIONAL_BODY_AFTER = re.compile(
    r"移动(?!互联|支付|应用|终端|游戏|用户|端|电|数据|阅读|医)|电信(?!业|行业|市场|用户|运营|资费|设备|诈骗)"
    r"|[^的了在是有和与及为对将把被让等个家所多各、，。；：？！\s]{0,14}?(?:研究院|科学院|研究所|协会|学会|联盟|基金会|委员会"
    r"|研究会|联合会|商会|总工会|大学(?![生城])|有限公司|信息中心|研究中心)"
)
_LAW_AFTER = re.compile(
    rf"[{_HAN}]{{0,24}}?(?:法|条例|规定|办法|部|委员会|院|令|主席|政府|纲要|署|总局|办公室|国家|驻|成立)"
)
_ENGLISH_BODY = (
    " (?:University|Bank|Securities|Academy|Institute|College|Group|Association|Federation|Commission|Bureau|Ministry"
    "|Administration|Council|Committee|Congress|Corporation|Society|Sea|Mobile|Telecom|Unicom|Daily|Road|Street)(?![a-z])"
)
_ENGLISH_BODY_AFTER = re.compile(rf"(?: [A-Z][A-Za-z]*){{0,3}}{_ENGLISH_BODY}")
_ENGLISH_NATIONAL_BODY_AFTER = re.compile(
    rf"(?: (?:[A-Z][A-Za-z']*|of|and|for)){{0,5}}{_ENGLISH_BODY}| (?i:security|standards?|laws?|key|park|day|lab)"
)
_ENGLISH_BODY_BEFORE = re.compile(r"(?:University|Bank|Academy|Institute|Party) of $")
_BEARING = re.compile(r"(?:[东西中]|中西)部|东北|西南|西北|(?:the )?(?:eastern|western|central) (?:reg|prov|coast)")
_PLACE_BEFORE = re.compile(r"[洲洋原岛海市县省区州山脉镇城盆湾江河湖国欧美亚非鲁豫鄂晋川皖赣桂冀粤湘苏浙闽渝陕陇滇]$")
_BEARING_GAP = frozenset(("", "的", "省", "市", "境内", "省的", "'s "))
_SAFE_TAIL = re.compile(r"高新|经开|经济技术开发|经济开发|综合保税|智算|算力|城市|各地|一带|[和与、]内陆")
_LIST_GAP = re.compile(r" ?(?:[、,/和与及至到-]|以及|and|or) ?")

# 某 + description + kind of body: an entity that the source does not name.
_WHERE = {
    "northern": "北方", "southern": "南方", "eastern": "东部", "western": "西部", "central": "中部",
    "coastal": "沿海", "inland": "内陆", "northeastern": "东北", "southwestern": "西南", "northwestern": "西北",
}  # fmt: skip
_SECTOR = {
    "home appliance": "家电", "home-appliance": "家电", "appliance": "家电", "auto parts": "汽车零部件",
    "car parts": "汽车零部件", "auto components": "汽车零部件", "automotive parts": "汽车零部件",
}  # fmt: skip
_BODY = {
    "province": "省", "city": "市", "region": "地区", "county": "县", "company": "企业", "enterprise": "企业",
    "firm": "企业", "manufacturer": "企业", "maker": "企业", "institution": "机构", "factory": "工厂",
    "platform": "平台",
}  # fmt: skip
_KIND = (
    "省份|省(?![级际属会])|市(?![场值民级])|地区|地(?![方位点址段域图产理铁质级])|县(?!级)|区(?![域间块别分])"
    "|企业|公司|机构|工厂|高校|平台"
)
_WORD = rf"(?![的了在是和与及对将把被从为以或等])[{_HAN}A-Za-z0-9+-]"
_UNNAMED = re.compile(
    rf"(?P<where>{'|'.join(_WHERE.values())})?某(?:一?个|一)?(?!些|种|类|项|时|人(?!工)|日|年|月|天|段|方面)"
    rf"(?P<some>(?:{_WORD}){{0,10}}?(?:{_KIND}))"
    rf"|(?<![每何第唯])[一这那]家(?P<firm>(?:{_WORD}){{2,8}}?(?:企业|公司|工厂))"
    r"|(?<![多几分少些各数国两二三四五六七八九十东西])(?<![多几少些数两二三四五六七八九十]个)"
    r"(?:[该这那此][一个]?|一个)?(?P<bearing>[北南]方)(?:的?[这那一]个)?省份?(?![们级会区市]|普遍|纷纷|大多|之间|[均都])"
)
_ENGLISH_UNNAMED = re.compile(
    r"(?<![a-z0-9])(?:(?:an?|one|the|that|some|this) )?(?P<hidden>(?:unnamed|certain|anonymous|unidentified) )?"
    rf"(?:(?P<adjective>{'|'.join((*_WHERE, *_SECTOR))}) (?:chinese )?)?(?P<body>{'|'.join(_BODY)})(?![a-z0-9])"
)


@dataclass(frozen=True, slots=True)
class Region:
    """A named region: the nation, a group of regions, a province-level or a city-level unit."""

    code: str  # GB/T 2260 six digits where there is one, else a word: CN, EAST, GBA, XIONGAN
    name: str
    short: str
    level: Level
    parent: str  # code; "" for the nation and for groups
    aliases: tuple[str, ...]
    english: tuple[str, ...]
    members: tuple[str, ...]  # codes, of groups only


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that speaks of a region; the code of an unnamed entity is its normalised description."""

    code: str
    start: int
    end: int
    text: str
    kind: Literal["region", "unnamed"]


class _Gazetteer(NamedTuple):
    regions: dict[str, Region]
    codes: dict[str, str]  # folded name -> code
    buckets: dict[str, tuple[str, ...]]  # first two characters -> folded names, longest first
    soft: frozenset[str]  # names that need a safe context
    blocked: dict[str, tuple[tuple[int, str], ...]]  # name -> (offset of the name in the phrase, phrase)


class _Hit(NamedTuple):
    start: int
    end: int
    code: str
    soft: bool = False
    unnamed: bool = False


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _fold(text: str) -> str:
    return text.translate(_FOLD).translate(_LOWER)


@cache
def _gazetteer() -> _Gazetteer:
    header, *lines = _TABLE.read_text(encoding="utf-8").splitlines()
    columns = header.split("\t")
    regions: dict[str, Region] = {}
    codes: dict[str, str] = {}
    abbreviations: dict[str, str] = {}
    soft: set[str] = set()
    blocked: dict[str, list[tuple[int, str]]] = {}
    for line in lines:
        row = dict(zip(columns, line.split("\t"), strict=True))
        code, aliases, english = row["code"], _parts(row["aliases"]), _parts(row["english"])
        level, members = cast(Level, row["level"]), _parts(row["members"])
        regions[code] = Region(code, row["name"], row["short"], level, row["parent"], aliases, english, members)
        names = [_fold(name) for name in (row["name"], row["short"], *aliases, *english)]
        for name in names:
            codes.setdefault(name, code)
        for abbreviation in _parts(row["abbr"]):
            abbreviations.setdefault(abbreviation, code)
        soft.update(_fold(name) for name in _parts(row["needs_suffix"]))
        for phrase in _parts(row["not_in"]):
            for name in set(names):
                if name in phrase:
                    blocked.setdefault(name, []).append((phrase.index(name), phrase))
    buckets: dict[str, list[str]] = {}
    for name in sorted(codes, key=len, reverse=True):
        buckets.setdefault(name[:2], []).append(name)
    return _Gazetteer(
        regions,
        codes | abbreviations,
        {start: tuple(names) for start, names in buckets.items()},
        frozenset(soft),
        {name: tuple(phrases) for name, phrases in blocked.items()},
    )


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _name_at(lower: str, at: int, floor: int) -> str:
    """Return the longest name that stands at `at`, or "". No phrase that blocks it may begin before `floor`."""
    table = _gazetteer()
    for name in table.buckets.get(lower[at : at + 2], ()):
        if not lower.startswith(name, at):
            continue
        after = lower[at + len(name) : at + len(name) + 1]
        if _is_word(name[0]) and (_is_word(lower[at - 1 : at]) or _is_word(after)):
            continue
        if name[-1] == "市" and after in ("场", "值"):  # 上海市场 is 上海 + 市场
            continue
        phrases = table.blocked.get(name, ())
        if not any(at - shift >= floor and lower.startswith(phrase, at - shift) for shift, phrase in phrases):
            return name
    return ""


def _is_body(folded: str, at: int, end: int, code: str) -> bool:
    """Tell whether the name at [at, end) is the first word of an organisation's, a law's or a street's name."""
    if _is_word(folded[at]):
        national = folded[at:end].lower().startswith("national")
        after = _ENGLISH_NATIONAL_BODY_AFTER if national else _ENGLISH_BODY_AFTER
        before = folded[max(0, at - 16) : at]
        if _ENGLISH_BODY_BEFORE.search(before) or (national and before.endswith("-")):
            return True
        return bool(after.match(folded, end))
    if folded.startswith("中华人民共和国", at):
        return folded[end - 2 : end] != "境内" and bool(_LAW_AFTER.match(folded, end))
    if code == NATION and folded[at:end] in ("中国", "全国") and _NATIONAL_BODY_AFTER.match(folded, end):
        return True
    return folded[end - 1] not in "省市区" and bool(_BODY_AFTER.match(folded, end))


def _is_bearing(folded: str, at: int, hit: _Hit, last: _Hit | None) -> bool:
    """Tell whether 西部, 东北 ... only says which part of the place before it is meant (贵州西部, 太平洋西部)."""
    regions = _gazetteer().regions
    if regions[hit.code].level != "group" or not _BEARING.match(folded, at):
        return False
    if last and not last.unnamed and folded[last.end : at] in _BEARING_GAP:
        return regions[last.code].level in ("province", "city")
    return bool(_PLACE_BEFORE.search(folded[max(0, at - 1) : at]))


def _scan(folded: str) -> list[_Hit]:
    lower = folded.translate(_LOWER)
    table = _gazetteer()
    unnamed = _unnamed(folded, lower)
    hits: list[_Hit] = []
    at = floor = 0
    while at < len(lower):
        if at in unnamed:
            hits.append(unnamed[at])
            at = floor = unnamed[at].end
            continue
        name = _name_at(lower, at, floor) if lower[at : at + 2] in table.buckets else ""
        if not name:
            at += 1
            continue
        end = at + len(name)
        hit = _Hit(at, end, table.codes[name], soft=name in table.soft)
        if not _is_body(folded, at, end, hit.code) and not _is_bearing(folded, at, hit, hits[-1] if hits else None):
            hits.append(hit)
            floor = end
        at = end
    return hits


def _unnamed(folded: str, lower: str) -> dict[int, _Hit]:
    found: dict[int, _Hit] = {}
    for match in _UNNAMED.finditer(folded):
        what = (match["where"] or "") + (match["some"] or match["firm"] or f"{match['bearing']}省")
        if what.endswith("省") and len(what) > 1:
            what += "份"
        found[match.start()] = _Hit(match.start(), match.end(), "某" + what, unnamed=True)
    for match in _ENGLISH_UNNAMED.finditer(lower):
        adjective, body = match["adjective"] or "", _BODY[match["body"]]
        bearing, sector = _WHERE.get(adjective, ""), _SECTOR.get(adjective, "")
        definite = (body == "省" and bearing in ("北方", "南方")) or (body == "企业" and sector)
        if match["hidden"] or definite:
            body = {"省": "省份", "市": "城市"}.get(body, body) if bearing else body
            found[match.start()] = _Hit(match.start(), match.end(), f"某{bearing}{sector}{body}", unnamed=True)
    return found


def _confirms(folded: str, left: _Hit, right: _Hit, soft: _Hit) -> bool:
    """Tell whether a sure neighbour makes the soft name beside it a place: 辽宁朝阳; Dali, Yunnan; 合肥、黄山."""
    sure = right if soft is left else left
    if sure.unnamed or sure.soft or _gazetteer().regions[sure.code].level not in ("province", "city"):
        return False
    gap = folded[left.end : right.start]
    inside = sure is left and sure.code != soft.code and _covers(sure.code, soft.code)
    return bool(_LIST_GAP.fullmatch(gap)) or (inside and not gap.strip())


def _confirmed(folded: str, hits: Sequence[_Hit]) -> list[_Hit]:
    kept = list(hits)
    full = {hit.code for hit in hits if not hit.soft}
    whole = folded.strip()
    for index, hit in enumerate(kept):
        alone = whole == folded[hit.start : hit.end]
        if hit.soft and (alone or hit.code in full or _SAFE_TAIL.match(folded, hit.end)):
            kept[index] = hit._replace(soft=False)
    for step in (1, -1):  # once from the left, once from the right: 合肥、黄山、三明
        for index in range(len(kept))[::step]:
            hit, beside = kept[index], index - step
            if hit.soft and 0 <= beside < len(kept):
                left, right = (kept[beside], hit) if step == 1 else (hit, kept[beside])
                if _confirms(folded, left, right, hit):
                    kept[index] = hit._replace(soft=False)
    return [hit for hit in kept if not hit.soft]


def find_regions(text: str) -> tuple[Mention, ...]:
    """Find the regions that `text` speaks of, left to right, longest name first, without overlap.

    Chinese names are found inside unspaced text, English ones at ASCII word edges, in full or half width. Traditional
    text has to be converted before. Entities that the source leaves unnamed (某北方省份, 某家电企业, "an unnamed
    northern province") come as kind "unnamed" with their normalised description as code.
    """
    folded = text.translate(_FOLD)
    return tuple(
        Mention(hit.code, hit.start, hit.end, text[hit.start : hit.end], "unnamed" if hit.unnamed else "region")
        for hit in _confirmed(folded, _scan(folded))
    )


def region(code: str) -> Region:
    """Return the region of a code. Raises KeyError if the gazetteer has none (unnamed entities have none)."""
    return _gazetteer().regions[code]


def by_name(name: str) -> Region | None:
    """Return the region that goes by a full, short, other, English or one-character name, or by a code; else None."""
    table = _gazetteer()
    key = name.strip()
    code = key if key in table.regions else table.codes.get(_fold(key), "")
    return table.regions.get(code)


def _covers(outer: str, inner: str) -> bool:
    if outer in (inner, NATION):
        return True
    regions = _gazetteer().regions
    if any(_covers(member, inner) for member in regions[outer].members):
        return True
    if members := regions[inner].members:
        return all(_covers(outer, member) for member in members)
    parent = regions[inner].parent
    return parent not in ("", NATION) and _covers(outer, parent)


@functools.lru_cache(maxsize=65536)
def relation(asked: str, scope: str) -> Relation:
    """Say what `scope` (whose statement it is) is to `asked` (whom the question is about); both are codes.

    part: scope lies inside asked (合肥 in 安徽, 贵州 in 西部); whole: scope contains asked; national: scope is the
    nation and asked is not; sibling: same level and parent; unnamed: scope is an entity that the source does not name.
    Overlapping groups, and a named scope for an unnamed asked entity, are "other".
    """
    regions = _gazetteer().regions
    if asked == scope:
        return "same"
    if scope not in regions:
        return "unnamed"
    if scope == NATION:
        return "national"
    if asked not in regions:
        return "other"
    if _covers(asked, scope):
        return "part"
    if _covers(scope, asked):
        return "whole"
    mine, other = regions[asked], regions[scope]
    return "sibling" if mine.level == other.level != "group" and mine.parent == other.parent else "other"


def display(code: str, lang: Literal["zh", "en"] = "zh") -> str:
    """Return the short name for people: 贵州, 全国; Guizhou, national (China). What has no name is shown as it is."""
    found = _gazetteer().regions.get(code)
    if found is None:
        return code
    if lang == "en":
        return "national (China)" if code == NATION else found.english[0].partition(",")[0]
    return found.short


def province_of(code: str) -> str | None:
    """Return the code of the province-level unit that a region is or lies in; None for the rest."""
    regions = _gazetteer().regions
    while code in regions and regions[code].level == "city":
        code = regions[code].parent
    return code if code in regions and regions[code].level == "province" else None


def expand(code: str) -> tuple[str, ...]:
    """The two to four places that a joint name stands for (粤浙, 江浙沪, 川渝); any other code as it is."""
    found = _gazetteer().regions.get(code)
    return found.members if found and 2 <= len(found.members) <= 4 else (code,)
