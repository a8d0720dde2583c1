"""Follow-up questions made to stand alone, by rule: 那浙江呢？ takes its topic from the question before it.

Only what the user asked is a source. Of the assistant's words one thing is used: which item of its list 第二点 means.
"""

import re
from collections.abc import Sequence

from app.types import Turn
from app.understanding.ellipsis import (
    asks_for_more,
    asks_why,
    depends,
    is_courtesy,
    is_elliptic,
    item_asked,
    only_article,
    only_place_and_time,
    point_of_reference,
    stem,
    subject,
)
from app.understanding.periods import without_periods
from app.understanding.places import mentions_of
from ingest.facts.numbers import find_quantities
from ingest.facts.period_words import HALF, ORDINAL, PLAN, RELATIVE_YEAR, YEAR
from ingest.facts.regions import Mention, display

MAX_TURNS = 20  # questions looked back at
_MAX_OWN = 20  # characters: in a longer question a pronoun may stand for something of its own
_MAX_ITEM = 60  # characters taken of an item that the user points to
_PERIOD = re.compile(
    rf"(?<!\d)(?:(?:{YEAR})年?|{'|'.join(RELATIVE_YEAR)})(?:的?(?:第?{ORDINAL}季度|Q[1-4]|{HALF}))?|{PLAN}|第?{ORDINAL}季度|Q[1-4](?!\d)|{HALF}"
)
_PART = re.compile(rf"第?{ORDINAL}季度|Q[1-4]|{HALF}")
_PRONOUN = re.compile(
    r"它们|他们|它|其(?!中|他|它|实|余|次)|(?:这|那|该)(?:两|几)?(?:个|座|些)?(?:省市|省|市|地区|区域|地方|地)(?!方)|当地|那里|那边|那儿|这里|这边|^其中"
    r"|\bits\b|\bit\b|\btheirs?\b|\bthem\b|\bthere\b",
    re.I,
)
_THAT_LAW = re.compile(
    r"(?:这|那|该|此|本)(?:一)?(?:部|个|项|份)?(?:法律|法规|条例|办法|规定|文件|政策|法|通知|规划|意见)|\bth(?:is|at) (?:law|regulation|act|document|measure)s?\b",
    re.I,
)
_VERSUS = re.compile(
    r"^(?:那么?|那)?(?:和|跟|与|同).{1,12}(?:比|相比|对比)|^(?:compared? (?:with|to)|versus|vs\.?)\b", re.I
)
_THAN = re.compile(r"^(?:那么?|那)?(?:是)?比.{1,12}(?:[高低多少强好快大]|怎么?样|如何)")
_LEAD = re.compile(r"^(?:那么|那|而|再)?[，, ]*(?:说说|看看|讲讲)?")
_NAMED = re.compile(r"《[^《》]{2,60}》")


def stand_alone(text: str, history: Sequence[Turn]) -> str:
    """Return `text` with what it leaves out taken from the last question that stands on its own.

    `text` and the user's turns are folded already. Without history, or with nothing to fill in, it comes back as it is.
    """
    turns = [turn for turn in history if turn.content.strip()]
    base = said = ""
    for turn in turns[-2 * MAX_TURNS :]:
        if turn.role == "assistant":
            said = turn.content
        elif not is_courtesy(turn.content):
            base, said = (_resolve(turn.content, base, said) if base else turn.content), ""
    return _resolve(text, base, said) if base and not is_courtesy(text) else text


def _resolve(text: str, base: str, said: str) -> str:
    """`text` made whole from `base`, which stands alone; `said` is the answer that was given to it."""
    mine, theirs = mentions_of(text), mentions_of(base)
    if (number := item_asked(text)) is not None:
        return _about_item(base, said, number)
    if asks_for_more(text):
        return base
    if article := only_article(text):
        return _with_article(base, article) or text
    if why := asks_why(text):
        return f"{base} {why}" if base.isascii() else f"{stem(base)}，{why}"
    if mine and _VERSUS.search(text):  # 和浙江比呢: both are meant now
        return _versus(base, theirs, mine)
    if mine and _THAN.search(text):
        return f"{stem(base)}{_LEAD.sub('', text)}"
    if only_place_and_time(text):
        return _swapped(text, base, mine, theirs)
    if not mine and _VERSUS.search(text) and _names_time(text):
        return f"{base} {text}" if base.isascii() else f"{stem(base)}{_LEAD.sub('', text)}"
    if point := point_of_reference(text):
        return f"{base} {text}" if base.isascii() else f"{stem(base)}{text[point:]}"
    return _with_owner(text, base, mine, theirs)


