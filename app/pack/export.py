"""What is kept of a conversation, or of one of its answers, as an evidence pack and as the bytes of a file."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from app.pack.markdown import as_markdown
from app.pack.notes import Pack, collect
from app.pack.word import as_word
from ingest.types import Document

if TYPE_CHECKING:
    from app.history.book import History

TYPES = {
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
Find = Callable[[Iterable[str]], Mapping[str, Document | None]]  # documents by id, None for those no longer indexed


def make_pack(book: "History", wanted: str, find: Find) -> Pack | None:
    """Return the pack of a conversation's id or an answer's replay id; None where nothing answered is kept under it."""
    single = book.exchange(wanted)
    kept = {k.id: k.title for k in book.conversations()}
    if single is None and wanted not in kept:
        return None
    exchanges = [single] if single else book.exchanges(wanted)
    cited = {c.doc_id for e in exchanges if e.answer for c in e.answer.citations}
    pack = collect(single.question if single else kept[wanted], exchanges, find(cited), datetime.date.today())
    return pack if pack.sections else None


def as_bytes(pack: Pack, suffix: str) -> bytes:
    """Return the file: "docx", else Markdown."""
    return as_word(pack) if suffix == "docx" else as_markdown(pack).encode("utf-8")
