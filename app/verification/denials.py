"""What a sentence says that no source says (资料未披露…): it stands only if none of the sources shown states it.

What is denied is read as a question and put to the figures (app.retrieval.matching): one of the same measure, owner, time and
kind answers it, so the denial is false. What is denied as a whole statement is false where a source supports that statement.
A denial of the source's own (the sentence itself says 未提供) is a statement, and not looked at here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.retrieval.evidence import names_loosely
from app.retrieval.matching import match_figures, measures_asked, period_fits
from app.types import Evidence, Query
from app.understanding.measures import head_spans
from app.understanding.understand import understand
from app.verification.clauses import HAN, whole_of
from app.verification.numbers import figures_of, same_amount
from ingest.errors import InputError
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions, relation
from ingest.lexical import cut, normalise
from ingest.types import Figure

_PERIOD = r"(?:(?:19|20)\d{2}\s?年|Q[1-4]|\d{1,2}月(?!\d))"
_SOURCES = r"(?:现有|已有|所给|上述|以上|给出|提供|引用|这些|各|该|本|任何|所有|相关|有关|的)*(?:资料|材料|文中|原文|来源|文件|文章|报告|简报|句子)(?:[里中内])?"
_SAYS = r"(?:披露|提供|给出|提及|提到|说明|公布|公开|谈及|谈到|载明|列出|列明|写明|交代|透露|显示|反映|记载|讲明?|说)(?:过|了)?"
_NOT = r"(?:未能?|没能?有?|无(?=资料|任何|材料))"
_DENIAL = re.compile(
    rf"(?P<whose>.*?)(?P<denies>{_NOT}(?:{_SOURCES})?(?:明确|直接|单独|进一步|专门|能够?)*{_SAYS})(?P<asked>.*)"
)
_SOURCES_OWN = re.compile(rf"{_NOT}{_SAYS}")
_OWN = re.compile(r"不是(?P<whose>[^，,。；;\d]{0,12}?)(?:自身|本身|自己)的(?:数字|数据|情况)")
_ENGLISH = re.compile(
    r"\b(?:no (?:source|document|text|sentence)s?|none of the (?:source|document|text)s|nothing in the (?:source|document|text)s"
    r"|(?:source|document|text|material)s? (?:do|does|did) not)\s+(?:disclos|stat|giv|sa[iy]|mention|report|provid|contain|specif)\w*\s+(?P<asked>[^;.]+)"
    r"|(?P<before>[^;.]+?) (?:is|are|was|were) not (?:disclosed|stated|given|mentioned|reported|provided|specified)\b",
    re.I,
)
_CLAUSE = re.compile(r"(?:[^，,。；;：:（）()！!？?\n]|[（(][A-Za-z\d+-]{1,12}[）)])+")  # 电能利用效率（PUE）
_JOINTS = re.compile(rf"{_SOURCES}|但是?|而(?!言)|不过|然而|此外|同时|关于|对于|至于|目前|[均都也并尚仍还则就]")
_HEAD_FRAME = re.compile(r"^(?:有关|关于|相关的?|任何|具体的?|确切的?|准确的?|其)+(?!部门|规定|措施)")
_TAIL_FRAME = re.compile(
    r"(?:是|为|有|达)?(?:多少(?:亿|万)?[元个家人台张所]?|如何|怎样|什么)$|的?(?:具体|相关|确切|准确|详细|有关|直接)?的?(?:数据|数字|数值|信息|内容|资料|统计|情况|水平|金额|数额)$"
)
_EXACT = re.compile(r"具体|确切|准确|精确")
# 贵州的机架的目标值: the kind that is asked for.
_KIND = re.compile(
    r"的?(?:(?P<aim>(?:规划|计划|预期|发展)?目标|计划|规划|预期|预测|预计)|(?P<fact>实际(?:完成|达到)?|完成))(?:值|数|量|情况)?$"
)
_ENGLISH_POINTER = re.compile(r"\b(?:the|this|that) (?:province|city|region|company)(?:'s)?", re.I)
_THIS = re.compile(
    r"^(?:this|that|it|these|the|such an?)(?: (?:figure|number|rate|value|data|information|answer)s?)?(?= for| of| in|$)",
    re.I,
)
_POINTER = re.compile(r"该[省市县区地]|当地|本[省市县地]")
# A finer split than a total gives, or how it was made.
_FINER = re.compile(
    r"各(?:地区?|省|市|州|县|区|行业|领域|企业|项|类|部分|年度?|季度|月)|分(?:行业|地区|市|省|年度?|季度|项|类|部门|企业|领域)|按[^的]{1,6}(?:划分|分)|逐[年月]"
    r"|每(?:家|个|年|月)|细分|明细|构成|结构|分布|名单|(?:计算|统计|测算|核算)(?:方法|口径|方式)|(?:统计|计算|核算)口径|\b(?:by (?:city|province|region|industry|sector|year|quarter)|breakdown|broken down|each|per|how it (?:is|was))\b|(?:具体|个别|单个)(?:省|市|地区|企业)|变化(?:趋势|情况)?|趋势|排名|依据|来源"
)
_NAMED = 0.6  # share of a statement's own words, by length, that must stand in the source


@dataclass(frozen=True, slots=True)
class Denial:
    """A clause that denies that the sources say something: what, as written; where it begins; whether it wants the exact number."""

    start: int
    asked: str  # "" where it is left to the question
    words: str  # of the denial itself: 未提供
    exact: bool = False
    number: bool = False  # whether it wants a number of what stands before it: …，未给出具体数字


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is denied, read as a question."""

    text: str
    denied: Query
    named: bool  # whether it names its owner itself
    query: Query  # the question that was asked
    kind: str  # aim, fact, "" where none is asked for
    exact: bool
    statement: bool  # whether the claim itself says what is denied, and not only that it has no number


