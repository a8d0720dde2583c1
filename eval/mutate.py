"""Ways to make a right answer sentence wrong: each operator returns every mutant that it can make of one sentence. Pure.

A mutant says something else than its evidence does; what a careful writer could also say is never made (个 for 家 in
a count, 约 put before an exact number). English sentences have operators of their own, see ENGLISH.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from app.types import Evidence
from eval.denials import english_false_denials, false_denials
from ingest.facts.doc_number import OWN_NUMBER
from ingest.facts.figures import find_periods, is_object
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions, region

Operator = Callable[[str, Evidence], Iterator[str]]

_HAN_DIGITS = "一二三四五六七八九"
_UNITS = (
    ("元(?!人)", "美元"), ("个?工作日", "个月"), ("(?<!19|20)(?<=[一二三四五六七八九十0-9])年(?![年度底末月])", "个月"), ("个月", "年"),
    ("小时", "天"), ("平方米", "平方公里"), ("立方米", "吨"), ("亩", "公顷"), ("兆瓦时", "吉瓦时"), ("千瓦时|度(?=[，。])", "吨标准煤"),
    ("(?<=万)吨", "公斤"), ("周?岁", "个月"), ("(?<=[0-9万])名?人(?!均)", "户"), ("(?<=[0-9])项", "亿元"),
)  # fmt: skip
_FLIPS = (
    (r"不得?超过|不高于|至多", "超过"), (r"不少于|不低于|不得少于|不得低于", "不足"), (r"(?<!不)(?<!不得)超过|突破|(?<!不)超(?=[\d一二三])", "不足"),
    (r"不足(?=[\d一二三四五六七八九十广])|不到(?=[\d一二三四五六七八九十广])|低于(?=\d)", "超过"), (r"(?<=[\d%元亩年家张])以上(?![\d一二三四五六七八九十])", "以下"),
    (r"(?<=[\d%元亩日])以下", "以上"), (r"至少", "至多"), (r"最高", "最低"), (r"最长", "最短"), (r"约(?=[\d])|大约是?(?=\d)|约为(?=\d)", "不足"),
    (r"近(?=\d)", "超"),
)  # fmt: skip
_DROPS = r"不超过(?=\d)|不得超过(?=\d|[^，。]{2,9}\d)|超过(?=\d|十)|(?<!未)突破(?=\d)|超(?=\d)|不足(?=\d)|不到(?=\d)|至少(?=\d|[要应为保一])|(?<=[\d%元亩张件个人])以上|(?<=[\d%元])以下|不少于(?=\d|六|两)|不低于(?=\d)|(?<=\d万)多(?=[名纳元])|(?<=\d)多(?=[个万])"
_ADD = r"(?<=[为达至到是降了])(?=\d[\d.,]*(?:%|亿|万|个|件|年|家))|(?<=长)(?=\d)|(?<=增加)(?=\d)"
_BODIES = (
    "国办发",
    "国发",
    "川办发",
    "川府发",
    "广安府发",
    "广安府函",
    "银发",
    "民函",
    "国统字",
    "广委发",
    "国土资源部",
    "四川省人民政府",
)
_TARGETS = (
    (r"力争达到", "已达到"), (r"要达到", "已达到"), (r"将达到", "已达到"), (r"拟(按|安排|连续)", r"已\1"), (r"要(在|比|初步)", r"已\1"),
    (r"预计(?!为)", "已有"), (r"将超过", "已超过"), (r"规划(的|机架|完成|建设)", r"已建成\1"), (r"预计为", "实际为"),
    (r"预期增长目标是", "实际增长"), (r"今年的目标是", "今年已实现"), (r"到((?:19|20)\d\d年[^。]{2,30}?)(达到|达|基本建成|为(?=\d))", r"截至\1已经\2"), (r"打算", "已经"), (r"想发展", "已建成"),
)  # fmt: skip
_FACTS = (
    (r"已(?!成)经?(?<!在已)(突破|超过|达|有|建成|出台)", r"计划\1"), (r"(?<![已不未力])(突破|超过|达到|降至|降到|提高到|增长了?|提升到)(?=近?\d|约\d)", r"力争\1"),
    (r"(?<=[长额件率费额比为])(为|占|达)(?=约?\d)", r"预计\1"), (r"共有(?=)", "计划建设"), (r"减少(?=\d)", "拟减少"), (r"投入(?=\d|社会)", "计划投入"), (r"实现(?=营收)", "预计实现"),
    (r"(印发|部署|确定|开展)了?(?=\d|《|首)", r"拟\1"), (r"节能(?=\d)", "预计节能"),
)  # fmt: skip
_NEGATED = (
    (r"(?<!不)(?<!未)应当?(?=[在自取协制履记每合为指立])", "无需"), (r"(?<!力争)(?<!不)(超过|突破|达到|提高到|降至|降到|增长|提升到)(?=近?\d)", r"未\1"),
    (r"(?<![不没未])(?<!不得)(提出|建成了?|受益|利用(?!率)|依靠|瞄准|印发(?!的)|惠及|废止|确定首批|废|投入商业|依托|避免了?|看?重视|选择|押注|推进|吸引|承接|汇集|走出|困|认为|写入了?)(?!者|权)", r"没有\1"),
    (r"不得|(?<!能)不(?=重视|愿|等于|多|能)", ""), (r"没有(?![，,]|这样|给出)|并不|未(?=列|超)", ""), (r"而不是", "也是"),
)  # fmt: skip
_MODAL = (
    ("不得", "可以"), ("应当", "可以"), ("应当", "不得"), ("(?<!还)可以(?!不|按)", "不得"), ("可以(?!按)", "应当"), ("要求?(?=达到|属于|按照)", "可以不"),
    ("须", "可以"), ("(?<=，)可以(?=并处)", "应当"),
)  # fmt: skip
_ANTONYMS = (
    ("增长", "下降"), ("提高", "降低"), ("增加", "减少"), ("减少", "增加"), ("降低", "提高"), ("下降", "上升"), ("降至|降到", "升至"),
    ("提升", "降低"), ("高出|高于|高(?=\\d)", "低于"), ("缩小", "扩大"), ("正面典型", "失败典型"), ("优势", "劣势"), ("允许", "禁止"), ("受益", "受损"),
    ("公开|开放", "封闭"), ("跑在(.{0,8})前面", r"落在\1后面"), ("缺乏|缺少", "具备"), ("(?<!不)重视(?!程)", "忽视"), ("同意", "反对"),
    ("浪费", "节约"), ("支持", "限制"), ("有效期届满失效|废止", "继续有效"), ("严重不足", "十分充足"), ("吸引", "排斥"), ("承接(?=东)", "拒绝"), ("便利|改善", "恶化"),
)  # fmt: skip
_QUANTIFIERS = (
    ("大部分", "所有"), ("部分(?=省份|数据)", "全部"), ("多数地区", "所有地区"), ("很多(?=省份|地区)", "全部"), ("任何组织和个人", "部分组织和个人"),
    ("不少地方", "全部地方"), ("一些", "所有"), ("首批", "第二批"), ("首位", "第二"), ("前列", "首位"), ("有条件", "无条件"), ("无条件", "有条件"),
    ("省级", "国家级"), ("国家级(?=和)", "市级"), ("(?<!不愿)只(?!当)", "不只"), ("仅", "不仅"),
)  # fmt: skip
_CLEAR = re.compile(
    r"应当|不得|可以|罚款|税率|征收率|期限|推荐|给予|奖励"
)  # rules: a place's name put first may follow


def _all(pairs: Sequence[tuple[str, str]], text: str) -> Iterator[str]:
    for old, new in pairs:
        for match in re.finditer(old, text):
            if not _quoted(text, match.start()):
                yield text[: match.start()] + match.expand(new) + text[match.end() :]


def _quoted(text: str, at: int) -> bool:
    return any(text.count(a, 0, at) > text.count(b, 0, at) for a, b in ("“”", "《》"))


def digit(text: str, evidence: Evidence) -> Iterator[str]:
    """Another first digit and another last one of every quantity."""
    for quantity in find_quantities(text):
        written = text[quantity.number_start : quantity.end]
        at = [i for i, c in enumerate(written) if c.isdigit() or c in _HAN_DIGITS]
        for i in dict.fromkeys(at[:1] + at[-1:]):
            old = written[i]
            new = str(int(old) % 9 + 1) if old.isdigit() else _HAN_DIGITS[(_HAN_DIGITS.index(old) + 1) % 9]
            place = quantity.number_start + i
            yield text[:place] + new + text[place + 1 :]


def unit(text: str, evidence: Evidence) -> Iterator[str]:
    """Another unit of the same number: 元 as 美元, 工作日 as 个月."""
    for quantity in find_quantities(text):
        for old, new in _UNITS:
            if match := re.search(rf"(?:{old})", text[quantity.number_start : quantity.end]):
                start = quantity.number_start + match.start()
                yield text[:start] + new + text[start + len(match[0]) :]
                break


def magnitude(text: str, evidence: Evidence) -> Iterator[str]:
    """亿 as 万 and the other way round; a factor of ten thousand put in."""
    for quantity in find_quantities(text):
        written = text[quantity.number_start : quantity.end]
        for i, c in enumerate(written):
            place = quantity.number_start + i
            if c in "亿万":
                new = "" if c == "亿" and written[i - 1 : i] == "万" else {"亿": "万", "万": "亿"}[c]
                yield text[:place] + new + text[place + 1 :]


def percent_point(text: str, evidence: Evidence) -> Iterator[str]:
    """65% as 65个百分点 and the other way round."""
    yield from _all((("[%％]", "个百分点"), ("个百分点", "%"), ("百分之([一-十零百]+)", r"\1个百分点")), text)


def comparator(text: str, evidence: Evidence) -> Iterator[str]:
    """超 as 不足, 以上 as 以下, 至少 as 至多."""
    yield from _all(_FLIPS, text)


def comparator_dropped(text: str, evidence: Evidence) -> Iterator[str]:
    """A bound stated as the number itself."""
    yield from _all(((_DROPS, ""),), text)


def comparator_added(text: str, evidence: Evidence) -> Iterator[str]:
    """A number stated as a bound; 约 adds nothing, so it is not made."""
    bare = [q.number_start for q in find_quantities(text) if not q.comparator and q.value_high is None]
    for match in re.finditer(_ADD, text):
        if match.start() in bare:
            yield from (text[: match.start()] + word + text[match.start() :] for word in ("超过", "不足"))


def year(text: str, evidence: Evidence) -> Iterator[str]:
    """The year before and the year after; another plan, quarter or half."""
    for match in re.finditer(r"(?<![\d〔\[（(])((?:19|20)\d\d)(?=[财年—-])", text):
        if not _quoted(text, match.start()):
            for step in (-1, 1):
                yield text[: match.start()] + str(int(match[1]) + step) + text[match.end() :]
    yield from _all(
        (("十三五", "十四五"), ("十五五", "十四五"), ("第?一季度", "二季度"), ("近五年", "近十年"), ("今年", "去年")),
        text,
    )


def year_added(text: str, evidence: Evidence) -> Iterator[str]:
    """A year that no source gives."""
    if find_periods(text) or re.search("今年|近.年|期间", text) or _CLEAR.search(text) or not _amounts(text):
        return
    yield from (f"{y}年，{text}" for y in ("2019", "2031"))


def place(text: str, evidence: Evidence) -> Iterator[str]:
    """Another place of the same level instead of each that is named."""
    source = evidence.text + evidence.hit.source.title
    for mention in find_regions(text):
        if mention.code == "CN" or _quoted(text, mention.start) or OWN_NUMBER.search(text[mention.start :][:16]):
            continue
        level = "group" if mention.kind == "unnamed" else region(mention.code).level
        others = {"city": ("宁波", "洛阳"), "group": ("河北", "东北")}.get(level, ("河北", "云南"))
        for other in others:
            if other not in source:
                tail = mention.text[-1] if mention.text[-1] in "省市" else ""
                yield text[: mention.start] + other + tail + text[mention.end :]


def national_as_provincial(text: str, evidence: Evidence) -> Iterator[str]:
    """The nation's figure given to a province."""
    mentions = [m for m in find_regions(text) if m.code == "CN" and not is_object(text, m)]
    for mention in mentions:
        yield from (text[: mention.start] + other + text[mention.end :] for other in ("贵州", "浙江"))
    nation = set(evidence.sentence.regions) <= {"CN"} and {s for f in evidence.sentence.figures for s in f.scopes} <= {
        "CN"
    }
    if nation and not find_regions(text) and _amounts(text) and not _CLEAR.search(text):
        yield from (f"{other}{text}" for other in ("贵州省", "浙江省"))


