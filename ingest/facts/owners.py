"""Whose number is it: the region, or the body without a name, that a clause speaks about.

A region that is compared with (比中西部高), served (面向东部), ranked in (居全国第三) or divided by (占全国的15%, 不足广东的1/8)
is an object: the number is not its own.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from ingest.facts.regions import NATION, Mention, by_name, find_regions, province_of, relation

_CLAUSE_END = re.compile(r"(?<!\d)[,，]|(?<=\d)[,，](?!\d{3}(?!\d))|[；;。！？!?\n]|(?<!\d)[:：]|[:：](?!\d)|——")
_OBJECT_BEFORE = re.compile(
    r"(?:针对|对接|入驻|依托|面向|面对|服务于?|向|(?<!参)与|(?<![共合协相不会])同|比|(?<!比)较|相较于?|高于|低于|高出|低出|超出|多于|少于|大于"
    r"|小于|快于|慢于|好于|优于|不足|不到|不及|不如|超过|接近|达到|领先于?|落后于?|追赶|赶超|来自|除了?|距离?|相当于|承接|引进|融入"
    r"|(?:占|集聚|聚集|汇聚|贡献)[到了]?|认定为|评为|列为|创建为|获评|入选|走在|位居|居|位列|列)$"
)
_TOGETHER = re.compile(r"相比|竞争|重叠|重合|差距|对接|合作|反差|不同|相反|相对|相差|持平")
_COMPARED_BEFORE = re.compile(r"(?:不足|不到|仅为?|只有|约为?|是|为|相当于|达到?|超过?|接?近)$")
_SHARE_AFTER = re.compile(
    r"的(?:约|近|超)?(?:[几一二三四五六七八九十\d]+分之|\d+/\d|\d+(?:\.\d+)?[倍%％成]|[一两二三四五六七八九十]+[倍成])"
    r"|(?:[几一二三四五六七八九十]+分之|\d+/\d|\d+(?:\.\d+)?倍|[两二三四五六七八九十]+倍)"
)
_WITHIN_AFTER = re.compile(r"(?:范围内|中)?的?(?:占比|比重|份额|市场份额|排名|排|处于|位居)")
# 全国首个, 全国领先, 全国一体化: the whole is a yardstick or part of a name, not the owner.
_YARDSTICK_AFTER = re.compile(
    r"率先|首[个批创家位次屈]|第[一二三四五六七八九十\d]|领先|前列|前[茅十三五\d]|最[大高多早强先快]|唯一|一流|先进|(?<=国)(?:一体化|统一)"
    r"|[一-龥]{0,8}?(?:大会|会议|人大|政协)"
)
# Part of a name: 四川省专利奖, 中国企业500强, 新疆生产建设兵团; people who come from there: 港澳青年.
_NAME_AFTER = re.compile(
    r"[一-龥“”]{0,8}?(?:奖(?![励补金])|商标|大赛|\d+强)|生产建设兵团|主板|青年(?!人口|就业)|同胞|人士|籍|事务"
    r"|[一-龥“”（）]{2,20}?(?:认定|评定|评选|遴选|备案)的|[一-龥“”（）]{0,20}?(?:榜单|称号)"
)
# Where a local rule is carried out or whom it helps, not whose money it is: 在香港设立中心，每年安排100万元.
_AWAY_BEFORE = re.compile(r"(?:[在赴到]|支持|鼓励|帮助|引导)$")
# 粤港澳大湾区（广东）创新创业孵化基地: a bracket inside a name.
_IN_BRACKET_AFTER = re.compile(r"[)）][一-龥]{2}")
# Bodies that a national rule gives quotas to: 各省、自治区、计划单列市及新疆生产建设兵团推荐不超过50个.
_BODY = (
    r"省（区、市）|省(?!级|内|份)|自治区|直辖市|计划单列市|副省级(?:省会)?城市|新疆生产建设兵团|中央企业|中央单位"
    r"|[一-龥]{2,10}?(?:先导区|示范区|试验区|开发区|高新区)"
)
_BODIES = re.compile(
    rf"[^，,。；;：:一-龥]{{0,6}}(?:[一二三四五六七八九十\d]{{1,2}}[、.．）)])?\s*(?:有关|其他|对)?(?P<list>各?(?:{_BODY})(?:(?:[、和及与]|以及)各?(?:{_BODY}))*)"
)
_HOME = re.compile(r"(?<![占居列比较于])(?:全|我|本)(?P<level>省|市|自治区)")
_MUNICIPALITIES = frozenset(("110000", "120000", "310000", "500000"))
_SERVED_AFTER = re.compile(r".{0,8}?(?:提供|服务|输送|供应|定制|供电)")
_JOINERS = frozenset(("、", "和", "与", "及", "以及", "/", "，", ","))
# Owners outside the gazetteer; they count where a clause opens with them (全球算力规模为…, 行业平均为…).
_OUTSIDE = re.compile(
    r"(?:而|但|同期|目前|当前|截至目前|其中|[\s“”])*(?:(?:19|20)\d{2}年(?:底|末)?)?[,，]?"
    r"(?P<who>全球|世界|美国|欧盟|欧洲|日本|韩国|英国|德国|法国|印度|新加坡|俄罗斯|(?:同)?行业(?=平均|整体|总体)|业内(?=平均))"
)


@lru_cache(maxsize=16)  # every figure of a sentence asks for them
def clause_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of the clauses of `text`, without their closing mark; commas and colons inside numbers part nothing."""
    spans, start = [], 0
    for match in _CLAUSE_END.finditer(text):
        if match.start() > start:
            spans.append((start, match.start()))
        start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return tuple(spans)


