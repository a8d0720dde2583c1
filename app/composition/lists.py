"""Lists as the source has them: the sentence that introduces one, then all of its items, read on over chunk borders."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.composition.draft import Claim, Draft, quote
from app.composition.passages import Passages, is_line_start, line_before
from app.retrieval.evidence import distinct, reading_order
from app.types import Evidence, Query
from ingest.lexical import normalise
from ingest.text.blocks import list_mark
from prompts import phrase

MAX_ITEMS = 16  # of one list in an answer
MAX_LISTS = 2
MIN_ITEMS = 2
_READ_ON = 5  # chunks in which a list may go on
_NAME, _SAID = 18, 2  # characters of an item that is but a name; sentences that then say what it is
_VERBS = frozenset("发展 推进 推动 加强 支持 开展 制定 实施 建设 促进 建立 完善 违反 处理 使用".split())
_ENUMERATES = re.compile(r"(?P<head>[^，。；：:]{2,24}(?:是|为|包括|有|如下))[:：]")
_NAMED = 0.65  # share of the question's words that an introduction must name
_WHOLE = 200  # chunks of a document that are read for one
_GAP = 2  # sentences without a mark that may stand inside an item
_ARTICLE = re.compile(r"(?:\*\*)?第\s*[零〇一二三四五六七八九十百\d]{1,7}\s*[条條]")
_OUTLINE = re.compile(r"任务|措施|举措|内容|重点|政策|方面|要点|框架|\btasks?\b|\bmeasures?\b", re.I)
_MORE = 0.15  # of the question's words that a sentence beside a list must hold more than its introduction


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of a document: the sentence that introduces it and its items in order, as written.

    An item is its sentences: the first, and where that is but a name (（一）落户补贴。) those that say what it is.
    """

    lead: Evidence
    items: tuple[tuple[Evidence, ...], ...]


def mark_of(evidence: Evidence) -> tuple[int, int]:
    """Level and number of the list mark that a sentence begins with, (0, 0) where it has none."""
    before = line_before(evidence).lstrip()
    if is_line_start(evidence) and before.strip():
        return list_mark("- x")
    return list_mark(evidence.text)


def read_list(lead: Evidence, passages: Passages) -> Listing | None:
    """The list that a sentence introduces, None where none follows it."""
    following = [e for e in passages.sentences(lead, 0, _READ_ON) if e.sentence.start > lead.sentence.start]
    items: list[list[Evidence]] = []
    level, number, gap = 0, 0, 0
    for e in following:
        found, at = mark_of(e)
        if _ARTICLE.match(e.text) and is_line_start(e):
            break
        if not items:
            if not found or at > 1:
                break
            level = found
        if found == level and (not at or at == number + 1):
            items.append([e])
            number, gap = at, 0
        elif found and (found < level or (found == level and at <= number)):
            break  # a list above this one goes on, or another begins
        elif not is_line_start(e) or found:  # the rest of an item, or a list inside it
            if len(items[-1][0].text) <= _NAME and len(items[-1]) <= _SAID:
                items[-1].append(e)
        else:
            gap += 1
            if gap > _GAP or not level or level == 16:
                break
    return Listing(lead, tuple(map(tuple, items))) if len(items) >= MIN_ITEMS else None


def introduces(evidence: Evidence, passages: Passages) -> bool:
    """Whether a list follows a sentence: it ends with a colon, or the next line bears the list's first mark."""
    if evidence.text.endswith(("：", ":")):
        return True
    chunk = evidence.hit.chunk
    behind = chunk.text[evidence.sentence.end - chunk.start :]
    first = list_mark(behind.lstrip("\n ").split("\n")[0])
    return behind.startswith("\n") and first[0] > 0 and first[1] <= 1 and not mark_of(evidence)[0]


def lead_above(item: Evidence, passages: Passages) -> Evidence | None:
    """The sentence that introduces the list in which an item stands."""
    level, _ = mark_of(item)
    if not level:
        return None
    before = [e for e in passages.sentences(item, 2, 0) if e.sentence.start < item.sentence.start]
    for e in reversed(before):
        found, _ = mark_of(e)
        if e.text.endswith(("：", ":")) and (not found or found < level):
            return e
        if _ARTICLE.match(e.text) and is_line_start(e):
            return None
    return None


def find_lists(query: Query, chosen: Sequence[Evidence], passages: Passages) -> list[Listing]:
    """The lists that answer: those that the best sentences introduce or stand in, best first."""
    found: dict[tuple[str, int, int], Listing] = {}
    for e in chosen:
        lead = e if introduces(e, passages) else lead_above(e, passages)
        if lead is None or lead.key in found:
            continue
        listing = read_list(lead, passages)
        if listing is not None and names_subject(query, lead):
            found[lead.key] = listing
        if len(found) == MAX_LISTS:
            break
    return sorted(found.values(), key=lambda listing: not _opens_with_subject(query, listing.lead))