def provincial_as_national(text: str, evidence: Evidence) -> Iterator[str]:
    """A province's, a city's or an unnamed body's statement given to the nation."""
    for mention in find_regions(text):
        if (
            mention.code != "CN"
            and not is_object(text, mention)
            and not _quoted(text, mention.start)
            and (
                text[mention.end : mention.end + 1] not in "、和与委府"
                and text[mention.start - 1 : mention.start] not in "、和与"
            )
        ):
            yield text[: mention.start] + "全国" + text[mention.end :]
    if not find_regions(text) and re.search("全市|全省", text):
        yield re.sub("全市|全省", "全国", text)


def target_as_actual(text: str, evidence: Evidence) -> Iterator[str]:
    """An aim told as reached."""
    if not evidence.sentence.figures or any(f.kind != "实际值" for f in evidence.sentence.figures):
        yield from _all(_TARGETS, text)


def actual_as_target(text: str, evidence: Evidence) -> Iterator[str]:
    """A fact told as an aim or a forecast."""
    if all(f.kind == "实际值" for f in evidence.sentence.figures) and not _CLEAR.search(text):
        yield from _all(_FACTS, text)


def negation(text: str, evidence: Evidence) -> Iterator[str]:
    """The denial of what is said, and what is said instead of its denial."""
    yield from _all(_NEGATED, text)


