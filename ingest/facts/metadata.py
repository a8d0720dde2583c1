"""What is known of a document before its sentences are read, each fact with where it was found.

A fact that somebody stated on purpose (sidecar file, front matter, 成文日期：) wins; then come the rules on the text itself
(title, head, signature, last articles); what a web page or a file's properties say of itself is used only where the text
is silent. The rules for one kind of fact are in dates, doc_number, issuers, kinds and validity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.collections import stated_collection
from ingest.facts import validity
from ingest.facts.dates import Signature, arabic_dates, dated_title, find_signature, iso, issued_in
from ingest.facts.doc_number import find_decree, find_number, find_order, stated_number
from ingest.facts.fields import closed_value
from ingest.facts.issuers import find_issuer, is_enacted, level_of
from ingest.facts.kinds import doc_type_of, tier_of
from ingest.facts.places import named_regions, region_of_host, regions_of
from ingest.facts.wholeness import looks_like_digest
from ingest.text.repair import to_simplified
from ingest.types import Source, Tier

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]")  # a title is printed to terminals
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_BLANKS = re.compile(r"[ \t　\xa0]{3,}|\s{9,}")  # runs of them would cost the patterns much time
_HEAD = 1500
_WEAK = frozenset(("网页信息", "文件属性"))  # places that speak of the page or the file rather than of the document
_COMPILED = re.compile(r"本(?:文|纲要|规划|文件|资料|内容)?[^。\n]{0,6}根据[^。\n]{2,40}整理")


@dataclass(slots=True)
class _Facts:
    """What is stated, by whom, and what the rules add: each field's value with its place."""

    meta: Mapping[str, Any]
    where: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)

    def stated(self, *names: str, weak: bool | None = None) -> tuple[Any, str]:
        """First stated value among meta's `names`, with its place; `weak`: only from such places, or only from others.

        `published` is a page's date wherever it stands, but for a sidecar, whose author knows what he overrides.
        """
        for name in names:
            place = self.where.get(name, "前置信息")
            if name == "published" and place != "旁置文件":
                place = "网页信息"
            if self.meta.get(name) not in (None, "", [], ()) and (weak is None or weak == (place in _WEAK)):
                return self.meta[name], place
        return "", ""

    def keep(self, name: str, value: str, place: str) -> str:
        """Note where a field's value was found, and return the value."""
        if value:
            self.found[name] = place
        return value

    def first(self, name: str, *candidates: tuple[str, str]) -> str:
        """Keep the first candidate (value, place) that has a value."""
        value, place = next((pair for pair in candidates if pair[0]), ("", ""))
        return self.keep(name, value, place)


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as the rules read it: simplified, digits in ASCII; `dated` also has its dates in digits."""

    text: str
    plain: str  # as long as `text`
    dated: str
    head: str
    title: str
    signature: Signature | None


def make_source(
    path: str,
    sha256: str,
    text: str,
    title: str,
    meta: dict[str, Any],
    notes: tuple[str, ...],
    where: Mapping[str, str] | None = None,
) -> Source:
    """Return the Source of a cleaned text. Pure.

    `meta`: what front matter, page, record, file and the text's own labels state, under the names of ingest.facts.fields;
    `where`: the place of each of its keys (ingest.facts.fields.PLACES), 前置信息 where none is given; `notes`: what cleaning did
    and reading found. A value of a closed list (tier, level, doc_type, validity) that is not of the list is passed over.
    """
    facts = _Facts(meta, where or {})
    title = _titled(facts, title)
    plain = to_simplified(text).translate(_WIDE_DIGITS)
    dated = arabic_dates(_BLANKS.sub("  ", plain))
    plain_title = to_simplified(title).translate(_WIDE_DIGITS)
    read = _Read(text, plain, dated, dated[:_HEAD], plain_title, find_signature(dated))
    url = facts.first("url", _line(facts.stated("url")))
    number, is_numbered = _number(facts, read)
    tier = _tier(facts, read, notes, is_numbered or is_enacted(read.head), url)
    is_official = tier == "政策原文"
    issuer = _issuer(facts, read, is_official)
    regions = _regions(facts, read, tier, issuer, url)
    level = facts.first("level", _closed(facts, "level"), level_of(to_simplified(issuer), plain_title, regions, tier))
    issued = _issued(facts, read, is_official, to_simplified(issuer))
    effective, repealed = _force(facts, read, is_official, issued)
    kind = (doc_type_of(plain_title, to_simplified(issuer), number, tier, level, read.head), "推断")
    return Source(
        path=path,
        sha256=sha256,
        title=_yearly(facts, title, issuer, issued),
        issuer=issuer,
        doc_number=number,
        regions=regions,
        issued=issued,
        effective=effective,
        repealed=repealed,
        tier=tier,
        repairs=notes,
        url=url,
        level=level,
        doc_type=facts.first("doc_type", _closed(facts, "doc_type"), kind),
        validity=facts.first(
            "validity", _closed(facts, "validity"), (validity.stated_validity(plain_title, read.head), "正文首部")
        ),
        replaces=_names(facts, "replaces", validity.find_replaced(dated, plain_title) if is_official else ()),
        amends=_names(facts, "amends", validity.find_amended(dated, plain_title) if is_official else ()),
        collection=_collection(facts),
        found=tuple(facts.found.items()),
    )


def _one_line(value: Any) -> str:
    return _CONTROL.sub("", " ".join(str(value).split()))[:300] if value is not None else ""


def _line(stated: tuple[Any, str]) -> tuple[str, str]:
    value = stated[0]
    return _one_line("、".join(map(str, value)) if isinstance(value, (list, tuple)) else value), stated[1]


def _collection(facts: _Facts) -> str:
    """The collection that is stated on purpose. That it was is noted for the common one too."""
    value, place = _line(facts.stated("collection", weak=False))
    facts.keep("collection", value, place)
    return stated_collection(value)


def _closed(facts: _Facts, name: str) -> tuple[str, str]:
    value, place = _line(facts.stated(name))
    return closed_value(name, to_simplified(value)), place


def _titled(facts: _Facts, given: str) -> str:
    stated, place = _line(facts.stated("title"))
    if stated:
        return facts.keep("title", stated, place)
    return facts.keep("title", _one_line(given), "文件属性")  # the file's name


def _number(facts: _Facts, read: _Read) -> tuple[str, bool]:
    """The document's own number, and whether it stands so near the head that it makes the text an official one."""
    stated, place = _line(facts.stated("doc_number"))
    own, near = find_number(read.plain, read.text, read.title)
    order, _ = find_order(read.head)
    decree, _ = find_decree(read.plain, read.text)
    if number := stated_number(stated):
        return facts.keep("doc_number", number, place), near
    return facts.first("doc_number", (own, "正文首部"), (order, "正文首部"), (decree, "条文")), near