def names_subject(query: Query, lead: Evidence) -> bool:
    """Whether the introduction, with the headings above it, says most of what the question asks."""
    above = " ".join((lead.hit.source.title, *lead.hit.chunk.headings))
    own, wide = normalise(lead.text), normalise(f"{lead.text} {above}")
    said = [1.0 if _in(own, t) else 0.6 if _in(wide, t) else 0.0 for t in query.terms]
    return not said or (sum(said) >= _NAMED * len(said) and _first_words(query) in wide.replace("的", ""))


def _first_words(query: Query) -> str:
    """The first two content words of the question where they are one expression in it (重要数据), else ""."""
    if len(query.terms) < 2 or query.terms[0] in _VERBS:
        return ""
    pair = query.terms[0] + query.terms[1]
    return pair if pair in query.text.lower() else ""


def _opens_with_subject(query: Query, lead: Evidence) -> bool:
    """Whether an introduction begins with what is asked about: 个人信息处理者应当…, not 提供…服务的个人信息处理者应当…."""
    text = normalise(_ARTICLE.sub("", lead.text)).strip()
    return bool(query.terms) and any(text.startswith(form) for form in query.terms[0].split("|"))


def _in(text: str, term: str) -> bool:
    return any(form in text for form in term.split("|"))


def state_list(query: Query, listing: Listing, heading: str = "") -> list[Claim]:
    """The introduction and the items as they are written; how many there are is said where not all are shown."""
    claims = [
        Claim(phrase(query.language, "quoted", quote=listing.lead.text), (listing.lead,), heading),
        *(
            replace(quote(query, e, heading), runs_on=e is not item[0])
            for item in listing.items[:MAX_ITEMS]
            for e in item
        ),
    ]
    if len(listing.items) > MAX_ITEMS:
        count = phrase(query.language, "list_cut", total=str(len(listing.items)), shown=str(MAX_ITEMS))
        claims.append(Claim(count, (), heading))
    return claims


def outline(query: Query, chosen: Sequence[Evidence], passages: Passages) -> Draft | None:
    """The headings of a document, or of the section asked for, as the list of its tasks or measures.

    None unless the question asks for such a list and the document that answers best bears the rest of it in its title.
    """
    if not _OUTLINE.search(query.text) or not chosen:
        return None
    best = chosen[0]
    title = normalise(best.hit.source.title)
    subject = [t for t in query.terms if not _OUTLINE.search(t) and t not in {"行动", "方案"}]
    if not subject or sum(_in(title, t) for t in subject) < 0.75 * len(subject):
        return None
    marked = [(e, *list_mark(e.text)) for e in passages.headings(best, 200, 200)]
    level = min((found for _, found, _ in marked if found), default=0)
    items = [e for e, found, _ in marked if found == level]
    if len(items) < MIN_ITEMS:
        return None
    return Draft(claims=[quote(query, e) for e in items[:MAX_ITEMS]])


def _enumerated(query: Query, chosen: Sequence[Evidence], passages: Passages) -> Draft | None:
    """A list inside a sentence (主要预期目标是：…；…；…): the sentence whose head names what is asked, to its full stop.

    The document that answers best is read as a whole for it.
    """
    whole = passages.sentences(chosen[0], _WHOLE, _WHOLE) if chosen else []
    for e in (*chosen, *whole):
        title = normalise(e.hit.source.title)
        wanted = [t for t in query.terms if not _in(title, t)]
        head = _ENUMERATES.search(normalise(e.text))
        if head and wanted and all(_in(head["head"], t) for t in wanted):
            return Draft(
                claims=[quote(query, e), *(replace(quote(query, r), runs_on=True) for r in passages.rest_of(e))]
            )
    return None


def answer_list(query: Query, chosen: Sequence[Evidence], passages: Passages) -> Draft | None:
    """A list asked for: as the source has it where it has one, None where the answer stands in sentences."""
    if (draft := outline(query, chosen, passages)) is not None:
        return draft
    lists = find_lists(query, chosen, passages)
    if not lists:
        return _enumerated(query, chosen, passages)
    best = max(e.score for e in chosen)
    inside = {e.key for listing in lists for e in (listing.lead, *(e for item in listing.items for e in item))}
    first = lists[0]
    top = max((e.score for e in chosen if e.key in {first.lead.key, *(i[0].key for i in first.items)}), default=0.0)
    stated = max((e.coverage for e in chosen if e.key == first.lead.key), default=0.0)
    beside = reading_order(
        distinct(
            [
                e
                for e in chosen
                if e.key not in inside
                and e.score >= top
                and not introduces(e, passages)
                and e.coverage >= stated + _MORE
            ]
        )
    )[:2]
    claims = [quote(query, e) for e in beside] if best > top else []
    for listing in lists:
        claims += state_list(query, listing)
    return Draft(claims=claims)
