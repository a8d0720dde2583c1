"""Ingestion: files in, an up-to-date store out. Unchanged files cost one hash, nothing is half-indexed."""

import contextlib
import datetime
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from ingest.batch import Batch
from ingest.download import download
from ingest.embed import Embedder
from ingest.errors import StoreError, UnreadableFileError
from ingest.health import in_words
from ingest.placing import Placing, move
from ingest.prepare import PIPELINE, Item, Prepared, Read, file_version, read_here
from ingest.read import raw_sha256
from ingest.records import TAKEN_OUT, Entry, FileRecord
from ingest.store import Store
from ingest.summary import Summary
from ingest.text.reposts import SketchIndex, is_same_text
from ingest.text.split import CHUNK_SIZE, ChunkSize
from ingest.types import REPAIRS, SET_RIGHT, TIERS, Unread
from ingest.vectors import Embedded, OnEmbedded, embed_documents
from ingest.walk import Found, find_files, is_address, is_gone, path_of

BEGUN = FileRecord("", 0, ())  # of a file that was never read to its end: what it had then says nothing of what it has
OnProgress = Callable[[int, int, str], None]  # files done, files in all, current file


def ingest_paths(
    paths: Sequence[str],
    store: Store,
    embedder: Embedder,
    prune: bool = False,
    on_progress: OnProgress | None = None,
    read: Read = read_here,
    allow_private: bool = False,
    anew: bool = False,
    on_embedded: OnEmbedded | None = None,
    collection: str | None = None,
    size: ChunkSize = CHUNK_SIZE,
    crossing: bool = True,
    base: Path | None = None,
) -> Summary:
    """Bring the store up to date with the files under `paths` and the pages at their web addresses.

    `prune` also removes documents under the given folders whose files are gone; `read` says where files are read and
    perhaps embedded. What is linked and committed is decided here, file by file in their order. `allow_private` lets
    addresses lead to private and loopback hosts; `anew` reads unchanged files too; `on_embedded` hears how far the batch
    of chunks is that is being embedded. `collection` is where the documents go; without it they go where they are stated to
    belong, or stay where they are. `crossing`: a file that was moved is taken out of the collection that it was in, whichever
    it goes to; `base` is the folder that relative paths start from, this process's own if None. Raises, before anything is changed, InputError if a path is missing and StoreError if
    the store's chunks are of another `size`.
    """
    began = time.monotonic()
    files = list({found.key: found for found in find_files(paths, base)}.values())  # each once
    _keep_size(store, size)
    with ThreadPoolExecutor(1) as embedding, tempfile.TemporaryDirectory(prefix="policyqa-") as downloads:
        run = _Run(store, embedder, embedding, anew, on_embedded, Placing(collection, crossing))

        def changed() -> Iterator[Found]:
            for done, found in enumerate(files):
                if on_progress:
                    on_progress(done, len(files), found.name)
                here = download(found, Path(downloads), allow_private) if found.url else found
                if run.wants(here):
                    yield here

        for found, items in read(changed(), size):
            run.take(found, items)
            if found.url:
                found.path.unlink(missing_ok=True)
        run.finish()
        if prune:
            run.prune([(base or Path()) / given for given in paths])
    if on_progress:
        on_progress(len(files), len(files), "")
    run.summary.seconds = round(time.monotonic() - began, 3)
    return run.summary


def _keep_size(store: Store, size: ChunkSize) -> None:
    """See that a store has chunks of one size. A store that names none has those of CHUNK_SIZE."""
    kept = store.catalog.get_meta("chunk_size") or str(CHUNK_SIZE)
    if kept == str(size):
        return
    if store.catalog.count()[0]:
        raise StoreError(
            f"索引 {store.name} 按 {kept} 字分块，与现在要求的 {size} 不同", "换一个索引目录，或删除后重建"
        )
    store.catalog.set_meta("chunk_size", str(size))


