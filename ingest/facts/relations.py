"""The ledger's rules: which documents of a store repeal, amend, explain or repeat one another, by what they state. Pure.

Nothing is known here that no document of the store says. A name is resolved by number, else by title (without 书名号, in
simplified characters, with or without 中华人民共和国 and without the notice around it) and by place: one province's rule
does not repeal another's of the same name.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ingest.facts.doc_number import OWN_NUMBER, number_key
from ingest.facts.regions import by_name, relation
from ingest.text.repair import to_simplified
from ingest.types import Source

Kind = Literal["replaces", "amends", "interprets", "same-text"]
Stored = tuple[str, Source]
_MARKS = re.compile(r"[\s《》〈〉“”\"'‘’「」『』·•.。,，、;；:：—–\-_]")
# A version's mark, not a part of the name: (20170708), (2018年修正), (修订). A bare year stays: reports come every year.
_VERSION = re.compile(
    r"\((?:(?:19|20)\d{2}[-年./]?\d{1,2}[-月./]?\d{1,2}日?(?:修[订正改]|公布|通过|发布|施行)*|(?:19|20)\d{2}年?修[订正改](?:版|本)?"
    r"|修[订正](?:版|本)?|全文|已废止|失效)\)$"
)
_ENCLOSED = re.compile(r"(?:印发|发布|公布|转发)(?P<inner>.{4,}?)(?:的(?:通知|公告|决定|令))?$")
_TITLED = re.compile(r"《((?:[^《》]|《[^《》]{1,80}》){2,120})》")
_NOTE = re.compile(r"[（(]([^（()）]*号[^（()）]*)[)）]\s*$")
# Kinds of papers of which a second one of the same name is a new version; notices of one name come every year.
_VERSIONED = frozenset(("法律", "行政法规", "地方性法规", "规章", "规范性文件"))
_RULE_TITLE = re.compile(r"(?:法|条例|办法|规定|细则|规则|章程|准则)(?:\([^()]*\))?$")


@dataclass(frozen=True, slots=True)
class Relation:
    """One document's word on another: `from_id` repeals, amends, explains or repeats `to_id`."""

    from_id: str
    to_id: str  # "" where no document of the store is meant
    kind: Kind
    named: str  # how the document names the other
    since: str = ""  # ISO date from which it holds, "" if unknown


def link(sources: Sequence[Stored]) -> tuple[Relation, ...]:
    """Return the relations between the documents of a store, in its order; each name once, unresolved ones with to_id "".

    replaces: what a document says it repeals, as far as it is older. amends: what it says it changes, and the next older
    version of a law of its own name. interprets: the title that questions and answers or news are about. same-text: a
    second copy by title and date, linked to the first.
    """
    ledger = _Ledger(sources)
    found: list[Relation] = []
    for doc_id, source in sources:
        since = _since(source)
        for kind, names in (("replaces", source.replaces), ("amends", source.amends)):
            for named in names:
                older = [s for s in ledger.find(named, source, doc_id) if _is_older(s[1], source)]
                found.extend(_relations(doc_id, older, kind, named, since))  # type: ignore[arg-type]
        if _explains(source):
            for named in dict.fromkeys(_TITLED.findall(source.title)):
                meant = [s for s in ledger.find(named, source, doc_id) if not _explains(s[1])]
                found.extend(_relations(doc_id, meant[-1:], "interprets", named, ""))
    for versions in ledger.versions():
        found.extend(_of_versions(versions))
    return tuple(dict.fromkeys(found))


def status(doc_id: str, source: Source, relations: Iterable[Relation], today: str) -> str:
    """Return the validity of a document on an ISO day, of ingest.facts.fields.VALIDITIES; "" where nothing tells.

    In this order: a draft; repealed or amended as stated by itself; repealed by another document of the store; past its
    own last day; amended by another; not yet in force; in force, where it is stated or between its own two dates.
    """
    if source.validity in {"征求意见稿", "已废止", "已被修订"}:
        return source.validity
    acted = {
        r.kind for r in relations if r.to_id == doc_id and r.from_id != doc_id and (not r.since or r.since <= today)
    }
    if "replaces" in acted or is_past(source, today):
        return "已废止"
    if "amends" in acted:
        return "已被修订"
    if source.effective > today or (source.validity == "尚未施行" and not source.effective):
        return "尚未施行"
    if source.validity == "现行有效" or (source.effective and source.repealed):
        return "现行有效"
    return ""


def is_past(source: Source, today: str) -> bool:
    """Whether a text's own last day (or month, or year) lies before an ISO day."""
    return bool(source.repealed) and source.repealed < today[: len(source.repealed)]