def modality(text: str, evidence: Evidence) -> Iterator[str]:
    """应当 as 可以, 不得 as 可以, 可以 as 不得."""
    yield from _all(_MODAL, text)


def antonym(text: str, evidence: Evidence) -> Iterator[str]:
    """增长 as 下降, 正面 as 反面."""
    yield from _all(_ANTONYMS, text)


def quantifier(text: str, evidence: Evidence) -> Iterator[str]:
    """部分 as 全部, 首批 as 第二批, 省级 as 国家级."""
    yield from _all(_QUANTIFIERS, text)


def document_number(text: str, evidence: Evidence) -> Iterator[str]:
    """Another number, year or body of a 文号."""
    for match in re.finditer(r"(?<=[〔\[（(])(20\d\d)(?=[〕\]）)])", text):
        yield text[: match.start()] + str(int(match[1]) - 1) + text[match.end() :]
    for match in re.finditer(r"(?:(?<=[〕\]）)])|(?<=令第))(\d+)(?=号)", text):
        for new in (match[1] + "1", str(int(match[1]) % 9 + 1) + match[1][1:]):
            yield text[: match.start()] + new + text[match.end() :]
    for body in _BODIES:
        if named := re.search(rf"(?<![一-龥]){body}(?=[〔\[（(]|令)|(?<=按照|依据|根据){body}(?=[〔\[（(])", text):
            yield text[: named.start()] + ("国发" if body != "国发" else "国办发") + text[named.end() :]


