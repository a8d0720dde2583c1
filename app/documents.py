"""What is indexed, as plain JSON-ready records, and hits and answers written out for terminals."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.citation_words import facts_in_words, language_of
from app.render import unescape, visible
from app.settings import Settings
from app.types import Answer, Hit, Language
from ingest.errors import InputError
from ingest.facts.regions import display
from ingest.facts.relations import link, status
from ingest.health import in_words
from ingest.records import Entry
from ingest.store import Store, open_store
from ingest.types import REPAIRS, SET_RIGHT, Document
from ingest.walk import is_address, is_gone, path_of


def list_documents(settings: Settings) -> list[dict[str, Any]]:
    """All indexed documents, oldest first. Needs no model."""
    with open_store(settings.store, cache=settings.cache) as store:
        return describe(store.catalog.entries())


def show_document(settings: Settings, doc_id: str, with_text: bool) -> dict[str, Any]:
    """One document's record, with its cleaned text if wanted. Raises InputError for an unknown id."""
    with open_store(settings.store, cache=settings.cache) as store:
        rows = {row["doc_id"]: row for row in describe(store.catalog.entries())}
        document = store.catalog.document(doc_id)
    if document is None:
        raise InputError(f"没有编号为 {doc_id} 的文档", "用 policyqa docs list 查看编号")
    health = asdict(document.health)
    return {**rows[doc_id], "health_report": health, **({"text": document.text} if with_text else {})}


def find_documents(settings: Settings, doc_ids: Iterable[str]) -> dict[str, Document | None]:
    """Documents with their text by id, None for those that are not indexed (any more)."""
    with open_store(settings.store, cache=settings.cache) as store:
        return {doc_id: store.catalog.document(doc_id) for doc_id in doc_ids}


def remove_document(settings: Settings, doc_id: str) -> dict[str, Any]:
    """Take a document out of the index and return its record. Raises InputError for an unknown id.

    The file itself stays, but for one of the library's folder, which the next server would read again: it goes to where the
    page can bring it back from. A server that has the index open is asked to do it.
    """
    from app.operations.control_client import server_of

    with open_store(settings.store, cache=settings.cache) as store:
        known = store.catalog.entry(doc_id) is not None
    if not known:
        raise InputError(f"没有编号为 {doc_id} 的文档", "用 policyqa docs list 查看编号")
    if server := server_of(settings.store):
        return server.remove(doc_id)
    with open_store(settings.store, writable=True, cache=settings.cache) as store:
        return remove_from(store, doc_id, settings.library)


def remove_from(store: Store, doc_id: str, library: Path | None = None) -> dict[str, Any]:
    """Take a document out of an open store and return its record. Raises InputError where it is gone already.

    `library`: the folder of the library, whose files must not stay where they are.
    """
    from app.library.removal import take_out
    from app.library.shelf import Shelf

    entry = store.catalog.entry(doc_id)
    if entry is None:
        raise InputError(f"文档 {doc_id} 刚被另一进程移除")
    if library is not None and not is_address(entry.file) and (shelf := Shelf(library)).holds(path_of(entry.file)):
        take_out(store, shelf, entry, lambda removed: None)
    else:
        with store.turn():
            store.remove(doc_id)
    return describe([entry])[0]


