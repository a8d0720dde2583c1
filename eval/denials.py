"""Sentences that say what the sources do not say: false ones made of what a source states, and right ones beside them. Pure.

A false denial names what its evidence states, with the owner, the time and the kind that it is stated for; a right one asks
for another owner, another time, another kind or more detail than the evidence gives.
"""

import re
from collections.abc import Callable, Iterator

from app.types import Evidence
from app.understanding.measures import find_heads
from app.verification.numbers import same_amount
from ingest.facts.figures import find_figures, find_periods
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import display, find_regions
from ingest.types import Figure

_FRAMES = (
    "资料未披露{}。", "没有资料说{}是多少。", "资料未提供{}的数据。", "文中没有给出{}。", "资料均未提及{}。", "关于{}，资料未披露。",
)  # fmt: skip
_OF_RULES = ("资料未披露{}。", "没有资料说{}。", "资料未说明{}。")
_CLAUSE = re.compile(r"[^，；。：]{8,}")
# Parts of a sentence that state nothing by themselves: a condition, who says it, a time.
_NO_STATEMENT = re.compile(
    r"的$|^(?:文章|报告|情节|对|按照|根据|截至|到20|在|从|其中|作为|围绕|由于|因)|认为$|中$|《|“|时$|后$|为例$|号|^20\d\d年(?:\d+月)?$"
)
_VERB_AT_HEAD = re.compile(
    r"^(?:处|由|应当|是指|或者|不过|之日起|对|为|方面|规定|每|可以|第|但|其|较|完成|规定|有关|部署|印发)|应当|可以|拟|至$|之$|之日起|提请|惠及|受益"
)
_CHANGES = re.compile(r"(?:增长|提高|增加|下降|降低|减少|提升|缩短)$")
_PERIOD = re.compile(r"((?:19|20)\d\d)(?:Q([1-4]))?")
_ASPECTS = ("原因", "负责人", "资金来源")
_FAR = ("青海", "海南", "宁夏")
_ENGLISH_SUBJECT = re.compile(
    r"^(?:(?P<when>(?:In|By) (?:the end of )?20\d\d),? )?(?P<what>[A-Z]?[^,.\d]{6,70}?)"
    r" (?:was|were|is|are|fell to|rose to|averaged|is below|accounts? for|exceeded|is to rise)\b[^.]*\d"
)


def false_denials(text: str, evidence: Evidence) -> Iterator[str]:
    """What the evidence states, told as not disclosed: alone, before the true sentence, and as somebody else's."""
    for figure in _told(text, evidence):
        asked = _asked(_owner(figure, evidence), figure.period, figure)
        yield from (frame.format(asked) for frame in _FRAMES)
        yield f"资料未披露{asked}；{text}"
        whose = {scope for f in evidence.sentence.figures for scope in f.scopes}
        if whose == set(figure.scopes) != {"CN"} and _owner(figure, evidence) in text:
            yield f"{text.rstrip('。')}（不是{_owner(figure, evidence)}自身的数字）。"
    for clause in _statements(text):
        yield from (frame.format(clause) for frame in _OF_RULES)


def right_denials(text: str, evidence: Evidence) -> Iterator[str]:
    """Denials of what the evidence does not state: of others, other times, other kinds, in more detail; alone and before it."""
    for figure in _told(text, evidence):
        for other in _others(figure, evidence):
            yield f"资料未披露{other}。"
            yield f"资料未披露{other}；{text}"
        if figure.scopes == ("CN",):
            yield f"资料未披露该省的{_noun(figure)}；{text}"
    for clause in _statements(text)[:1]:
        if not re.search("因|由于|为了|靠|负责|资金|投", evidence.text) and not any(
            True for _ in find_quantities(clause)
        ):
            yield from (f"资料未说明{clause}的{aspect}。" for aspect in _ASPECTS)


def english_false_denials(text: str, evidence: Evidence) -> Iterator[str]:
    """The subject of an English sentence with a figure, told as not disclosed."""
    for asked in _english_asked(text):
        yield f"No source discloses {asked}."
        yield f"The sources do not disclose {asked}."
        yield f"No source discloses {asked}; {text[0].lower()}{text[1:]}"


