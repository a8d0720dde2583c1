"""Ingestion: files in, an up-to-date store out. Unchanged files cost one hash, nothing is half-indexed."""

import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ingest.catalog import Entry
from ingest.describe import describe_chunks
from ingest.embed import Embedder
from ingest.errors import InputError, UnreadableFileError
from ingest.lexical import words
from ingest.metadata import make_source
from ingest.read import SUPPORTED_SUFFIXES, raw_sha256, read_file
from ingest.split import split_blocks, split_chunks
from ingest.store import Store
from ingest.types import Chunk, Document

PIPELINE = 20  # raise when cleaning, splitting or description change: documents are then re-ingested once
_BATCH_CHUNKS = 64  # chunks embedded together; also the most that a crash can cost


@dataclass(slots=True)
class Summary:
    """What one ingestion did. `chars` counts the cleaned text of added and updated documents."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    chunks: int = 0
    chars: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the summary as the CLI's JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Prepared:
    document: Document
    key: str
    chunks: tuple[Chunk, ...]
    known: bool


def prepare_document(path: Path, source_name: str) -> tuple[Document, tuple[Chunk, ...]]:
    """Read, clean, split and describe one file. Pure but for reading it; raises UnreadableFileError."""
    raw = read_file(path)
    key = document_key(path)
    doc_id = hashlib.sha1(key.encode()).hexdigest()[:12]
    source = make_source(source_name, raw_sha256(path), raw.text, raw.title or path.stem, raw.meta, raw.notes)
    blocks = split_blocks(raw.text, raw.pages)
    document = Document(doc_id, source, raw.text, blocks)
    # The content's hash in the id keeps the vectors of two versions apart while one replaces the other.
    chunks = split_chunks(doc_id, raw.text, blocks, prefix=f"{doc_id}-{source.sha256[:8]}-{PIPELINE}", pages=raw.pages)
    if not chunks:
        raise UnreadableFileError("清洗后没有正文", "检查文件内容是否为空或只有图片")
    return document, describe_chunks(raw.text, chunks, source.regions, source.issued)


def document_key(path: Path) -> str:
    """Return the identity of a document in the store: its absolute path."""
    return str(path.resolve())


def find_files(paths: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield (path, name as given) of every file under the paths; hidden files and folders are passed over.

    Raises InputError for a path that does not exist or is empty text.
    """
    for given in paths:
        if not given.strip():
            raise InputError("路径为空", "给出文件或目录，例如 policyqa ingest 文件夹/")
        if given.startswith(("http://", "https://")):
            raise InputError(f"暂不支持网址：{given}", "先把网页保存为 .html 文件再导入")
        path = Path(given)
        if not path.exists():
            raise InputError(f"路径不存在：{given}", "检查路径是否写对")
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if not name.startswith("."):
                        yield Path(folder) / name, str(Path(folder) / name)
        else:
            yield path, given


def ingest_paths(
    paths: Sequence[str],
    store: Store,
    embedder: Embedder,
    prune: bool = False,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> Summary:
    """Bring the store up to date with the files under `paths`.

    `prune` also removes documents under the given folders whose files are gone. `on_progress` gets (files done, files
    in all, current file). Raises InputError before anything is changed if a path is missing.
    """
    began = time.monotonic()
    files = {document_key(path): (path, name) for path, name in find_files(paths)}.values()  # each once
    summary = Summary()
    entries = {entry.key: entry for entry in store.catalog.entries()}
    by_hash = {entry.sha256: entry for entry in entries.values()}
    waiting: list[_Prepared] = []
    for done, (path, name) in enumerate(files):
        if on_progress:
            on_progress(done, len(files), name)
        try:
            prepared = _examine(path, name, entries, by_hash, store, summary)
        except UnreadableFileError as error:
            kept = (
                "；索引中仍是上次导入的内容，不需要时用 policyqa docs remove 移除"
                if document_key(path) in entries
                else ""
            )
            summary.skipped.append({"source": name, "reason": str(error) + kept})
            continue
        if prepared is None:
            continue
        waiting.append(prepared)
        if sum(len(p.chunks) for p in waiting) >= _BATCH_CHUNKS:
            _commit(waiting, store, embedder, summary)
            waiting = []
    _commit(waiting, store, embedder, summary)
    if prune:
        summary.removed += _prune(paths, store)
    if on_progress:
        on_progress(len(files), len(files), "")
    summary.seconds = round(time.monotonic() - began, 3)
    return summary


def _examine(
    path: Path, name: str, entries: dict[str, Entry], by_hash: dict[str, Entry], store: Store, summary: Summary
) -> _Prepared | None:
    """Decide what to do with one file; None where there is nothing to index."""
    if path.suffix.lower() not in SUPPORTED_SUFFIXES:
        raise UnreadableFileError(
            f"暂不支持 {path.suffix or '无扩展名'} 文件", "支持：" + " ".join(sorted(SUPPORTED_SUFFIXES))
        )
    key, sha256 = document_key(path), raw_sha256(path)
    known = entries.get(key)
    if known and known.sha256 == sha256 and known.pipeline == PIPELINE:
        summary.unchanged += 1
        return None
    twin = by_hash.get(sha256)
    if twin and twin.key != key:
        if not Path(twin.key).exists():  # the file was moved
            store.remove(twin.id)
            summary.removed += 1
        elif (
            raw_sha256(Path(twin.key)) == sha256
        ):  # else the twin has changed as well, and is brought up to date itself
            if known and store.remove(known.id):  # its former content is gone from the file
                summary.removed += 1
            raise UnreadableFileError(f"与已入库的 {twin.source.path} 内容完全相同")
    document, chunks = prepare_document(path, name)
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    by_hash[sha256] = Entry(
        document.id, key, sha256, PIPELINE, document.source, len(chunks), len(document.text), moment
    )
    return _Prepared(document, key, chunks, known is not None)


def _commit(batch: list[_Prepared], store: Store, embedder: Embedder, summary: Summary) -> None:
    """Embed the waiting documents in one go, then make each visible."""
    if not batch:
        return
    texts, spans = [], []
    for prepared in batch:
        for chunk in prepared.chunks:
            text = chunk.embed_text(prepared.document.source.title)
            shift = len(text) - len(chunk.text) - chunk.start
            texts.append(text)
            spans.append([(s.start + shift, s.end + shift) for s in chunk.sentences])
    vectors, sentence_vectors = embedder.embed_passages_with_spans(texts, spans)
    # One write for the whole batch: Chroma's cost is per call. What is not published yet, nobody sees.
    store.add_vectors([chunk for prepared in batch for chunk in prepared.chunks], vectors)
    at = 0
    for prepared in batch:
        document, chunks = prepared.document, prepared.chunks
        end = at + len(chunks)
        store.put(
            document, prepared.key, PIPELINE, datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
            chunks, [" ".join(words(text, keep_stop_words=True)) for text in texts[at:end]],
            [matrix.astype(np.float16) for matrix in sentence_vectors[at:end]],
        )  # fmt: skip
        at = end
        summary.chunks += len(chunks)
        summary.chars += len(document.text)
        if prepared.known:
            summary.updated += 1
        else:
            summary.added += 1


def _prune(paths: Sequence[str], store: Store) -> int:
    folders = [Path(given).resolve() for given in paths if Path(given).is_dir()]
    gone = [
        entry.id
        for entry in store.catalog.entries()
        if not Path(entry.key).exists() and any(folder in Path(entry.key).parents for folder in folders)
    ]
    for doc_id in gone:
        store.remove(doc_id)
    return len(gone)