def find_denials(claim: str) -> list[Denial]:
    """The denials of a sentence, in order. What stands before a bare one (关于…，资料未披露) is what it denies."""
    if not HAN.search(claim):
        return [Denial(m.start(), (m["asked"] or m["before"]).strip(), m[0]) for m in _ENGLISH.finditer(claim)]
    found, before = list[Denial](), ""
    for clause in _CLAUSE.finditer(claim):
        match = _DENIAL.fullmatch(clause[0].strip())
        if match is None:
            before = clause[0]
            continue
        asked, written = _bare(match["asked"]), _JOINTS.sub("", match["whose"]) + match["asked"]
        whose = _JOINTS.sub("", match["whose"]).strip()
        number = not asked and not whose and bool(match["asked"].strip())
        if not asked and not whose:
            whose = _JOINTS.sub("", before)
        found.append(Denial(clause.start(), f"{whose}{asked}", match["denies"], bool(_EXACT.search(written)), number))
    return found


def _bare(asked: str) -> str:
    last = ""
    while last != asked:
        last, asked = asked, _TAIL_FRAME.sub("", _HEAD_FRAME.sub("", asked)).strip().removesuffix("的")
    return asked


def denials_stand(
    claim: str, shown: Sequence[Evidence], query: Query, supports: Callable[[str, Evidence], bool]
) -> bool:
    """Whether nothing that a claim denies is stated by a source shown; `supports` checks a statement against one."""
    if not all(_owner_stands(claim, m, shown, query) for m in _OWN.finditer(claim)):
        return False
    for denial in find_denials(claim):
        if _tells_itself(denial, claim):
            return False
        asked = _read(denial, claim, query)
        sources = [e for e in shown if not _SOURCES_OWN.search(e.text)]
        if asked and any(_is_stated(asked, e, supports) for e in sources):
            return False
    return True


def _tells_itself(denial: Denial, claim: str) -> bool:
    """Whether an English claim goes on with a number in the words that it denies: no source discloses X; X was 5%."""
    words = re.findall(r"[a-z]{4,}|\d+", denial.asked.lower())
    rest = claim[denial.start :].lower().partition(denial.asked.lower())[2]
    return not HAN.search(claim) and bool(words) and bool(re.search(r"\d", rest)) and all(w in rest for w in words)


def denies_question(claim: str, query: Query) -> bool:
    """Whether what a claim denies is what the question asks for, not a part of it or more than it."""
    for denial in find_denials(claim):
        asked = _read(denial, claim, query)
        if not denial.asked:
            return True
        if asked is None or asked.exact or _FINER.search(asked.text):
            continue
        denied, question = asked.denied, normalise(f"{query.text} {query.translated}")
        same_time = not denied.periods or denied.periods == query.periods
        same = set(denied.regions) == set(query.regions) and same_time and set(denied.heads) == set(query.heads)
        words = normalise(f"{asked.text} {denied.translated}")
        if same and all(_named(words, t) for t in query.terms) and all(_named(question, t) for t in denied.terms):
            return True
    return False


def _named(text: str, term: str) -> bool:
    return any(names_loosely(text, word) for word in term.split("|"))


def _owner_stands(claim: str, match: re.Match[str], shown: Sequence[Evidence], query: Query) -> bool:
    """不是贵州自身的数字: the figure told before it must not be stated for that owner."""
    told = [f for f in figures_of(claim, query) if f.end <= match.start()]
    named = [m.code for m in find_regions(match["whose"])] or list(query.regions)
    stated = [f for e in shown for f in e.sentence.figures if told and same_amount(told[-1], f)]
    return not any(relation(code, scope) == "same" for code in named for f in stated for scope in f.scopes)


