"""What a sentence says that no source says (资料未披露…): the denials of a sentence, and what each denies."""

import re
from dataclasses import dataclass

from app.verification.clauses import HAN

_SOURCES = r"(?:现有|已有|所给|上述|以上|给出|提供|引用|这些|各|该|本|任何|所有|相关|有关|的)*(?:资料|材料|文中|原文|来源|文件|文章|报告|简报|句子)(?:[里中内])?"
_SAYS = r"(?:披露|提供|给出|提及|提到|说明|公布|公开|谈及|谈到|载明|列出|列明|写明|交代|透露|显示|反映|记载|讲明?|说)(?:过|了)?"
_NOT = r"(?:未能?|没能?有?|无(?=资料|任何|材料))"
_DENIAL = re.compile(
    rf"(?P<whose>.*?)(?:{_NOT}(?:{_SOURCES})?(?:明确|直接|单独|进一步|专门|能够?)*{_SAYS})(?P<asked>.*)"
)
SOURCES_OWN = re.compile(rf"{_NOT}{_SAYS}")  # a source tells of somebody who did not say
_ENGLISH = re.compile(
    r"\b(?:no (?:source|document|text|sentence)s?|none of the (?:source|document|text)s|nothing in the (?:source|document|text)s"
    r"|(?:source|document|text|material)s? (?:do|does|did) not)\s+(?:disclos|stat|giv|sa[iy]|mention|report|provid|contain|specif)\w*\s+(?P<asked>[^;.]+)"
    r"|(?P<before>[^;.]+?) (?:is|are|was|were) not (?:disclosed|stated|given|mentioned|reported|provided|specified)\b",
    re.I,
)
_CLAUSE = re.compile(
    r"(?:[^，,。；;：:（）()！!？?\n]|[（(](?:[A-Za-z\d+-]{1,12}|[省市县区州])[）)])+"
)  # 电能利用效率（PUE）
# What stands around the words for what is denied. 成都 and 就业 are none.
_BEFORE = re.compile(rf"^(?:{_SOURCES}|但是?|而|不过|然而|此外|同时|关于|对于|至于|目前|在|则|并|也|还)+")
_BEHIND = re.compile(rf"(?:{_SOURCES}|目前|[均也并尚仍还则暂]|(?<![成首])都|在)+$")
_HEAD_FRAME = re.compile(r"^(?:有关|关于|相关的?|任何|具体的?|确切的?|准确的?|其)+(?!部门|规定|措施)")
_TAIL_FRAME = re.compile(
    r"(?:是|为|有|达)?(?:多少(?:亿|万)?[元个家人台张所]?|如何|怎样|什么)$|的?(?:具体|相关|确切|准确|详细|有关|直接)?的?(?:数据|数字|数值|信息|内容|资料|统计|情况|水平|金额|数额)$"
)
_EXACT = re.compile(r"具体|确切|准确|精确")


@dataclass(frozen=True, slots=True)
class Denial:
    """A clause that denies that the sources say something: what, as written; where it begins; whether it wants the exact number."""

    start: int
    asked: str  # "" where it is left to the question
    exact: bool = False
    number: bool = False  # whether it wants a number of what stands before it: …，未给出具体数字


def find_denials(claim: str) -> list[Denial]:
    """The denials of a sentence, in order. What stands before a bare one (关于…，资料未披露) is what it denies."""
    if not HAN.search(claim):
        return [Denial(m.start(), (m["asked"] or m["before"]).strip()) for m in _ENGLISH.finditer(claim)]
    found, before = list[Denial](), ""
    for clause in _CLAUSE.finditer(claim):
        match = _DENIAL.fullmatch(clause[0].strip())
        if match is None:
            before = clause[0]
            continue
        asked, whose = _bare(match["asked"]), _subject(match["whose"])
        number = not asked and not whose and bool(match["asked"].strip())
        if not asked and not whose:
            whose = _subject(before)
        exact = bool(_EXACT.search(whose + match["asked"]))
        found.append(Denial(clause.start(), f"{whose}{asked}", exact, number))
    return found


def _bare(asked: str) -> str:
    last = ""
    while last != asked:
        last, asked = asked, _TAIL_FRAME.sub("", _HEAD_FRAME.sub("", asked)).strip().removesuffix("的")
    return asked


def _subject(words: str) -> str:
    """What stands before the denial without its source and its conjunctions: 贵州 of 但资料对贵州均, 利用率 of 关于利用率."""
    return _BEHIND.sub("", _BEFORE.sub("", words.strip()))
