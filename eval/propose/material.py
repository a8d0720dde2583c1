"""What candidates are made of: the sentences of documents, each with what it may be quoted as and how its text is called."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.corpus import relative_source
from eval.gold import PageSpan
from ingest.errors import UnreadableFileError
from ingest.prepare import prepare_file
from ingest.types import Chunk, Document, Sentence, Unread
from ingest.walk import find_files

if TYPE_CHECKING:
    from app.engine import Engine

_NAMED = re.compile(r"《([^《》]{4,40})》")
_NOTICE = re.compile(r"^(?:.{2,20}?(?:关于印发|印发|发布|公布|转发))|的通知$|\(\d+\)$|（\d+）$")
_OFFICIAL = re.compile(
    r"(?:办法|条例|规定|法|指引|意见|规划|方案|计划|纲要|工作报告|细则|规则|倡议|措施)(?:（[^（）]{2,20}）)?$"
)
_ABOUT = re.compile(r"答记者问|一图|解读|图解|速览|发布会")
_NUMBERING = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百零\d]+条\s*|[（(][一二三四五六七八九十\d]+[）)]\s*|[一二三四五六七八九十]+、\s*|\d+[.．、]\s*|[●•·-]\s*)+"
)
_BULLETS = frozenset("- * • ● ·".split())
_ARTICLE = re.compile(r"^[^，。；]{0,24}?(?=第[一二三四五六七八九十百零]+条\s)")  # the chapter's name before an article
_ENDS = "。；;！？\n"
_APART = frozenset(("71", "81", "82"))  # with statistics of their own: no near-miss of the others
MAX_QUOTE = 140  # characters of a quotation


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a document. `name` is how a question calls the document (《…》), "" where it cannot be named."""

    source: str
    name: str
    regions: tuple[str, ...]  # of the document
    text: str  # as it stands there
    sentence: Sentence
    page: int | None
    title: str = ""
    headings: tuple[str, ...] = ()
    listed: bool = False  # whether it is the beginning of an item of a list

    @property
    def plain(self) -> str:
        """The sentence without its number (第三条, （一）) and the space around it."""
        return _NUMBERING.sub("", _ARTICLE.sub("", self.text)).strip()

    def quote(self, start: int, end: int) -> str:
        """The clause around [start, end) of `text`, word for word, no longer than needed."""
        for marks in (_ENDS, _ENDS + "，,"):
            left = max((self.text.rfind(mark, 0, start) for mark in marks), default=-1) + 1
            right = min((at for mark in marks if (at := self.text.find(mark, end)) >= 0), default=len(self.text))
            if right - left <= MAX_QUOTE:
                break
        return self.text[left:right].strip()


@dataclass(frozen=True, slots=True)
class Material:
    """Documents as sentences and as texts by source, with their pages: what candidates are made of and checked against."""

    statements: tuple[Statement, ...]
    texts: Mapping[str, str]
    pages: Mapping[str, tuple[PageSpan, ...]]


def read_material(path: Path) -> Material:
    """Read a document or all of a folder; sources are relative to the folder. Raises UnreadableFileError, InputError."""
    folder = path if path.is_dir() else path.parent
    kept: list[tuple[Document, Sequence[Chunk]]] = []
    for file in find_files([str(path)]):
        for item in prepare_file(file):
            if isinstance(item, Unread):
                raise UnreadableFileError(f"{file.name} 中的 {item.member} 读不了：{item.reason}")
            kept.append((item.document, item.chunks))
    return _material(kept, folder)


def stored_material(engine: "Engine", folder: Path) -> Material:
    """The documents of a store, as `read_material` gives those of files."""
    catalog = engine.store.catalog
    kept: list[tuple[Document, Sequence[Chunk]]] = []
    for doc_id in dict(catalog.titles()):
        if (document := catalog.document(doc_id)) is not None:
            kept.append((document, [chunk for chunk, _ in catalog.chunks(catalog.neighbours(doc_id)).values()]))
    return _material(kept, folder)


def _material(documents: Iterable[tuple[Document, Sequence[Chunk]]], folder: Path) -> Material:
    statements: list[Statement] = []
    texts: dict[str, str] = {}
    pages: dict[str, tuple[PageSpan, ...]] = {}
    for document, chunks in documents:
        source = relative_source(document.source.path, folder)
        texts[source] = document.text
        pages[source] = tuple((block.page, block.start, block.end) for block in document.blocks if block.page)
        statements += _statements(document, chunks, source)
    return Material(tuple(statements), texts, pages)


def _statements(document: Document, chunks: Sequence[Chunk], source: str) -> Iterator[Statement]:
    name = document_name(document.source.title)
    for chunk in chunks:
        for sentence in chunk.sentences:
            text = document.text[sentence.start : sentence.end]
            line = document.text[document.text.rfind("\n", 0, sentence.start) + 1 : sentence.start].strip()
            yield Statement(
                source, name, document.source.regions, text, sentence, chunk.page, document.source.title, chunk.headings,
                line in _BULLETS,
            )  # fmt: skip


def document_name(title: str) -> str:
    """How a question calls a text: the title inside 《》, without the notice that it came with; "" for what is no such text."""
    if _ABOUT.search(title):
        return ""
    named = _NAMED.search(title)
    bare = named[1] if named else title
    while not named and (cut := _NOTICE.sub("", bare).strip()) != bare:
        bare = cut
    return f"《{bare}》" if 4 <= len(bare) <= 36 and _OFFICIAL.search(bare) else ""


def places(statements: Sequence[Statement]) -> list[str]:
    """Region codes that the documents are about, the most spoken of first; the nation is none."""
    counts: dict[str, int] = {}
    for statement in statements:
        for code in statement.regions:
            if code.isdigit() and code[:2] not in _APART:
                counts[code] = counts.get(code, 0) + 1
    return sorted(counts, key=lambda code: -counts[code])
