"""File names from strangers: what is kept of them, and which are free in a folder."""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

MAX_BYTES = 180  # of a name in UTF-8: file systems take 255, and a sidecar's suffix and a number come on top
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>:"|?*\\/]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)", re.IGNORECASE)  # no file names on Windows


def safe_name(given: str) -> str:
    """Return a file name for a folder of ours: no path, nothing hidden, no sign that a system forbids; Chinese stays."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = _UNFIT.sub("_", name).strip(" ").lstrip(".").rstrip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    path = PurePosixPath(name or "未命名")
    stem, suffix = (path.stem, path.suffix) if 1 < len(path.suffix.encode()) <= 12 else (path.name, ".txt")
    stem = stem.encode()[: MAX_BYTES - len(suffix.encode())].decode("utf-8", "ignore").rstrip(". ")
    return f"{stem or '未命名'}{suffix}"


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, numbered where a file has it, or where one's sidecar (name.pdf.yaml) would be taken for the other's."""
    names = {other.lower() for other in taken}
    stems = {PurePosixPath(other).stem for other in names}
    path = PurePosixPath(name)
    numbered = (f"{path.stem} ({n}){path.suffix}" for n in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if _is_free(one.lower(), names, stems))


def _is_free(name: str, names: set[str], stems: set[str]) -> bool:
    return name not in names and name not in stems and PurePosixPath(name).stem not in names
