"""Numbered notes of a pack: one per cited sentence, with a reference after GB/T 7714-2015."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.history.records import KeptExchange
from app.types import Citation
from ingest.types import Document


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the pack. Notes are numbered through the whole pack; a sentence cited twice has one note."""

    number: int
    reference: str  # GB/T 7714
    quote: str
    place: str  # 第 3 页，正文第 120—165 字
    validity: str  # 已废止 ..., "" where nothing tells
    file: str
    sha256: str

    @property
    def facts(self) -> str:
        """Where the sentence stands, whether its document is in force, which file it is."""
        parts = [self.place, f"效力：{self.validity}" if self.validity else "", f"文件：{self.file}"]
        return "；".join(filter(None, [*parts, f"SHA-256：{self.sha256}" if self.sha256 else ""]))


@dataclass(frozen=True, slots=True)
class Section:
    """One exchange of the pack: its answer's Markdown with the markers renumbered to the pack's notes."""

    exchange: KeptExchange
    text: str


@dataclass(frozen=True, slots=True)
class Pack:
    """All that is written out. `made` is the day of reading, for the references."""

    title: str
    made: datetime.date
    sections: tuple[Section, ...]
    notes: tuple[Note, ...]


_MARKER = re.compile(r"(\\*)\[(\d{1,3})\]")


def collect(
    title: str, exchanges: Sequence[KeptExchange], documents: Mapping[str, Document | None], made: datetime.date
) -> Pack:
    """Number the citations of the answered exchanges through; what was never answered is left out."""
    notes: dict[tuple[str, int, int, str], Note] = {}
    sections = []
    for exchange in exchanges:
        if exchange.answer is None:
            continue
        renumbered: dict[int, int] = {}
        for citation in exchange.answer.citations:
            key = (citation.doc_id, citation.start, citation.end, citation.quote)
            if key not in notes:
                sha = exchange.basis.get("documents", {}).get(citation.doc_id, "")
                notes[key] = _note(len(notes) + 1, citation, documents.get(citation.doc_id), sha, made)
            renumbered[citation.id] = notes[key].number
        sections.append(Section(exchange, _renumbered(exchange.answer.text, renumbered)))
    return Pack(title, made, tuple(sections), tuple(notes.values()))


def reference(citation: Citation, url: str, made: datetime.date) -> str:
    """One source as GB/T 7714-2015 writes it: 责任者. 题名: 文号[类型/载体]. (发布日期)[引用日期]. 获取路径."""
    title = citation.title or citation.source
    named = f"{title}: {citation.doc_number}" if citation.doc_number else title
    who = f"{citation.issuer.rstrip('.')}. " if citation.issuer else ""
    published = f"({citation.date})" if citation.date else ""
    if url:
        return f"{who}{named}[EB/OL]. {published}[{made.isoformat()}]. {url}."
    return f"{who}{named}[Z]." + (f" {citation.date}." if citation.date else "")


def reference_of(citation: Citation, document: Document | None, made: datetime.date) -> str:
    """The reference of a citation with the address at which its document was found, where one is known."""
    url = citation.source if _is_web(citation.source) else document.source.url if document else ""
    return reference(citation, url if _is_web(url) else "", made)


def _note(number: int, citation: Citation, document: Document | None, sha256: str, made: datetime.date) -> Note:
    page = f"第 {citation.page} 页，" if citation.page is not None else ""
    return Note(
        number=number, reference=reference_of(citation, document, made), quote=citation.quote,
        place=f"{page}正文第 {citation.start + 1}—{citation.end} 字", validity=citation.validity,
        file=citation.source, sha256=sha256,
    )  # fmt: skip


def _renumbered(text: str, numbers: Mapping[int, int]) -> str:
    """Markers of citations get their note's number; escaped brackets are text and stay."""

    def marker(match: re.Match[str]) -> str:
        if len(match[1]) % 2 or int(match[2]) not in numbers:
            return match[0]
        return f"{match[1]}[{numbers[int(match[2])]}]"

    return _MARKER.sub(marker, text)


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address.strip()).scheme in {"http", "https"}
    except ValueError:
        return False