def is_object(text: str, mention: Mention, home: Sequence[str] = ()) -> bool:
    """Whether the mention is compared with, served, ranked in or divided by, rather than spoken about.

    `home` are the document's regions: what a place's own rule does elsewhere is still its own.
    """
    return _is_object(text, mention, tuple(home))


@lru_cache(maxsize=1024)  # every figure of a sentence asks it of every region before, a list of regions of all before
def _is_object(text: str, mention: Mention, home: tuple[str, ...]) -> bool:
    before, after = text[: mention.start], text[mention.end :]
    if mention.text.endswith("兵团") or in_name(text, mention):
        return True
    if _AWAY_BEFORE.search(before) and _is_away(mention.code, home):
        return True
    if not mention.code.isdigit() and _YARDSTICK_AFTER.match(text, mention.end):
        return True
    if _COMPARED_BEFORE.search(before) and _SHARE_AFTER.match(after):
        return True
    if before.endswith("在") and _WITHIN_AFTER.match(after):
        return True
    if before.endswith("为") and _SERVED_AFTER.match(after):
        return True
    if _OBJECT_BEFORE.search(before):
        # 与 can also join two owners (广东与浙江的薪资): an object only if a comparison follows in the clause.
        return before[-1:] not in "与同" or bool(_TOGETHER.search(after[:24]))
    if before.endswith(("、", "和", "及")):  # 与北京、上海相比
        return any(m.end == mention.start - 1 and is_object(text, m, home) for m in find_regions(before))
    return False


def in_name(text: str, mention: Mention) -> bool:
    """Whether the mention is part of a name: 四川省专利奖, 港澳青年, 粤港澳大湾区（广东）创新创业孵化基地."""
    before, after = text[: mention.start], text[mention.end :]
    bracketed = before.endswith(("（", "(")) and _IN_BRACKET_AFTER.match(after) is not None
    return bracketed or _NAME_AFTER.match(after) is not None or before.rfind("《") > before.rfind("》")


def _is_away(code: str, home: Sequence[str]) -> bool:
    """Whether a region lies outside all of a local document's regions."""
    return bool(home) and all(
        place != NATION and by_name(place) is not None and relation(place, code) in {"sibling", "other"}
        for place in home
    )