def title_key(title: str) -> str:
    """Form in which two writings of one title are equal."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", to_simplified(title)))
    before = ""
    while plain != before:
        before, plain = plain, _VERSION.sub("", plain)
    return plain.removeprefix("中华人民共和国")


class _Ledger:
    """Documents by the keys of their numbers and titles."""

    def __init__(self, sources: Sequence[Stored]) -> None:
        self._numbers: dict[str, list[Stored]] = defaultdict(list)
        self._titles: dict[str, list[Stored]] = defaultdict(list)
        for stored in sources:
            if stored[1].doc_number:
                self._numbers[number_key(stored[1].doc_number)].append(stored)
            for key in _keys(stored[1]):
                self._titles[key].append(stored)

    def find(self, named: str, asking: Source, doc_id: str) -> list[Stored]:
        """Documents that a name in `asking` may mean, oldest first: by its number where it has one, else by title."""
        note = _NOTE.search(named)
        alone = OWN_NUMBER.fullmatch(to_simplified(named)) or re.fullmatch(r".{2,30}令第\d+号", named)
        number = named if alone else note[1] if note else ""
        numbered = self._numbers.get(number_key(number), []) if number else []
        title = title_key(named[: note.start()] if note else named)
        titled = [] if alone else self._titles.get(title, [])
        if number and not numbered:  # the same title under another number is another text
            titled = [s for s in titled if not s[1].doc_number or not OWN_NUMBER.search(to_simplified(number))]
        meant = [s for s in numbered or titled if s[0] != doc_id and _same_place(s[1], asking)]
        return sorted(meant, key=lambda stored: _date(stored[1]))

    def versions(self) -> Iterable[list[Stored]]:
        """Documents of one title and place, each once, oldest first."""
        seen: set[tuple[str, ...]] = set()
        for stored in self._titles.values():
            texts = [s for s in stored if s[1].tier == "政策原文" and s[1].validity != "征求意见稿"]
            for group in _by_place(texts):
                ids = tuple(s[0] for s in group)
                if len(group) > 1 and ids not in seen:
                    seen.add(ids)
                    yield sorted(group, key=lambda s: _date(s[1]))


def _keys(source: Source) -> set[str]:
    """Keys of a title: whole, without its issuer's name, and of the text that a notice encloses."""
    whole = title_key(source.title)
    keys = {whole}
    issuer = title_key(source.issuer)
    if issuer and whole.startswith(issuer) and len(whole) - len(issuer) > 6:
        keys.add(whole[len(issuer) :])
    enclosed = _ENCLOSED.search(whole) if whole.endswith(("通知", "公告", "决定", "令")) else None
    if enclosed and source.tier == "政策原文":
        keys.add(title_key(enclosed["inner"].removesuffix("的通知")))
        keys.update(title_key(name) for name in _TITLED.findall(source.title))
    return {key for key in keys if len(key) >= 2}


def _relations(doc_id: str, meant: list[Stored], kind: Kind, named: str, since: str) -> list[Relation]:
    return [Relation(doc_id, to_id, kind, named, since) for to_id, _ in meant] or [
        Relation(doc_id, "", kind, named, since)
    ]


def _of_versions(versions: list[Stored]) -> list[Relation]:
    """Copies are linked to the first of them; of laws, each version to the one before it."""
    found: list[Relation] = []
    distinct: list[Stored] = []
    for doc_id, source in versions:
        twin = next((s for s in distinct if _compare(s[1], source) == 0), None)
        if twin:
            found.append(Relation(doc_id, twin[0], "same-text", twin[1].title))
        else:
            distinct.append((doc_id, source))
    rules = [s for s in distinct if s[1].doc_type in _VERSIONED and any(map(_RULE_TITLE.search, _keys(s[1])))]
    for (old_id, old), (new_id, new) in pairwise(rules):
        if (_compare(old, new) or 0) < 0:
            found.append(Relation(new_id, old_id, "amends", old.title, _since(new)))
    return found


def _compare(one: Source, other: Source) -> int | None:
    """-1 where one text of a name is the older version, 0 where both are the same, 1 the newer, None where nothing tells.

    A number decides, then the dates of issue, then those of force. A page's date says when a copy was shown, so it
    can only show that two are one; a corrected law keeps the first version's date of force in its last article, so that comes last.
    """
    if one.doc_number and other.doc_number and number_key(one.doc_number) == number_key(other.doc_number):
        return 0
    shown = any(dict(source.found).get("issued") == "网页信息" for source in (one, other))
    if shown and one.issued == other.issued:
        return 0
    for a, b in ((one.issued, other.issued), (one.effective, other.effective))[shown:]:
        if a and b:
            return (a > b) - (a < b)
    return None


def _since(source: Source) -> str:
    """The day from which a text acts on others: no text does before it is issued."""
    return max(source.effective, source.issued)


def _explains(source: Source) -> bool:
    return source.tier == "官方解读" or source.doc_type in {"解读", "新闻"}


def _date(source: Source) -> str:
    return source.issued or source.effective


def _is_older(old: Source, new: Source) -> bool:
    """Whether a text can have been changed by another: it was issued (or came into force) before, as far as is known."""
    for a, b in ((old.issued, new.issued), (old.effective, new.effective)):
        if a and b and a[: len(b)] != b[: len(a)]:
            return a < b
    return not (_date(old) and _date(new)) or not (old.issued and new.issued)


def _same_place(one: Source, other: Source) -> bool:
    """Whether two texts can be of one place: unknown places are; a province and its city are; two provinces are not."""
    if not one.regions or not other.regions:
        return True
    return any(
        a == b or (by_name(a) and by_name(b) and relation(a, b) in {"same", "part", "whole"})
        for a in one.regions
        for b in other.regions
    )


def _by_place(stored: list[Stored]) -> list[list[Stored]]:
    groups: list[list[Stored]] = []
    for one in stored:
        group = next((g for g in groups if one[1].regions == g[0][1].regions), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return groups