class _Run:
    """One ingestion: what is known of the store, what waits to be embedded, what was done."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        embedding: Executor,
        anew: bool,
        on_embedded: OnEmbedded | None,
        placing: Placing,
    ) -> None:
        self.summary = Summary()
        self._store, self._embedder, self._embedding = store, embedder, embedding
        self._anew, self._on_embedded = anew, on_embedded
        self._entries: dict[str, Entry] = {}
        self._of_file: dict[str, set[str]] = {}  # file -> keys of its documents
        self._by_hash: dict[str, dict[str, str]] = {}  # content -> collection -> key
        self._placing = placing
        self._sketches = SketchIndex()
        self._files = store.catalog.files()
        for entry in store.catalog.entries():
            self._know(entry)
            if self._files.get(entry.file) != BEGUN:
                placing.know_file(entry)
        self._awaited: dict[str, str] = {}  # versions of the files that are being read
        self._waiting = Batch()
        self._flying: tuple[Batch, Future[list[Embedded]]] | None = None  # the batch that is being embedded

    def _know(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._of_file.setdefault(entry.file, set()).add(entry.key)
        self._by_hash.setdefault(entry.source.sha256, {})[entry.source.collection] = entry.key
        self._placing.know(entry)
        if entry.same_as:
            self._sketches.discard(entry.key)
        else:
            self._sketches.add(entry.key, entry.sketch)

    def wants(self, found: Found) -> bool:
        """Tell whether a file must be read. What cannot be is listed as skipped."""
        key = found.key
        with self._skipping(found, key):
            if found.reason:
                raise UnreadableFileError(found.reason)
            version = file_version(found)
            if not self._is_unchanged(key, version, found.name):
                self._awaited[key] = version
                return True
        return False

    def take(self, found: Found, items: Iterator[Item]) -> None:
        """Do what one file's documents need. What cannot be read is listed as skipped, and its former content stays."""
        key = found.key
        version = self._awaited.pop(key)
        with self._skipping(found, key):
            self._make_room(found, key)
            self._read_file(found, key, version, items)

    def finish(self) -> None:
        """Commit what waits. No file may have been lost on the way to its reader and back."""
        self.commit()
        if self._awaited:
            raise RuntimeError(f"{len(self._awaited)} files were sent and never came back")

    @contextlib.contextmanager
    def _skipping(self, found: Found, key: str) -> Iterator[None]:
        try:
            yield
        except UnreadableFileError as error:
            kept = "；索引中仍是上次导入的内容，不需要时用 policyqa docs remove 移除" if self._of_file.get(key) else ""
            self._skip(found.name, str(error) + kept)

    def _is_unchanged(self, key: str, version: str, name: str) -> bool:
        if self._anew:
            return False
        entry, record = self._entries.get(key), self._files.get(key)
        if entry and (entry.version, entry.pipeline) == (version, PIPELINE) and not self._placing.is_astray(entry):
            if self._placing.is_elsewhere(entry):
                self._move(entry)
            else:
                self.summary.unchanged += 1
            return True
        members = [self._entries[member] for member in self._of_file.get(key, ())]
        if (
            record
            and (record.version, record.pipeline) == (version, PIPELINE)
            and not self._placing.is_any_off(members)
        ):
            self.summary.unchanged += len(self._of_file.get(key, ()))
            for member, reason in record.skipped:
                self._skip(f"{name}#{member}", reason)
            return True
        return False

    def _make_room(self, found: Found, key: str) -> None:
        """Take out a document whose file was moved here: it is read again at its new place."""
        twins = self._by_hash.get(raw_sha256(found.path), {}).values()
        for twin in [self._entries[same] for same in twins if same in self._entries]:
            moved = twin.key != key and twin.file == twin.key and is_gone(twin.file)
            if moved and self._placing.may_take_over(key, twin):
                self._placing.inherit(key, twin)
                self._remove(twin)

    def _refuse_twin(self, prepared: Prepared) -> None:
        """Raise UnreadableFileError for a second copy of a file in one collection."""
        source = prepared.document.source
        twin = self._entries.get(self._by_hash.get(source.sha256, {}).get(source.collection, ""))
        if prepared.key != prepared.file or twin is None or twin.key == prepared.key or twin.file != twin.key:
            return
        # Where it has changed since, it has its own turn.
        if is_address(twin.file) or raw_sha256(path_of(twin.file)) == source.sha256:
            if known := self._entries.get(prepared.key):  # its former content is gone from the file
                self._remove(known)
            raise UnreadableFileError(f"与已入库的 {twin.source.path} 内容完全相同")

    def _read_file(self, found: Found, key: str, version: str, items: Iterator[Item]) -> None:
        seen, unread, many = set(), [], False
        former = self._files.get(key)
        left_out = former.left_out if former and not self._anew else {}
        for item in items:
            if isinstance(item, Unread):
                unread.append((item.member, item.reason))
                self._skip(f"{found.name}#{item.member}", item.reason)
                continue
            if item.key != key and not many:
                many = True
                if key not in self._files and not self._of_file.get(key):
                    self._waiting.begun.append(key)
            member = item.key.removeprefix(f"{key}#")
            if member in left_out:
                if left_out[member] == TAKEN_OUT:  # that it was has to be known on: the file hides it
                    unread.append((member, TAKEN_OUT))
                continue
            try:
                placed = self._placing.place(item)
            except UnreadableFileError as error:
                if item.key == key:
                    raise
                unread.append((member, str(error)))
                self._skip(item.document.source.path, str(error))
                continue
            seen.add(item.key)
            self._refuse_twin(placed)
            self._admit(placed)
        for gone in self._of_file.get(key, set()) - seen:
            self._remove(self._entries[gone])
        if many:
            self._waiting.read.append((key, FileRecord(version, PIPELINE, tuple(unread))))

    def _admit(self, prepared: Prepared) -> None:
        """Queue a document for embedding, or link it to the one that has its text already."""
        known = self._entries.get(prepared.key)
        same = known and (known.version, known.pipeline) == (prepared.version, PIPELINE)
        if known and same and not self._anew and known.source.collection == prepared.document.source.collection:
            self.summary.unchanged += 1
            return
        holder = self._holder(prepared)
        source, health = prepared.document.source, prepared.document.health
        if holder and _rank(source.tier) < _rank(holder.source.tier):  # the better source takes the text over
            self._waiting.demoted.append((holder, prepared.document.id))
            self.summary.linked.append({"source": holder.source.path, "same_as": source.path})
            holder = None
        elif holder:
            self.summary.linked.append({"source": source.path, "same_as": holder.source.path})
        if health.flags:
            self.summary.flagged.append(
                {"source": source.path, "flags": list(health.flags), "health": in_words(health)}
            )
        if repairs := [note for note in source.repairs if note in REPAIRS | SET_RIGHT]:
            self.summary.repaired.append({"source": source.path, "repairs": repairs})
        entry = _entry(prepared, holder.id if holder else "")
        self._know(entry)
        self._count(known, prepared)
        self._waiting.documents.append((prepared, entry))
        if self._waiting.is_full():
            self._launch()

    def _holder(self, prepared: Prepared) -> Entry | None:
        """The document that holds the same text as this one, if any: of its own collection."""
        own = prepared.document.source.collection
        for key in self._sketches.like(prepared.sketch):
            if self._entries[key].source.collection != own:
                continue
            if key != prepared.key and is_same_text(self._text(self._entries[key]), prepared.document.text):
                return self._entries[key]
        return None

    def _text(self, entry: Entry) -> str:
        flying = self._flying[0].documents if self._flying else []
        for prepared, waiting in (*self._waiting.documents, *flying):
            if waiting is entry:
                return prepared.document.text
        document = self._store.catalog.document(entry.id)
        return document.text if document else ""

    def _count(self, known: Entry | None, prepared: Prepared) -> None:
        self.summary.chars += len(prepared.document.text)
        if known:
            self.summary.updated += 1
        else:
            self.summary.added += 1

    def commit(self) -> None:
        """Embed what waits and make it visible."""
        self._launch()
        self._land()

    def _launch(self) -> None:
        """Start embedding what waits; it goes on while the next files are read. The batch before it is made visible."""
        batch, self._waiting = self._waiting, Batch()
        bare = [(p.document, p.chunks) for p in batch.own() if not p.embedded]
        following = self._embedding.submit(embed_documents, bare, self._embedder, self._on_embedded)
        self._land()
        self._flying = batch, following

    def _land(self) -> None:
        """Make the batch that was being embedded visible."""
        if self._flying is None:
            return
        (batch, future), self._flying = self._flying, None
        made = iter(future.result())
        with self._store.turn():
            self._publish(batch, [p.embedded or next(made) for p in batch.own()])

    def _publish(self, batch: Batch, embedded: list[Embedded]) -> None:
        for key in batch.begun:
            self._store.set_file(key, BEGUN)
        # One write for the whole batch: Chroma's cost is per call. What is not published yet, nobody sees.
        if embedded:
            vectors = np.concatenate([each.vectors for each in embedded])
            self._store.add_vectors([chunk for p in batch.own() for chunk in p.chunks], vectors)
        for prepared, entry in batch.documents:
            if entry.same_as:
                self._store.put(prepared.document, entry)
                continue
            each = embedded.pop(0)
            matrices = [matrix.astype(np.float16) for matrix in each.sentence_vectors]
            self._store.put(prepared.document, entry, prepared.chunks, each.words, matrices, each.tokens)
            self.summary.chunks += len(prepared.chunks)
        for former, holder_id in batch.demoted:
            if self._entries.get(former.key) is former:  # else it was read again since, and has found its place
                self._link(former, holder_id)
        for key, record in batch.read:
            self._store.set_file(key, record)

    def _link(self, former: Entry, holder_id: str) -> None:
        """Make a document, and those linked to it, name another one as the holder of their text."""
        for entry in [former, *(e for e in self._entries.values() if e.same_as == former.id)]:
            document = self._store.catalog.document(entry.id)
            if document:
                linked = replace(entry, same_as=holder_id, chunks=0)
                self._store.put(document, linked)
                self._know(linked)

    def prune(self, paths: Sequence[Path]) -> None:
        """Remove documents under the given folders whose files are gone."""
        folders = [path.resolve() for path in paths if path.is_dir()]
        for entry in list(self._entries.values()):
            if is_gone(entry.file) and any(folder in path_of(entry.file).parents for folder in folders):
                self._remove(entry)

    def _remove(self, entry: Entry) -> None:
        self.commit()  # it may be among those waiting
        with self._store.turn():
            if self._store.remove(entry.id):
                self.summary.removed += 1
        self._entries.pop(entry.key, None)
        self._sketches.discard(entry.key)
        self._of_file.get(entry.file, set()).discard(entry.key)

    def _move(self, entry: Entry) -> None:
        """Put an unchanged document into the collection that is given, without reading it again."""
        self.commit()
        moved = move(self._store, entry, self._placing.given or "")
        self._know(moved)
        self.summary.updated += 1

    def _skip(self, source: str, reason: str) -> None:
        self.summary.skipped.append({"source": source, "reason": reason})


def _entry(prepared: Prepared, same_as: str) -> Entry:
    document = prepared.document
    return Entry(
        document.id, prepared.key, prepared.file, prepared.version, PIPELINE, document.source, document.health,
        0 if same_as else len(prepared.chunks), len(document.text),
        datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"), same_as, prepared.sketch,
    )  # fmt: skip


def _rank(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else len(TIERS)
