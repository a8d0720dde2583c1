"""Files under the given paths, each with the name that the user gave and the key that the store knows it by."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import InputError

_SIDECARS = (".yaml", ".yml")
_ESCAPED = "bytes:"  # the key of a path that is no UTF-8 text


@dataclass(frozen=True, slots=True)
class Found:
    """A file or web page to read, or, with a reason, one that cannot be."""

    path: Path  # of a web page: where it was downloaded to
    name: str  # the path or address as given, as text
    reason: str = ""
    url: str = ""
    charset: str = ""  # what the web server says of the page

    @property
    def key(self) -> str:
        """The identity of the file in the store: its address, or its absolute path as text that can be stored."""
        return self.url or file_key(self.path)


def find_files(paths: Sequence[str], base: Path | None = None) -> Iterator[Found]:
    """Yield every file under the paths; hidden ones are passed over, and so are sidecars (name.yaml beside a document).

    `base` is the folder that relative paths start from, this process's own if None; names are as given either way.
    A web address is yielded as such and not yet fetched. Links to folders are not followed, so that a loop of links
    ends. Raises InputError for a path that does not exist or is empty text.
    """
    for given in paths:
        if not given.strip():
            raise InputError("路径为空", "给出文件或目录，例如 policyqa ingest 文件夹/")
        if is_address(given):
            if "@" in given.split("/")[2]:
                raise InputError("网址里不能带用户名和密码", "请去掉 @ 之前的部分")  # and never say it again
            yield Found(Path(), given, url=given)
            continue
        path = (base or Path()) / given
        try:
            exists = path.exists()
        except OSError:  # a name longer than the system takes
            exists = False
        if not exists:
            raise InputError(f"路径不存在：{readable(given)}", "检查路径是否写对")
        start = None if base is None or Path(given).is_absolute() else base
        yield from _under(path, start) if path.is_dir() else (_found(path, start),)


def _under(top: Path, base: Path | None) -> Iterator[Found]:
    refused: list[OSError] = []
    root = top.resolve()
    for folder, folders, names in os.walk(top, onerror=refused.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and not _is_sidecar(folder, name, names):
                yield _found(Path(folder) / name, base, root)
        while refused:
            error = refused.pop()
            yield Found(Path(error.filename), _name(Path(error.filename), base), "目录打不开，没有读取权限")


def _is_sidecar(folder: str, name: str, names: Sequence[str]) -> bool:
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - names, not paths
    if suffix.lower() not in _SIDECARS:
        return False
    return stem in names or any(Path(other).stem == stem and other != name for other in names)


def _found(path: Path, base: Path | None, root: Path | None = None) -> Found:
    try:
        mode = path.stat().st_mode
        # A folder from elsewhere must not make us read what its sender could not.
        if root and path.is_symlink() and root not in path.resolve().parents:
            return Found(path, _name(path, base), "链接指向所给目录之外")
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        return Found(path, _name(path, base), "链接指向的文件不存在" if gone else "文件打不开")
    # A pipe or a device would be waited for without end.
    return Found(path, _name(path, base), "" if stat.S_ISREG(mode) else "不是普通文件")


def _name(path: Path, base: Path | None) -> str:
    """The path as it was given: what a relative one starts from is left out again."""
    return readable(str(path if base is None else path.relative_to(base)))


def is_address(text: str) -> bool:
    """Tell whether a source is a web address."""
    return text.lower().startswith(("http://", "https://"))


def is_gone(key: str) -> bool:
    """Tell whether the file with this key no longer exists; of a web page nobody can tell without asking."""
    return not is_address(key) and not path_of(key).exists()


def readable(name: str) -> str:
    """Return a file name as text: bytes that are no UTF-8 are read as GB18030, as older Windows and zip tools write."""
    try:
        name.encode("utf-8")
        return name
    except UnicodeEncodeError:
        return os.fsencode(name).decode("gb18030", "replace")


def file_key(path: Path) -> str:
    """Return the identity of a file in the store: its absolute path, as text that can be stored."""
    full = str(path.resolve())
    try:
        full.encode("utf-8")
        return full
    except UnicodeEncodeError:
        return _ESCAPED + os.fsencode(full).hex()


def path_of(key: str) -> Path:
    """Return the path that a file's key stands for."""
    return Path(os.fsdecode(bytes.fromhex(key.removeprefix(_ESCAPED))) if key.startswith(_ESCAPED) else key)