def _with_owner(text: str, base: str, mine: Sequence[Mention], theirs: Sequence[Mention]) -> str:
    """A question that lacks its owner with that of `base`: a document's name, its regions, or its subject."""
    names = _names(theirs, text)
    document = _NAMED.search(base) or re.match(r"[一-龥]{2,30}?(?:法|条例|办法|规定)(?=[第对中要讲里规的有，]|$)", base)
    if document and not mine and not _NAMED.search(text):
        if law := _THAT_LAW.search(text):
            return f"{text[: law.start()]}{document[0]}{text[law.end() :]}"
        if _PRONOUN.search(text):
            return _PRONOUN.sub(lambda _: document[0], text, count=1)
        if depends(text):
            return f"{document[0]}{_LEAD.sub('', text)}"
        return text
    pronoun = _PRONOUN.search(text)
    # 个人信息处理者应当怎样评估其影响: deep in a long question it stands for something of the question's own.
    if pronoun and (
        pronoun.start() == 0 or (not mine and (text.isascii() or len(text) <= _MAX_OWN or pronoun.start() < 6))
    ):
        name = names or subject(base)
        if not name or (mine and not theirs):
            return text
        owner = f"{name}'s" if pronoun[0].lower() in {"its", "their"} else name
        return f"{text[: pronoun.start()]}{owner}{text[pronoun.end() :]}"
    if mine or not depends(text):
        return text
    if names:
        period = _PERIOD.search(base)
        when = period[0] if period and is_elliptic(text) and not _names_time(text) else ""
        rest = _LEAD.sub("", text)
        return f"{names} {when} {rest}".replace("  ", " ") if text.isascii() else f"{names}{when}{_no_tail(rest)}"
    return f"{name}{_no_tail(_LEAD.sub('', text))}" if (name := subject(base)) else text


def _names_time(text: str) -> bool:
    """Whether `text` names a period in any way."""
    return without_periods(text) != text


def _swapped(text: str, base: str, mine: Sequence[Mention], theirs: Sequence[Mention]) -> str:
    """`base` for the places and the time that `text` names, and nothing else of it changed."""
    bare = text
    for mention in mine:
        bare = bare[: mention.start] + " " * len(mention.text) + bare[mention.end :]
    if period := _PERIOD.search(bare):
        base = _swap_period(base, theirs, period[0])
    elif year := re.search(rf"\b{YEAR}\b", bare):
        base = _swap_period(base, theirs, year[0])
    return _swap_regions(base, mentions_of(base), mine) if mine else base


def _swap_period(base: str, theirs: Sequence[Mention], period: str) -> str:
    found = _PERIOD.search(base)
    if found and _PART.fullmatch(period) and (part := _PART.search(found[0])):  # 下半年呢: of the same year
        period = found[0][: part.start()] + period
    if found:
        return f"{base[: found.start()]}{period}{'年' if _needs_year(found[0], period) else ''}{base[found.end() :]}"
    at = theirs[-1].end if theirs else 0
    if base.isascii():
        return f"{base.rstrip('?. ')} in {period}?"
    return f"{base[:at]}{period}{base[at:]}"


def _needs_year(old: str, new: str) -> bool:
    return old.endswith("年") and new.isdigit()


def _swap_regions(base: str, theirs: Sequence[Mention], mine: Sequence[Mention]) -> str:
    names = _names(mine, base)
    if not theirs:
        return f"{names}{base}" if not base.isascii() else f"{base.rstrip('?. ')} in {names}?"
    if len(mine) == 1 and len(theirs) > 1:  # of a comparison only the topic is left
        base = re.sub(r"^(?:请)?(?:比较|对比)(?:一下)?", lambda m: " " * len(m[0]), base)
    out, at = [], 0
    for number, mention in enumerate(theirs):
        out.append(base[at : mention.start])
        out.append(names if number == 0 else "")
        at = mention.end
    return re.sub(r"[、,和与跟]+(?=[、和与的]|$)", "", "".join(out) + base[at:]).strip()


def _versus(base: str, theirs: Sequence[Mention], mine: Sequence[Mention]) -> str:
    if base.isascii():
        return f"Compare {_names((*theirs, *mine), base)}: {base}"
    both = (*theirs, *(m for m in mine if m.code not in {t.code for t in theirs}))
    return "比较" + (_swap_regions(base, theirs, both) if theirs else f"{_names(mine, base)}和{base}")


def _names(mentions: Sequence[Mention], like: str) -> str:
    """Names of regions joined, in the language of `like`."""
    english = like.isascii()
    names = dict.fromkeys(
        m.text if m.text.isascii() == english or m.kind == "unnamed" else display(m.code, "en" if english else "zh")
        for m in mentions
    )
    return (" and " if english else "、").join(names)


def _with_article(base: str, article: str) -> str:
    """`base` with another article; "" where it names none and no document."""
    if re.search(r"第[零一二三四五六七八九十百两\d]+条", base):
        return re.sub(r"第[零一二三四五六七八九十百两\d]+条", article, base, count=1)
    name = _NAMED.search(base) or re.match(r"[一-龥]{2,30}?(?:法|条例|办法|规定)", base)
    return f"{name[0]}{article}" if name else ""


def _about_item(base: str, said: str, number: int) -> str:
    """`base` narrowed to an item of the answer's list: its words without numbers, which nobody has asked for."""
    items = [
        match[1] for line in said.split("\n") if (match := re.match(r"\s*(?:[-*•]|\d{1,2}[.、)）]|[（(][^）)]{1,3}[)）])\s*(.+)", line))
    ]  # fmt: skip
    if not items or not -len(items) <= number < len(items):
        return base
    item = re.sub(r"[\ud800-\udfff]|\[\d+\]|[*“”\"\\]", "", items[number])
    for quantity in reversed(list(find_quantities(item))):
        item = item[: quantity.start] + item[quantity.end :]
    return f"{stem(base)}：{item.strip()[:_MAX_ITEM]}"


def _no_tail(text: str) -> str:
    return re.sub(r"呢[？?]*$", "", text)