def quotation(text: str, evidence: Evidence) -> Iterator[str]:
    """A character of a quotation or of a document's name left out, or two of them changed about."""
    for match in re.finditer(r"[“《]([^”》]{4,80})[”》]", text):
        middle = (match.start(1) + match.end(1)) // 2
        if text[middle] not in "“”《》":
            yield text[:middle] + text[middle + 1 :]
        if text[middle] != text[middle - 1] and not set(text[middle - 1 : middle + 1]) & set("“”《》"):
            yield text[: middle - 1] + text[middle] + text[middle - 1] + text[middle + 1 :]


def _amounts(text: str) -> bool:
    return any(True for _ in find_quantities(text))


OPERATORS: dict[str, Operator] = {
    "digit": digit, "unit": unit, "亿/万": magnitude, "%/百分点": percent_point, "comparator": comparator,
    "comparator dropped": comparator_dropped, "comparator added": comparator_added, "year": year, "year added": year_added,
    "region": place, "national as provincial": national_as_provincial, "provincial as national": provincial_as_national,
    "target as actual": target_as_actual, "actual as target": actual_as_target, "negation": negation, "modality": modality,
    "antonym": antonym, "quantifier": quantifier, "文号": document_number, "quotation": quotation,
    "denial": false_denials,
}  # fmt: skip