def _tier(facts: _Facts, read: _Read, notes: tuple[str, ...], is_numbered: bool, url: str) -> Tier:
    stated, place = _line(facts.stated("tier"))
    is_digest = (
        "digest" in notes or bool(_COMPILED.search(read.plain[-300:])) or looks_like_digest(read.text, read.title)
    )
    own_title = re.sub(r"[（(](?:19|20)\d{6}[)）]\s*$", "", read.title)
    tier = tier_of(
        stated, own_title, is_numbered, "self-media-disclaimer" in notes, is_digest, bool(region_of_host(url))
    )
    facts.found["tier"] = place if stated == tier else "推断" if tier in {"未知", "自媒体"} else "标题"
    return tier


def _issuer(facts: _Facts, read: _Read, is_official: bool) -> str:
    ruled = find_issuer(read.title, read.head, read.signature) if is_official else ("", "")
    return facts.first(
        "issuer",
        _line(facts.stated("issuer", weak=False)),
        ruled,
        (find_decree(read.plain, read.text)[1], "条文"),
        _line(facts.stated("issuer", weak=True)),
        _line(facts.stated("publisher", weak=False)),
    )


def _issued(facts: _Facts, read: _Read, is_official: bool, issuer: str) -> str:
    def of(*names: str, weak: bool) -> tuple[str, str]:
        value, place = facts.stated(*names, weak=weak)
        return iso(value), place

    return facts.first(
        "issued",
        of("date", "issued", "published", weak=False),
        issued_in(read.dated, read.title, read.signature, issuer) if is_official else (dated_title(read.title), "标题"),
        of("date", "issued", "published", weak=True),
    )


def _force(facts: _Facts, read: _Read, is_official: bool, issued: str) -> tuple[str, str]:
    """First and last day of force. Questions and answers on a rule speak of the rule's dates, not of their own."""
    value, place = facts.stated("effective")
    ruled = validity.find_effective(read.dated, issued, read.title) if is_official else ""
    effective = facts.first("effective", (iso(value), place), (ruled, "条文"))
    value, place = facts.stated("repealed")
    ruled = validity.find_expiry(read.dated, effective, issued) if is_official else ""
    return effective, facts.first("repealed", (iso(value), place), (ruled, "条文"))


def _names(facts: _Facts, name: str, ruled: tuple[str, ...]) -> tuple[str, ...]:
    stated, place = facts.stated(name)
    if stated:
        listed = stated if isinstance(stated, (list, tuple)) else re.split(r"[;；\n]+", str(stated))
        names = tuple(
            dict.fromkeys(
                line.strip("《》 ") if line.count("《") < 2 else line for v in listed if (line := _one_line(v))
            )
        )
    else:
        names, place = tuple(_one_line(one) for one in ruled), "条文"
    facts.keep(name, "、".join(names), place)
    return names


def _regions(facts: _Facts, read: _Read, tier: Tier, issuer: str, url: str) -> tuple[str, ...]:
    stated, place = facts.stated("region", "regions")
    codes = named_regions(stated)
    if not codes:
        codes, place = regions_of(read.title, read.plain, tier, to_simplified(issuer), url)
    facts.keep("regions", "、".join(codes), place)
    return codes


def _yearly(facts: _Facts, title: str, issuer: str, issued: str) -> str:
    """The report of that name comes every year and from every place: 政府工作报告 is 2024年贵州省政府工作报告."""
    if to_simplified(title) != "政府工作报告" or not issued:
        return title
    place = issuer.removesuffix("人民政府") if issuer.endswith("人民政府") else ""
    return facts.keep("title", f"{issued[:4]}年{place}{title}", "推断")