def english_right_denials(text: str, evidence: Evidence) -> Iterator[str]:
    """The same asked of a province that the evidence does not speak of, and of another year."""
    for asked in _english_asked(text):
        bare = re.sub(r" in 20\d\d$", "", asked)
        yield f"No source discloses {bare} in 2016; {text[0].lower()}{text[1:]}"
        if not find_regions(bare):
            yield f"No source discloses {bare} in Qinghai; {text[0].lower()}{text[1:]}"


def _english_asked(text: str) -> list[str]:
    found = _ENGLISH_SUBJECT.search(text)
    if found is None or found["what"].lower() == "the target":
        return []
    what = found["what"]
    head = what if find_regions(what[:12]) else what[0].lower() + what[1:]
    when = re.search(r"20\d\d", found["when"] or "")
    return [f"{head} in {when[0]}" if when else head]


def _told(text: str, evidence: Evidence) -> list[Figure]:
    """The figures of the evidence that a sentence tells and whose indicator can be named by itself."""
    told = find_figures(text)
    return [
        f for f in evidence.sentence.figures
        if any(same_amount(t, f) or t.value == f.value for t in told)
        and len(f.indicator) >= 3 and not _VERB_AT_HEAD.search(f.indicator) and f.role in {"水平", "变化"}
        and f.unit not in {"次", "分数"} and (find_heads(f.indicator) or len(f.indicator) >= 5) and f.scopes
    ]  # fmt: skip


def _noun(figure: Figure) -> str:
    return f"{figure.indicator}幅度" if _CHANGES.search(figure.indicator) else figure.indicator


def _owner(figure: Figure, evidence: Evidence) -> str:
    """The owner's name; "" for the nation where the evidence does not name it: 联想集团可再生电力占比 is not 全国的."""
    if figure.scopes == ("CN",) and not re.search("全国|国内|我国", evidence.text):
        return ""
    return "和".join(display(code) for code in figure.scopes)


def _when(period: str) -> str:
    found = _PERIOD.fullmatch(period)
    if found is None:
        return ""
    return f"{found[1]}年" + (f"第{'一二三四'[int(found[2]) - 1]}季度" if found[2] else "")


def _asked(owner: str, period: str, figure: Figure) -> str:
    """A figure's words with an owner and a time: 贵州2025年的算力产业的规模."""
    aim = {"目标值": "的目标值", "预测": "的预测值"}.get(figure.kind, "")
    lead = ("" if owner in figure.indicator else owner) + _when(period)
    return f"{lead}{'的' if lead else ''}{_noun(figure)}{aim}"


def _others(figure: Figure, evidence: Evidence) -> Iterator[str]:
    """What is asked for beside the figure and not given by it."""
    said, owner = evidence.text + evidence.hit.source.title, _owner(figure, evidence)
    if not find_regions(figure.indicator):
        yield _asked(next(name for name in _FAR if name not in said), figure.period, figure)
        if "CN" not in figure.scopes and not re.search("全国|国内|我国", said):
            yield _asked("全国", figure.period, figure)
    if figure.period:
        yield from (_asked(owner, year, figure) for year in ("2016", "2033") if year not in said)
    lead = owner + _when(figure.period)
    bare = f"{lead}{'的' if lead else ''}{_noun(figure)}"
    if figure.kind == "实际值" and not re.search("目标|规划|计划|预计", said):
        yield f"{bare}的目标值"
    if figure.kind == "目标值" and not find_periods(bare):
        yield f"{bare}的实际完成值"
    yield from (f"{lead}{finer}的{_noun(figure)}" for finer in ("各市", "分行业"))
    yield from (f"{bare}的{more}" for more in ("具体构成", "计算方法"))


def _statements(text: str) -> list[str]:
    return [m[0] for m in _CLAUSE.finditer(text) if not _NO_STATEMENT.search(m[0])]


DENIALS: tuple[Callable[[str, Evidence], Iterator[str]], ...] = (false_denials, right_denials)
