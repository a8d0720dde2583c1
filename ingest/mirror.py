"""The mirror of a server's catalogue on this machine: an ordinary catalogue, with the stamp of each document in it.

It is a cache: what is lost of it is fetched again. Processes of one user share it. They read it freely and take its
lock for as long as they bring it in step with the server.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.cache import default_cache_dir
from ingest.catalog import Catalog
from ingest.errors import StoreError, StoreInUseError
from ingest.records import FileRecord
from ingest.wire import Published

_WAIT = 600.0  # seconds for another process to fetch what may be a whole catalogue
_STAMPS = "CREATE TABLE IF NOT EXISTS stamps(doc_id TEXT PRIMARY KEY, stamp TEXT NOT NULL)"


def mirror_folder(address: str, form: str, cache: Path | None = None) -> Path:
    """Return where the catalogue of a server is mirrored; another form of catalogue has another place."""
    name = hashlib.sha256(f"{address} {form}".encode()).hexdigest()[:16]
    return (cache or default_cache_dir()) / "servers" / name


class Mirror(Catalog):
    """A catalogue whose truth lies on a server. Use `open_mirror`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "catalog.sqlite3", writable=True)
        self._folder = folder
        # Readers go on while another process of this user writes, and a writer waits for its turn.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA busy_timeout = 60000")
        self._db.execute(_STAMPS)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from writing this mirror while the block runs. Raises StoreInUseError where none lets go."""
        import portalocker

        try:
            flags = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
            lock = portalocker.Lock(self._folder / "lock", mode="a", timeout=_WAIT, check_interval=0.02, flags=flags)
            lock.acquire()
        except portalocker.exceptions.LockException as error:
            raise StoreInUseError(f"目录副本 {self._folder} 一直被另一进程占用", "等它结束后重试") from error
        try:
            yield
        finally:
            lock.release()

    def stamps(self) -> dict[str, str]:
        """The stamp of each document as it was fetched."""
        return dict(self._db.execute("SELECT doc_id, stamp FROM stamps"))

    def put_stamped(self, published: Published, stamp: str) -> list[str]:
        """Put a document as the server has it; return the chunk ids that it had here before."""
        document = published.document
        # Without a stamp until it is whole: a process that dies in between fetches it again.
        self._db.execute("DELETE FROM stamps WHERE doc_id = ?", (document.id,))
        old = self.put(
            document, published.entry, published.chunks, published.words, published.vectors, published.tokens
        )
        self._db.execute("INSERT INTO stamps VALUES (?, ?)", (document.id, stamp))
        return old

    def remove_stamped(self, doc_id: str) -> list[str]:
        """Take out a document that the server no longer has; return the ids of its chunks."""
        old = self.remove(doc_id)
        self._db.execute("DELETE FROM stamps WHERE doc_id = ?", (doc_id,))
        return old

    def match_files(self, files: Mapping[str, FileRecord]) -> None:
        """Know the same files of many documents as the server, and no link to a document that is gone.

        A link and its holder's removal may come from two clients at once; as in `remove`, the linked one is read again.
        """
        known = self.files()
        for key in known.keys() - files.keys():
            self.forget_file(key)
        for key, record in files.items():
            if known.get(key) != record:
                self.set_file(key, record)
        self._unlink("same_as <> '' AND same_as NOT IN (SELECT id FROM documents)")
        self._db.execute("DELETE FROM files WHERE file IN (SELECT file FROM documents WHERE version = '')")

    def note(self, key: str, value: str) -> None:
        """Store a setting, if it is another one than before."""
        if self.get_meta(key) != value:
            self.set_meta(key, value)


def open_mirror(folder: Path) -> Mirror:
    """Open or make the mirror in a folder; one that is damaged is made anew. Raises StoreError if it cannot be written."""
    try:
        try:
            return Mirror(folder)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # the disk, not the file's content
                raise
            for path in folder.glob("catalog.sqlite3*"):
                path.unlink()
            return Mirror(folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"无法写入目录副本 {folder}：{error}", "检查磁盘与权限，或用 POLICYQA_CACHE 指定其他缓存目录"
        ) from error
