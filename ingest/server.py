"""A Chroma server as the keeper of a store: the rows of its two collections, and its errors as one line.

Collection `policyqa_chunks` holds the vectors, as in a folder. Collection `policyqa_documents` holds the catalogue, in
rows that are only ever looked up (their vector is a constant): of each document one small head, `{doc_id}`, with the
stamp of its present version, and that version's record in pieces, `{doc_id}:{stamp}:{n}`. Pieces never change. So
the one write of a head replaces a version by another, and whoever writes last wins. Of each file of many documents there is a row
`file:...`; the row `revision` changes with every change.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest import chroma
from ingest.errors import PolicyQAError, StoreError
from ingest.records import FileRecord, dump

DOCUMENTS = "policyqa_documents"
_CONNECT, _REPLY = 5.0, 120.0  # seconds; a batch of vectors on a busy server takes its time
_CALL = 1_000_000  # characters a call, to stay far below what servers and proxies take as a request
_ROW = [1.0]  # the vector that Chroma wants of every row
# Before each write Chroma reads what was written since its index was last saved: by default up to 1,000 rows, here of
# 250 KB each. Measured with rows of 50 KB: 40 to 150 ms a write, with this 14 ms. The index itself is never asked.
_INDEX = {"hnsw": {"sync_threshold": 20, "batch_size": 20, "max_neighbors": 2, "ef_construction": 2}}


@dataclass(frozen=True, slots=True)
class Head:
    """A document on the server: complete if all its pieces are there."""

    doc_id: str
    stamp: str
    pieces: int
    size: int  # characters in all


class Server:
    """The rows of one store on a Chroma server. Every method raises StoreError where the server fails."""

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        self.address = urllib.parse.urlunsplit(parts).rstrip("/")
        # Without a name and password, which are nobody's business.
        self.shown = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._client: Any = None
        self._ahead = 0.0  # seconds that the server's clock is ahead of our steady one, which no one sets
        self.chunks: Any = None
        self._documents: Any = None

    def connect(self) -> None:
        """Find the server and see that it is one. Raises StoreError."""
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import httpx

        try:
            reply = httpx.get(f"{self.address}/api/v2/heartbeat", timeout=_CONNECT)
            beat = int(reply.json()["nanosecond heartbeat"])
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = "没有按时回答" if isinstance(error, httpx.TimeoutException) else f"连不上（{_first_line(error)}）"
            raise StoreError(f"Chroma 服务器 {self.shown} {why}", "检查地址与端口，或先启动 chroma run") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self.shown} 不是 Chroma 服务器（HTTP {reply.status_code}）", "检查 --store 的地址与端口"
            ) from error
        self._ahead = beat / 1e9 - time.monotonic()
        import chromadb
        from chromadb.config import Settings

        with self.told():
            # The whole address as the host: so a path before the interface (a proxy's) is kept.
            self._client = chromadb.HttpClient(host=self.address, settings=Settings(**chroma.SILENT))
            # Chroma's own client waits for ever, and has no setting for it.
            self._client._server._session.timeout = httpx.Timeout(_REPLY, connect=_CONNECT)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Tell what goes wrong between here and the server as one line."""
        import httpx

        try:
            yield
        except PolicyQAError:
            raise
        except httpx.TimeoutException as error:
            raise StoreError(
                f"Chroma 服务器 {self.shown} 没有按时回答（{_REPLY:.0f} 秒）", "服务器可能过忙，稍后重试"
            ) from error
        except Exception as error:  # chromadb raises its own, httpx's, and bare ValueErrors
            raise StoreError(
                f"Chroma 服务器 {self.shown} 出错：{_first_line(error)}",
                "检查服务器是否在运行；已入库的内容不受影响，可重试",
            ) from error

    def open(self, state: dict[str, str], create: bool) -> dict[str, str]:
        """Open the collections and return what is noted of the store: `state`, where `create` made it just now.

        An empty dict means that there is no store on the server.
        """
        with self.told():
            names = {collection.name for collection in self._client.list_collections()}
            if not {chroma.CHUNKS, DOCUMENTS} <= names and not create:
                return {}
            make = self._client.get_or_create_collection
            self._documents = make(DOCUMENTS, configuration=_INDEX, embedding_function=None)
            # Of two who make it at once, the first one's note stays.
            self.chunks = make(chroma.CHUNKS, metadata=state, configuration=chroma.INDEX, embedding_function=None)
            return {key: str(value) for key, value in (self.chunks.metadata or {}).items()}

    def note(self, state: dict[str, str]) -> None:
        """Change what is noted of the store."""
        with self.told():
            self.chunks.modify(metadata=state)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = self.chunks = self._documents = None

    def now(self) -> int:
        """The server's time in seconds: the clock that all its clients share."""
        return int(time.monotonic() + self._ahead)

    def heads(self) -> dict[str, Head]:
        """The heads of all documents, by document."""
        with self.told():
            rows = self._documents.get(where={"kind": "head"}, include=["metadatas"])
        return {
            doc_id: Head(doc_id, note["stamp"], note["pieces"], note["size"])
            for doc_id, note in zip(rows["ids"], rows["metadatas"], strict=True)
        }

    def pieces(self, heads: Sequence[Head]) -> dict[str, list[str]]:
        """The pieces of some documents' records, by document; documents of which one is missing are left out."""
        wanted = {head.doc_id: [f"{head.doc_id}:{head.stamp}:{n}" for n in range(head.pieces)] for head in heads}
        with self.told():
            rows = self._documents.get(ids=[row for ids in wanted.values() for row in ids], include=["metadatas"])
        held = {row: note["data"] for row, note in zip(rows["ids"], rows["metadatas"], strict=True)}
        return {doc_id: [held[row] for row in ids] for doc_id, ids in wanted.items() if held.keys() >= set(ids)}

    def publish(self, doc_id: str, pieces: Sequence[str]) -> str:
        """Write a version of a document, its head last; return the version's stamp."""
        stamp = f"{self.now():x}-{secrets.token_hex(4)}"
        rows: list[tuple[str, dict[str, Any]]] = [
            (f"{doc_id}:{stamp}:{n}", {"kind": "piece", "data": piece}) for n, piece in enumerate(pieces)
        ]
        note = {"kind": "head", "stamp": stamp, "pieces": len(pieces), "size": sum(map(len, pieces))}
        rows.append((doc_id, note))
        step = max(1, _CALL // max(map(len, pieces), default=1))
        for at in range(0, len(rows), step):
            self._write(dict(rows[at : at + step]))
        return stamp

    def withdraw(self, doc_id: str) -> None:
        """Take a document's head out: from now on it is not in the store."""
        with self.told():
            self._documents.delete(ids=[doc_id])

    def drop_pieces(self, head: Head) -> None:
        """Delete the pieces of a version that has been replaced."""
        with self.told():
            chroma.delete_rows(self._documents, [f"{head.doc_id}:{head.stamp}:{n}" for n in range(head.pieces)])

    def drop_vectors(self, ids: Sequence[str], written_before: int) -> None:
        """Delete vectors, but none that was written (again) at or after a time: someone may be about to publish it."""
        with self.told():
            chroma.delete_rows(self.chunks, ids, {"written": {"$lt": written_before}} if ids else None)

    def files(self) -> dict[str, FileRecord]:
        """Files of many documents that were read to their end, by key."""
        with self.told():
            rows = self._documents.get(where={"kind": "file"}, include=["metadatas"])
        found = {}
        for note in rows["metadatas"]:
            key, version, pipeline, skipped = json.loads(note["data"])
            found[key] = FileRecord(version, pipeline, tuple((member, reason) for member, reason in skipped))
        return found

    def set_file(self, key: str, record: FileRecord) -> None:
        """Remember a file of many documents."""
        data = dump([key, record.version, record.pipeline, record.skipped])
        self._write({_file_row(key): {"kind": "file", "data": data}})

    def forget_file(self, key: str) -> None:
        """Forget a file of many documents."""
        with self.told():
            self._documents.delete(ids=[_file_row(key)])

    def revision(self) -> str:
        """A text that changes with every change."""
        with self.told():
            notes = self._documents.get(ids=["revision"], include=["metadatas"])["metadatas"]
        return str(notes[0]["stamp"]) if notes else ""

    def announce(self) -> None:
        """Change the revision, for those who have the store open."""
        self._write({"revision": {"kind": "revision", "stamp": secrets.token_hex(8)}})

    def sizes(self) -> tuple[int, int]:
        """Numbers of rows: (of vectors, of the catalogue)."""
        with self.told():
            return int(self.chunks.count()), int(self._documents.count())

    def vector_ids(self) -> set[str]:
        """Ids of all vectors."""
        with self.told():
            return set(self.chunks.get(include=[])["ids"])

    def old_pieces(self, heads: dict[str, Head], written_before: int) -> list[str]:
        """Ids of pieces of no present version that were written before a time."""
        with self.told():
            ids = self._documents.get(where={"kind": "piece"}, include=[])["ids"]
        named = [(row, *row.split(":")[:2]) for row in ids]
        return [
            row
            for row, doc_id, stamp in named
            if (doc_id not in heads or heads[doc_id].stamp != stamp) and int(stamp.split("-")[0], 16) < written_before
        ]

    def drop_rows(self, ids: Sequence[str]) -> None:
        """Delete rows of the catalogue."""
        with self.told():
            chroma.delete_rows(self._documents, ids)

    def _write(self, rows: dict[str, dict[str, Any]]) -> None:
        with self.told():
            self._documents.upsert(ids=list(rows), embeddings=[_ROW] * len(rows), metadatas=list(rows.values()))


def _parts(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url.strip())
        if not parts.hostname or parts.query or parts.fragment or parts.port == 0:
            raise ValueError(url)
        return parts
    except ValueError as error:
        raise StoreError(
            f"服务器地址无效：{url.rpartition('@')[2].partition('?')[0]}", "例如 http://127.0.0.1:8000"
        ) from error


def _file_row(key: str) -> str:
    return "file:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0][:200]