_ENGLISH: dict[str, tuple[tuple[str, str], ...]] = {
    "million/billion": (("million", "billion"), ("billion", "million"), ("trillion", "billion"), (r"(?<=\d),000(?=\s)", ""), (r"(?<=\d),000(?!,)", ",000,000")),
    "%/percentage points": ((r"(?<=\d)%", " percentage points"), (r" percentage points", "%")),
    "comparator": ((r"more than|\bover(?= \d)|exceeded", "less than"), ("below", "above"), ("around|about", "less than"), ("up to", "at least")),
    "comparator dropped": (("(?<=d )more than |(?<=s )more than |^More than |over (?=\\d)|below (?=\\d)", ""),),
    "unit": (("yuan", "dollars"), ("kWh", "tonnes")),
    "year": ((r"20(\d)\d(?=[ ,.])", r"20\g<1>1"), ("2024|2025|2020|2023|2030", "2028"), ("first quarter", "third quarter")),
    "region": (("Guizhou(?='s| )", "Yunnan"), ("China('s| )(?!mainland)", r"Zhejiang\1"), ("Hefei", "Ningbo"), ("Guangdong and Zhejiang", "Hunan and Hubei"), ("(?i:the )?national(?= average)", "Guizhou's"), ("Guang'an", "Chengdu")),
    "target as actual": (("plans(?= more)", "has built"), ("plans an", "has achieved an"), ("target is", "actual result was"), ("is planned at", "reached"), ("are expected this year", "graduated this year"), ("is to (rise|account)", r"has already \1"), ("aims for", "has reached")),
    "actual as target": (("(?<=o )exceeded|exceeded", "plans to exceed"), ("had(?= revenue| 3)", "aims for"), ("(fell|rose) to", r"is planned to reach"), ("created", "plans to create"), ("were granted", "are planned"), ("invested", "plans to invest"), ("consumed", "is projected to consume")),
}  # fmt: skip


def _english_digit(text: str, evidence: Evidence) -> Iterator[str]:
    for match in re.finditer(r"(?<![\d.,-])(?!(?:19|20)\d\d(?![\d,%.]\d|%))(?<!5)\d[\d.,]*(?<![.,])(?!G)", text):
        yield text[: match.start()] + str(int(match[0][0]) % 9 + 1) + text[match.start() + 1 :]


def _english(name: str) -> Operator:
    return lambda text, evidence: _all(_ENGLISH[name], text)


ENGLISH: dict[str, Operator] = {
    "digit": _english_digit, **{name: _english(name) for name in _ENGLISH}, "denial": english_false_denials,
}  # fmt: skip


def other_citations(text: str, cited: Evidence, pool: Sequence[Evidence], most: int = 3) -> list[Evidence]:
    """The sentences of `pool` that are most like `text` and do not say what the cited one says: wrong citations."""
    said, grams = _grams(cited.text), _grams(text)
    ranked = sorted(
        (
            e
            for e in pool
            if e.key != cited.key and len(_grams(e.text) & said) < 0.4 * min(len(said), len(_grams(e.text)) or 1)
        ),
        key=lambda e: -len(_grams(e.text) & grams),
    )
    return ranked[:most]


def _grams(text: str) -> set[str]:
    bare = re.sub(r"[^一-龥A-Za-z0-9]", "", text)
    return {bare[i : i + 2] for i in range(len(bare) - 1)}
