"""What a fetched file is to be read as, by its content, its declared type and its name, in that order.

Servers send PDF files as text/html, error pages as application/pdf, and everything as application/octet-stream.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from ingest.formats.sniff import sniff

_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/pdf": ".pdf", "application/x-pdf": ".pdf",
    f"{_OFFICE}wordprocessingml.document": ".docx", f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx", "application/msword": ".doc", "application/json": ".json",
    "text/json": ".json", "text/csv": ".csv", "application/csv": ".csv", "text/plain": ".txt", "text/markdown": ".md",
    "application/zip": ".zip", "application/x-zip-compressed": ".zip", "application/epub+zip": ".epub",
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/bmp": ".bmp", "image/tiff": ".tiff",
    "image/webp": ".webp",
}  # fmt: skip
_SUFFIXES = frozenset((*_TYPES.values(), ".htm", ".markdown", ".jsonl", ".jpeg", ".tif", ".wps", ".mht", ".xls"))
# Types that say nothing, or are sent for Word, WPS and saved pages alike.
_UNTOLD = frozenset(("", "application/octet-stream", "binary/octet-stream", "application/force-download",
                     "application/download", "application/x-download", "application/x-msdownload",
                     "application/vnd.ms-excel", "application/xml", "text/xml"))  # fmt: skip
_TEXT = frozenset((".txt", ".md", ".markdown", ".csv", ".json", ".jsonl"))
_FILE_NAME = re.compile(r"filename\*?\s*=.{0,300}?(\.[A-Za-z]{2,8})[\"']?\s*(?:;|$)", re.IGNORECASE)


def may_be_read(content_type: str, name: str) -> bool:
    """Tell before the body is read whether a type, or else the name's suffix, is one that some reader takes."""
    told = content_type in _TYPES or content_type in _UNTOLD or content_type.endswith("+json")
    return told or _suffix(name) in _SUFFIXES


def file_name(path: str, disposition: str) -> str:
    """Return the name that a server gives a file (Content-Disposition, else the address's path); only its end counts."""
    stated = _FILE_NAME.search(unquote(disposition))
    return stated[1] if stated else PurePosixPath(path).name


def suffix_of(data: bytes, content_type: str, name: str) -> str:
    """Return the suffix to read the bytes under, "" if they are of no kind that can be read."""
    declared = ".json" if content_type.endswith("+json") else _TYPES.get(content_type, "")
    found = sniff(data)
    if found == ".xml":  # XHTML with a long head
        return ".html" if declared == ".html" else ""
    looks_like_json = found in (".json", ".jsonl")  # as many a text does that begins with [1]
    if found and not (looks_like_json and declared in (".txt", ".csv", ".md")):
        return found if found in _SUFFIXES else ""
    if b"\x00" in data[:65_536] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ""
    named = _suffix(name)
    if named in _TEXT and declared in ("", ".txt"):
        return named
    return declared if declared in _TEXT or declared == ".html" else ".txt"


def _suffix(name: str) -> str:
    return (name if name.startswith(".") else PurePosixPath(name).suffix).lower()
