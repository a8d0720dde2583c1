"""The file behind an indexed document, as it is now: handed out only while it is the file that was indexed."""

import functools
import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.errors import UnreadableFileError
from ingest.formats.pdf_picture import Leaf, leaf, picture
from ingest.formats.sniff import sniff
from ingest.prepare import file_version
from ingest.read import MAX_BYTES
from ingest.records import Entry
from ingest.walk import Found, is_address, path_of

# same: as indexed; changed: another content; gone: not there, not a file, or unreadable; web: a page on the web
State = Literal["same", "changed", "gone", "web"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What the store knows of a document's file."""

    entry: Entry
    version: str  # of a file of many documents as it was read; "" for a file that is one
    validity: str  # of the document, as of today


@dataclass(frozen=True, slots=True)
class Original:
    """A document's file now. `suffix` is its kind by content (ingest.formats.sniff), "" unless it is as indexed."""

    state: State
    name: str
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file on the disk at one moment, and what it has to be. Equal copies need not be read twice."""

    path: Path
    modified: int
    size: int
    sha256: str
    version: str

    def read(self) -> bytes:
        """Return the bytes, checked as they were read. Raises UnreadableFileError where they are not those indexed."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise UnreadableFileError("原文件无法读取") from error
        found = hashlib.sha256(data).hexdigest()
        if self.version:  # the hash of a document among many is not that of their file
            found = file_version(Found(self.path, self.path.name), found)
        if found != (self.version or self.sha256):
            raise UnreadableFileError("原文件有改动")
        return data


def original(origin: Origin) -> Original:
    """Look at a document's file. Reads it whole the first time, and again only once it was touched."""
    entry = origin.entry
    if is_address(entry.file):
        return Original("web", entry.file)
    name = path_of(entry.file).name
    copy = _copy(origin)
    if copy is None:
        return Original("gone", name)
    try:
        return Original("same", name, _kind(copy))
    except UnreadableFileError:
        return Original("changed" if copy.path.is_file() else "gone", name)


def content(origin: Origin) -> bytes:
    """Return the file's bytes. Raises UnreadableFileError unless it is the file that was indexed."""
    copy = None if is_address(origin.entry.file) else _copy(origin)
    if copy is None:
        raise UnreadableFileError("原文件已不在原处")
    return copy.read()


def pdf_leaf(origin: Origin, page: int) -> Leaf:
    """Return a page of a PDF that is as indexed. Raises UnreadableFileError for anything else."""
    return _leaf(_pdf(origin), page)


def pdf_picture(origin: Origin, page: int) -> bytes:
    """Return the PNG picture of a page, as pdf_leaf does."""
    return _picture(_pdf(origin), page)


def is_pdf(origin: Origin, now: Original) -> bool:
    """Whether a document is a PDF file of its own: pages of one inside an archive cannot be shown."""
    return now.suffix == ".pdf" and origin.entry.file == origin.entry.key


def _pdf(origin: Origin) -> _Copy:
    copy = _copy(origin)
    if copy is None or origin.version or _kind(copy) != ".pdf":
        raise UnreadableFileError("没有可显示的 PDF 页")
    return copy


def _copy(origin: Origin) -> _Copy | None:
    entry = origin.entry
    path = path_of(entry.file)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:  # no file over it was ever indexed
        return None
    many = entry.file != entry.key
    if many and not origin.version:
        return None
    return _Copy(path, status.st_mtime_ns, status.st_size, entry.source.sha256, origin.version if many else "")


@functools.lru_cache(maxsize=512)
def _kind(copy: _Copy) -> str:
    return sniff(copy.read())


@functools.lru_cache(maxsize=64)
def _leaf(copy: _Copy, page: int) -> Leaf:
    return leaf(copy.read(), page)


@functools.lru_cache(maxsize=16)  # 300 KB each, a scanned page up to 4 MB
def _picture(copy: _Copy, page: int) -> bytes:
    return picture(copy.read(), page)