def _read(denial: Denial, claim: str, query: Query) -> _Asked | None:
    """What is denied as a question; owner and time are taken from what stands before it and from the question if unsaid."""
    text = denial.asked or query.text
    kind = _KIND.search(text)
    plain = _ENGLISH_POINTER.sub("", re.sub("幅度$", "多少", text[: kind.start()] if kind else text))
    try:
        denied = understand(plain, language=query.language)
    except InputError:  # nothing but marks
        return None
    if _THIS.search(plain) or (HAN.search(plain) and not denied.heads and not denied.terms):
        denied = replace(query, regions=denied.regions, periods=denied.periods)  # 贵州的数字: the question's measure
    pointer = bool(_POINTER.search(text))  # 该省 is not the nation that was spoken of before
    before = (m.code for m in find_regions(claim[: denial.start]))
    earlier = tuple(dict.fromkeys(code for code in before if not (pointer and code == "CN")))
    return _Asked(
        text, replace(denied, regions=denied.regions or earlier or query.regions), bool(denied.regions), query,
        kind.lastgroup or "" if kind else "", denial.exact, bool(denial.asked) and not denial.number,
    )  # fmt: skip


def _is_stated(asked: _Asked, source: Evidence, supports: Callable[[str, Evidence], bool]) -> bool:
    if any(m[0] not in source.text for m in _FINER.finditer(asked.text)):
        return False
    amount = any(True for _ in find_quantities(asked.text))
    if (not amount or not asked.statement) and any(_answers(f, asked, source) for f in source.sentence.figures):
        return True
    if not HAN.search(asked.text) or not asked.statement or (not amount and _asks_number(asked, source)):
        return False
    return _of_pointed(asked, source) and _names_all(asked.text, source) and supports(f"{asked.text}。", source)


def _of_pointed(asked: _Asked, source: Evidence) -> bool:
    """Whether a source speaks of the place that 该省 points to: a local one, that of the question if it names one."""
    if not _POINTER.search(asked.text):
        return True
    spoken = [code for code in source.sentence.regions if code != "CN"]
    regions = asked.denied.regions
    return any(not regions or any(relation(code, own) == "same" for code in regions) for own in spoken)


def _asks_number(asked: _Asked, source: Evidence) -> bool:
    """Whether only a figure could state what is denied: it ends with a measure, or names one that the source has of others."""
    measured = [f for f in source.sentence.figures if measures_asked(asked.denied, source, f)]
    return (
        bool(asked.kind)
        or len(asked.text) in {end for _, end, _ in head_spans(asked.text)}
        or (asked.named and any(not _is_owner(f, asked.denied.regions) for f in measured))
    )


def _is_owner(figure: Figure, regions: Sequence[str]) -> bool:
    return any(relation(code, scope) == "same" for code in regions for scope in figure.scopes)


def _answers(figure: Figure, asked: _Asked, source: Evidence) -> bool:
    """Whether a figure is what is denied: of the same measure, owner, time and kind."""
    if asked.exact and figure.comparator:
        return False  # no exact number is given
    if asked.kind and (asked.kind == "fact") != (figure.kind == "实际值"):
        return False
    regions = asked.denied.regions
    if not _is_owner(figure, regions):
        if asked.named or (not regions and figure.scopes == ("CN",) and _POINTER.search(asked.text)):
            return False
        hidden = any(not s.isascii() for s in figure.scopes) and set(regions) & set(source.sentence.regions)
        regions = () if hidden else regions  # 某家电企业 in a text on the place asked about
    years = [period[:4] for period in asked.query.periods]
    titled = bool(years) and all(year in source.hit.source.title for year in years)  # 2024年政府工作报告 tells of 2023
    if not asked.denied.periods and figure.period and not titled and not period_fits(asked.query, figure.period):
        return False
    denied = replace(asked.denied, regions=regions)
    if not HAN.search(asked.text):
        return _may_answer(figure, denied, source)
    matches = match_figures(denied, [source], frozenset(denied.qualifiers))
    return any(m.fit == "own" and m.figure.start == figure.start for m in matches)


def _may_answer(figure: Figure, denied: Query, source: Evidence) -> bool:
    """Whether a figure may be what English words deny: where the glossary knows too few of them, they are taken for its own."""
    if denied.periods and not (figure.period and period_fits(denied, figure.period)):
        return False
    if denied.heads:
        return measures_asked(denied, source, figure)
    return not denied.terms or any(_named(normalise(source.text), term) for term in denied.terms)


def _names_all(asked: str, source: Evidence) -> bool:
    """Whether the words of a denied statement are the source's by far, and what it ends with (…的原因) is named."""
    around = normalise(f"{source.text} {source.hit.source.title} {' '.join(source.hit.chunk.headings)}")
    around += " ".join(f"{' '.join(f.scopes)} {f.scope_text}" for f in source.sentence.figures)
    words = [w for w in cut(whole_of(asked).words) if len(w) > 1]
    named = sum(len(w) for w in words if names_loosely(around, w))
    last = normalise(asked).rpartition("的")[2]
    tail = [] if any(True for _ in find_quantities(last)) else [w for w in cut(last) if len(w) > 1]
    return named >= _NAMED * sum(map(len, words)) and (not tail or any(names_loosely(around, w) for w in tail))