def _bodies(text: str, start: int, end: int, home: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The kinds of bodies that a clause of a national text opens with, and its words; empty where it does not."""
    if any(place != NATION for place in home):
        return (), ""
    match = _BODIES.match(text, start, end)
    if not match or not re.search("各|计划单列|兵团|中央", match["list"]):
        return (), ""
    return tuple(re.findall(rf"各?(?:{_BODY})", match["list"])), match["list"]


def home_of(text: str, topic: Sequence[str], home: Sequence[str]) -> tuple[str, ...]:
    """The region that 全省, 全市, 我省 or 本市 in `text` points to: of the topic if it is one, else of the document's."""
    match = _HOME.search(text)
    if not match:
        return ()
    if match["level"] == "市":
        return tuple(code for code in (*topic, *home) if _is_city(code))[:1]
    return tuple(
        code for code in (*topic, *(province_of(code) for code in home)) if code and province_of(code) == code
    )[:1]


def _is_city(code: str) -> bool:
    found = by_name(code)
    return found is not None and (found.level == "city" or code in _MUNICIPALITIES)


def owner_of(
    text: str,
    start: int,
    end: int,
    clause_start: int,
    mentions: Sequence[Mention],
    topic: Sequence[str],
    home: Sequence[str],
) -> tuple[tuple[str, ...], str]:
    """Codes and words of the owner of the quantity at text[start:end]; `topic` where its sentence names none.

    Looked for in its own clause, right behind it (30%的某北方省份企业), then in the clauses before, nearest first.
    `home` are the document's regions, which 全省 and 全市 point to.
    """
    if yardstick := _yardstick(text, start, end, mentions):
        return (yardstick.code,), yardstick.text
    owners = [m for m in mentions if m.end <= start and not is_object(text, m, home)]
    following = next((m for m in mentions if 0 <= m.start - end <= 2 and m.kind == "unnamed"), None)
    starts = [m.start for m in owners]
    spans = [(clause_start, start), *reversed([span for span in clause_spans(text) if span[1] <= clause_start])]
    for a, b in spans:
        if inside := owners[bisect_left(starts, a) : bisect_left(starts, b)]:
            return _joined(text, inside)
        if said := _said_in(text, a, b, tuple(topic), tuple(home)):
            return said
        if following:
            return (following.code,), following.text
    return tuple(topic), ""


@lru_cache(maxsize=1024)  # the figures of a sentence ask for the same clauses
def _said_in(
    text: str, a: int, b: int, topic: tuple[str, ...], home: tuple[str, ...]
) -> tuple[tuple[str, ...], str] | None:
    """The owner that the clause text[a:b] opens with or points to without naming a region, None where it does not."""
    if (bodies := _bodies(text, a, b, home))[0]:
        return bodies
    if outside := _OUTSIDE.match(text, a, b):
        return (outside["who"],), outside["who"]
    pointed = home_of(text[a:b], topic, home)
    return (pointed, "") if pointed else None


def _yardstick(text: str, start: int, end: int, mentions: Sequence[Mention]) -> Mention | None:
    """The region that a number in apposition belongs to: 低于国内65%的平均水平, 高于全国平均水平（65%）."""
    after = text[end : end + 8]
    plain = re.match(r"的(?:平均|总体|整体)(?:水平|值)?|的均值", after)
    between = r"的?(?:平均)?" if plain else r"的?平均(?:水平|值)?[（(]" if re.match(r"[）)]", after) else ""
    if not between:
        return None
    return next((m for m in mentions if re.fullmatch(between, text[m.end : start])), None)


def _joined(text: str, mentions: Sequence[Mention]) -> tuple[tuple[str, ...], str]:
    """Return the last owner and those joined to it by 、, 和, 与 or 及; a part follows its whole (广东深圳) and wins."""
    group = [mentions[-1]]
    for mention in reversed(mentions[:-1]):
        if text[mention.end : group[0].start] not in _JOINERS:
            break
        group.insert(0, mention)
    return tuple(dict.fromkeys(m.code for m in group)), text[group[0].start : group[-1].end]


def respective_owners(text: str, spans: Sequence[tuple[int, int]], mentions: Sequence[Mention]) -> dict[int, Mention]:
    """Owners that 分别 hands out in order: quantity number -> owner, for 湖北、湖南的企业数分别为1200家和900家.

    `spans` are those of the sentence's quantities. Empty where the two lists are not of one length.
    """
    found: dict[int, Mention] = {}
    for match in re.finditer("分别|各为|依次", text):
        listed = [m for m in mentions if m.end <= match.start() and not is_object(text, m)]
        numbers = numbers_behind(text, spans, match.end())
        group = listed[-len(numbers) :]
        if not len(group) == len(numbers) > 1:
            continue
        if not all(text[a.end : b.start] in _JOINERS for a, b in pairwise(group)):
            continue
        if len(listed) == len(group) or text[listed[-len(group) - 1].end : group[0].start] not in _JOINERS:
            found.update(zip(numbers, group, strict=True))
    return found


def numbers_behind(text: str, spans: Sequence[tuple[int, int]], position: int) -> list[int]:
    """Numbers of the quantities listed right behind `position`, joined by 、, 和, 及 or a comma."""
    listed: list[int] = []
    for number, (start, end) in enumerate(spans):
        if start < position:
            continue
        gap = text[position:start]
        if len(gap) > 8 if not listed else gap.strip() not in _JOINERS:
            break
        listed.append(number)
        position = end
    return listed
