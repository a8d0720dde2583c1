"""A file's documents, ready for embedding: read, described, cut. Needs no store and no model, so it runs anywhere."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.collections import as_collection
from ingest.errors import PolicyQAError, UnreadableFileError
from ingest.facts.describe import describe_chunks
from ingest.facts.metadata import make_source
from ingest.facts.sidecar import read_sidecar, sidecar_of
from ingest.facts.wholeness import looks_like_digest, looks_truncated
from ingest.health import assess
from ingest.read import RawText, raw_sha256, read_documents
from ingest.text.reposts import Sketch, sketch
from ingest.text.split import CHUNK_SIZE, ChunkSize, split_blocks, split_chunks
from ingest.types import Chunk, Document, Unread
from ingest.walk import Found, readable

if TYPE_CHECKING:
    from ingest.vectors import Embedded

PIPELINE = 27  # raise when cleaning, splitting or description change: documents are then re-ingested once


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with its chunks, ready for the store but for their vectors."""

    document: Document
    key: str  # the file's key, with #member for one of many
    file: str  # the file's key
    version: str  # hash of all that the document was made from: another one means that it must be made again
    chunks: tuple[Chunk, ...]
    sketch: Sketch
    within: tuple[str, ...] | None = None  # collections that it may say it belongs to; None: any
    embedded: "Embedded | None" = None  # given where another process has embedded the chunks already


Item = Prepared | Unread
# How files become documents: here, or on other machines. Files are taken one by one, as there is room for them, and
# their documents come in the same order.
Read = Callable[[Iterable[Found], ChunkSize], Iterator[tuple[Found, Iterator[Item]]]]


def read_here(files: Iterable[Found], size: ChunkSize = CHUNK_SIZE) -> Iterator[tuple[Found, Iterator[Item]]]:
    """Read files in this process, each when its turn comes."""
    for found in files:
        yield found, prepare_file(found, size)


def file_version(found: Found, sha256: str = "") -> str:
    """Return the hash that tells whether a file must be read again: of its bytes and of its sidecar's.

    `sha256` is that of its bytes where it is known. Raises UnreadableFileError if one of them cannot be read.
    """
    sidecar = None if found.url else sidecar_of(found.path)
    version = sha256 or raw_sha256(found.path)
    return hashlib.sha256(f"{version}{raw_sha256(sidecar)}".encode()).hexdigest() if sidecar else version


def prepare_file(found: Found, size: ChunkSize = CHUNK_SIZE) -> Iterator[Item]:
    """Yield a file's documents. Raises UnreadableFileError for the whole file."""
    version, sha256 = file_version(found), raw_sha256(found.path)
    stated = {} if found.url else read_sidecar(found.path)
    for raw in _without_surprises(read_documents(found.path, found.charset)):
        if isinstance(raw, Unread):
            yield raw
            continue
        if found.url:
            raw.meta.setdefault("url", found.url)
        if raw.member:
            content = json.dumps([raw.text, raw.meta, stated], ensure_ascii=False, sort_keys=True, default=str)
            sha256 = version = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
        try:
            yield _prepare(found, raw, stated, version, sha256, size)
        except UnreadableFileError as error:
            if not raw.member:
                raise
            yield Unread(raw.member, str(error))


def _without_surprises(found: Iterator[RawText | Unread]) -> Iterator[RawText | Unread]:
    """Yield what a reader yields; an error that nobody foresaw costs this file and not the run."""
    try:
        yield from found
    except PolicyQAError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        raise UnreadableFileError(f"读取时出错：{reason}", "文件可能已损坏；如能正常打开，请反馈给开发者") from error


def prepare_document(path: Path, source_name: str) -> tuple[Document, tuple[Chunk, ...]]:
    """Return the document of a file that is one (of several: the first). Raises UnreadableFileError."""
    for prepared in prepare_file(Found(path, source_name)):
        if isinstance(prepared, Unread):
            raise UnreadableFileError(prepared.reason)
        return prepared.document, prepared.chunks
    raise UnreadableFileError(f"没有正文：{path.name}")


def _prepare(
    found: Found, raw: RawText, stated: dict[str, Any], version: str, sha256: str, size: ChunkSize
) -> Prepared:
    suffix = f"#{raw.member}" if raw.member else ""
    key = found.key + suffix
    doc_id = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
    name = readable(found.path.stem) if not found.url else found.url.rstrip("/").rpartition("/")[2]
    notes = raw.notes
    if looks_like_digest(raw.text, raw.title):
        notes = (*notes, "digest")
    if looks_truncated(raw.text):
        notes = (*notes, "truncated")
    within = tuple(map(as_collection, stated["collections"])) if "collections" in stated else None
    meta, where = {**raw.meta, **stated}, {**raw.where, **dict.fromkeys(stated, "旁置文件")}
    source = make_source(found.name + suffix, sha256, raw.text, raw.title or name + suffix, meta, notes, where)
    blocks = split_blocks(raw.text, raw.pages)
    # The content's hash in the id keeps the vectors of two versions apart while one replaces the other.
    prefix = f"{doc_id}-{version[:8]}-{PIPELINE}"
    chunks = split_chunks(doc_id, raw.text, blocks, prefix=prefix, pages=raw.pages, size=size)
    if not chunks:
        raise UnreadableFileError("清洗后没有正文", "检查文件内容是否为空或只有图片")
    chunks = describe_chunks(raw.text, chunks, source.regions, source.issued)
    document = Document(doc_id, source, raw.text, blocks, assess(raw, raw.text, chunks, notes))
    return Prepared(document, key, found.key, version, chunks, sketch(raw.text), within)
