"""Follow-up questions made to stand alone, by rule: 那浙江呢？ takes its topic from the question before it."""

import re
from collections.abc import Sequence

from app.types import Turn
from ingest.facts.regions import Mention, find_regions
from ingest.lexical import fold

_ELLIPSIS_MARK = re.compile(r"呢[？?]*$|^那|^(?:and|what about|how about)\b|^换成|^再说说", re.I)
_PRONOUN = re.compile(
    r"它们|它|其(?!中|他|它|实|余)|该省|该市|该地区|该地|当地|那里|这里|这个省|该区域|\bits\b|\bit\b|\btheir\b|\bthere\b",
    re.I,
)
_VERSUS = re.compile(r"^(?:那么?|那)?(?:和|跟|与|同).{1,12}(?:比|相比|对比)")
_COURTESY = re.compile(r"^(?:好的?|谢谢|多谢|嗯|行|可以|明白了?|知道了?|ok|thanks|thank you)[。.!！]*$", re.I)
MAX_TURNS, MAX_TURN = 20, 2000  # questions looked back at, and characters of each
_FILLER = re.compile(
    r"那么?|呢|怎么样|如何|换成|再说说|和|与|、|的|省|市|in|what about|how about|and|[\s，,？?。.!！]", re.I
)
_PERIOD = re.compile(r"(?<!\d)(?:19|20)\d{2}年?(?:第?[一二三四1-4]季度|Q[1-4]|[上下]半年)?|十[一二三四五六]五")
_LEAD = re.compile(r"^(?:那么?|那)[，, ]*")


def stand_alone(text: str, history: Sequence[Turn]) -> str:
    """Return `text` with what it leaves out taken from the last question that stands on its own.

    `text` is folded already. Without history, or with nothing to fill in, it comes back as it is.
    """
    asked = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    earlier = [fold(content[:MAX_TURN]) for content in asked[-MAX_TURNS:]]
    if not earlier:
        return text
    base = earlier[0]
    for question in earlier[1:]:
        base = _resolve(question, base)
    return _resolve(text, base)


def _resolve(text: str, base: str) -> str:
    mine, theirs = find_regions(text), find_regions(base)
    if not mine and (period := _only_period(text)):
        return _swap_period(base, theirs, period)
    names = "、".join(dict.fromkeys(mention.text for mention in theirs))
    if mine and theirs and _VERSUS.search(text):  # 和浙江比呢: both are meant now
        return "比较" + _swap_regions(base, theirs, (*theirs, *mine))
    if mine and _is_ellipsis(text, mine):
        return _swap_regions(base, theirs, mine)
    if mine and theirs and _PRONOUN.match(text):
        return _PRONOUN.sub(lambda _: names, text, count=1)
    if not mine and theirs:
        if _PRONOUN.search(text):
            return _PRONOUN.sub(lambda _: names, text, count=1)
        if (_ELLIPSIS_MARK.search(text) or len(text) <= 14) and not _COURTESY.match(text):
            return f"{names}{'' if _is_han(names) else ' '}{_strip(text)}"
    return text


def _is_ellipsis(text: str, mentions: tuple[Mention, ...]) -> bool:
    """Whether a question names regions and nothing else of substance."""
    rest = list(text)
    for mention in mentions:
        rest[mention.start : mention.end] = [""] * (mention.end - mention.start)
    return len(_FILLER.sub("", "".join(rest))) <= 1


def _only_period(text: str) -> str:
    """The period of a question that names one and nothing else (2024年呢？), "" otherwise."""
    match = _PERIOD.search(text)
    rest = _FILLER.sub("", text.replace(match[0], "", 1)) if match else text
    return match[0] if match and len(rest) <= 1 else ""


def _swap_period(base: str, theirs: tuple[Mention, ...], period: str) -> str:
    if _PERIOD.search(base):
        return _PERIOD.sub(lambda _: period, base, count=1)
    at = theirs[-1].end if theirs else 0
    return f"{base[:at]}{period}{base[at:]}"


def _swap_regions(base: str, theirs: tuple[Mention, ...], mine: tuple[Mention, ...]) -> str:
    names = "、".join(dict.fromkeys(mention.text for mention in mine))
    if not theirs:
        return f"{names}{base}"
    out, at = [], 0
    for number, mention in enumerate(theirs):
        out.append(base[at : mention.start])
        out.append(names if number == 0 else "")
        at = mention.end
    return re.sub(r"[、和与]+(?=[、和与的]|$)", "", "".join(out) + base[at:])


def _strip(text: str) -> str:
    return re.sub(r"呢[？?]*$", "", _LEAD.sub("", text))


def _is_han(text: str) -> bool:
    return "一" <= text[-1] <= "鿿"
