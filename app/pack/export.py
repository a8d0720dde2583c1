"""A kept conversation, or one of its answers, as the bytes of an evidence pack."""

import datetime
from typing import TYPE_CHECKING

from app.pack.markdown import as_markdown
from app.pack.notes import collect
from app.pack.word import as_word

if TYPE_CHECKING:
    from app.engine import Engine
    from app.history.book import History

TYPES = {
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def export(engine: "Engine", book: "History", wanted: str, suffix: str) -> bytes | None:
    """Return the pack of a conversation's id or an answer's replay id; None where nothing answered is kept under it."""
    single = book.exchange(wanted)
    exchanges = [single] if single else book.exchanges(wanted)
    kept = {k.id: k.title for k in book.conversations()}
    if single is None and wanted not in kept:
        return None
    title = single.question if single else kept[wanted]
    cited = {c.doc_id for e in exchanges if e.answer for c in e.answer.citations}
    pack = collect(title, exchanges, {i: engine.document(i) for i in cited}, datetime.date.today())
    if not pack.sections:
        return None
    return as_word(pack) if suffix == "docx" else as_markdown(pack).encode("utf-8")