def describe(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The records of documents, JSON-ready; what one says of another (repeals, amends, explains) is told of both."""
    relations = link([(entry.id, entry.source) for entry in entries])
    today = datetime.date.today().isoformat()
    titles = {entry.id: entry.source.title for entry in entries}
    told: dict[str, list[dict[str, str]]] = {}
    for r in relations:
        told.setdefault(r.from_id, []).append(
            {"kind": r.kind, "doc_id": r.to_id, "title": titles.get(r.to_id, r.named)}
        )
        if r.to_id:
            back = {"kind": f"{r.kind} (by)", "doc_id": r.from_id, "title": titles[r.from_id]}
            told.setdefault(r.to_id, []).append(back)
    return [
        {
            **_row(entry),
            "validity": status(entry.id, entry.source, relations, today),
            "relations": told.get(entry.id, []),
        }
        for entry in entries
    ]


def _row(entry: Entry) -> dict[str, Any]:
    source = entry.source
    return {
        "doc_id": entry.id, "source": source.path, "title": source.title, "issuer": source.issuer,
        "doc_number": source.doc_number, "regions": [display(code) for code in source.regions], "date": source.issued,
        "effective": source.effective, "repealed": source.repealed, "tier": source.tier, "level": source.level,
        "doc_type": source.doc_type, "url": source.url, "found": dict(source.found), "chars": entry.chars, "chunks": entry.chunks,
        "collection": source.collection, "sha256": source.sha256, "added": entry.added, "repairs": [note for note in source.repairs if note in REPAIRS | SET_RIGHT],
        "health": in_words(entry.health), "flags": list(entry.health.flags), "same_as": entry.same_as,
        "exists": not is_gone(entry.file),
    }  # fmt: skip


def hit_to_json(rank: int, hit: Hit) -> dict[str, Any]:
    """One search hit as in DESIGN 3."""
    chunk = hit.chunk
    return {
        "rank": rank, "score": round(hit.score, 4), "doc_id": chunk.doc_id, "chunk_id": chunk.id, "source": hit.source.path,
        "title": hit.source.title, "page": chunk.page, "start": chunk.start, "end": chunk.end, "text": chunk.text,
        "regions": [display(code) for code in chunk.regions], "validity": hit.validity,
    }  # fmt: skip


def answer_as_text(answer: Answer, language: Language | None = None) -> str:
    """An answer for the terminal: the text, then its numbered sources, without signs that steer a terminal.

    Without a language its labels are in the question's.
    """
    language = language_of(answer, language)
    lines = [unescape(answer.text.replace("**", ""))]
    if answer.citations:
        lines += ["", "Sources:" if language == "en" else "引文："]
    for c in answer.citations:
        place = f"{' ' if language == 'en' else ''}{c.source}:{c.start}-{c.end}"
        lines.append(f"[{c.id}] {c.title}{facts_in_words(c, language)}{place}\n    {c.quote}")
    if note := _about_model(answer, language):
        lines += ["", note]
    return visible("\n".join(lines))


def _about_model(answer: Answer, language: Language) -> str:
    """One line on what became of a model's words, "" where none was asked."""
    model, dropped, english = answer.model, len(answer.dropped), language == "en"
    if model == "extractive":
        return ""
    if not model.startswith("extractive"):
        name = model.partition(" (dropped")[0]
        left_out = f"; sentences left out as unverified: {dropped}" if english else f"，略去 {dropped} 句未通过核验的话"
        name += left_out if dropped else ""
        return f"({name})" if english else f"（{name}）"
    reason = model.removeprefix("extractive (").removesuffix(")").removeprefix("LLM failed: ")
    if "nothing passed" in reason and dropped:
        reason = (
            f"none of the model's {dropped} sentences passed" if english else f"大模型的 {dropped} 句话都未通过核验"
        )
    elif "nothing passed" in reason:
        reason = "the model gave no usable sentence" if english else "大模型没有给出可用的句子"
    return f"({reason}; the above is quoted from the sources)" if english else f"（{reason}，以上为原文摘录）"


def in_one_line(row: dict[str, Any]) -> str:
    """Return a document's record (of `describe`) as a list shows it."""
    return (
        f"{row['doc_id']}  {row['chars']:>7} 字  {row['tier']}  {row['date'] or '----------'}  {row['title']}  ({row['source']})"
        + (f"  〔{row['validity']}〕" if row["validity"] not in {"", "现行有效"} else "")
        + (f"  <{row['collection']}>" if row["collection"] else "")
        + (f"  [{row['health']}]" if row["health"] != "ok" else "")
        + (f"  [与 {row['same_as']} 正文相同]" if row["same_as"] else "")
    )
