"""A parcel: a folder or a tar file that holds a manifest with the hash of every file in it. Backups and exports are parcels.

It is written beside its place and moved there whole. It is taken apart into a fresh folder, every file checked on the
way; nothing is believed of it: no path leads out, nothing but plain files is made, nothing larger than stated.
"""

import contextlib
import hashlib
import json
import lzma
import os
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ingest.checking import dump_manifest, sha256_of
from ingest.errors import StoreError

MANIFEST = "manifest.json"
MAX_MANIFEST = 64_000_000  # bytes
_TAR = (".tar", ".tar.gz", ".tgz")
_OWN = 0o600  # of every file: accounts and conversations may be in it
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, KeyError, TypeError, RecursionError)
_AGAIN = "换一份完好的备份；现有的索引没有改动"


def is_tar(path: Path) -> bool:
    """Whether a path names a tar file and not a folder."""
    return path.name.lower().endswith(_TAR)


@contextlib.contextmanager
def beside(place: Path) -> Iterator[Path]:
    """Give a fresh hidden folder beside a place, on its file system; what is left of it goes. Raises StoreError."""
    fresh = place.absolute().parent / f".{place.name}.{secrets.token_hex(4)}.new"
    try:
        fresh.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"无法写入 {place.parent}：{error.strerror}", "检查目录权限与磁盘空间") from error
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def seal(content: Path, to: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Make a parcel of a folder's files at `to`, which must not be there yet; return its manifest. Raises StoreError."""
    if to.exists():
        raise StoreError(f"{to} 已经存在", "换一个文件名；不会覆盖已有的文件")
    paths = sorted(path for path in content.rglob("*") if path.is_file())
    files = {
        path.relative_to(content).as_posix(): {"size": path.stat().st_size, "sha256": sha256_of(path)} for path in paths
    }
    manifest = {**facts, "files": files}
    (content / MANIFEST).write_bytes(dump_manifest(manifest))
    try:
        content.chmod(0o700)
        for path in (*paths, content / MANIFEST):
            path.chmod(_OWN)
        if is_tar(to):
            _write_tar(content, list(files), to)
        else:
            content.rename(to)
    except OSError as error:
        raise StoreError(f"无法写入 {to}：{error.strerror}", "检查目录权限与磁盘空间") from error
    return manifest


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, _OWN)


def _write_tar(content: Path, names: list[str], to: Path) -> None:
    fresh = to.with_name(f".{to.name}.new")
    try:
        with open(fresh, "wb", opener=_own) as file:
            with tarfile.open(fileobj=file, mode="w" if to.name.endswith(".tar") else "w:gz") as tar:
                for name in (MANIFEST, *names):
                    tar.add(content / name, name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(to)
    finally:
        fresh.unlink(missing_ok=True)


def manifest_of(parcel: Path, kind: str) -> dict[str, Any]:
    """Return a parcel's manifest. Raises StoreError where it is none, damaged, of another kind or of a later release."""
    with _told(parcel):
        for name, file in _files(parcel):
            if name == MANIFEST:
                manifest = json.loads(file.read(MAX_MANIFEST))
                break
        else:
            raise ValueError(MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("kind") != kind:
            raise StoreError(f"{parcel} 不是 {kind}", "给出由相应命令做成的文件或目录")
        if not isinstance(manifest.get("version"), int) or manifest["version"] > 1:
            raise StoreError(f"{parcel} 由更新的版本做成", "升级 policyqa")
        if not isinstance(manifest["files"], dict) or not all(_is_inside(name) for name in manifest["files"]):
            raise ValueError("files")
        return manifest


def unseal(parcel: Path, kind: str, into: Path, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, Any]:
    """Take a parcel apart into a folder; return its manifest. Raises StoreError as manifest_of, and for any file that is not as stated."""
    manifest = manifest_of(parcel, kind)
    missing = {name: facts for name, facts in manifest["files"].items() if wanted(name)}
    with _told(parcel):
        for name, file in _files(parcel):
            if name not in missing:
                continue
            stated = missing.pop(name)
            place = into / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if _copy(file, place, int(stated["size"])) != stated["sha256"]:
                raise StoreError(f"{parcel} 已损坏：{name} 与清单不符", _AGAIN)
    if missing:
        raise StoreError(f"{parcel} 不完整：缺 {len(missing)} 个文件（如 {min(missing)}）", _AGAIN)
    return manifest


def _copy(file: IO[bytes], place: Path, size: int) -> str:
    """Write at most one byte more than stated; return the hash of what came."""
    digest, left = hashlib.sha256(), size + 1
    with open(place, "wb", opener=_own) as out:
        while left > 0 and (piece := file.read(min(left, 1 << 20))):
            digest.update(piece)
            out.write(piece)
            left -= len(piece)
    return digest.hexdigest()


def _files(parcel: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The plain files of a parcel, each to be read before the next."""
    if parcel.is_dir():
        for path in sorted(parcel.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    yield path.relative_to(parcel).as_posix(), file
        return
    with tarfile.open(parcel, "r|*") as tar:
        for member in tar:
            if member.isreg() and (inside := tar.extractfile(member)) is not None:
                yield member.name, inside


def _is_inside(name: Any) -> bool:
    if not isinstance(name, str) or "\\" in name or "\x00" in name:
        return False
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0]


@contextlib.contextmanager
def _told(parcel: Path) -> Iterator[None]:
    """Tell in one line what cannot be read."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"没有找到 {parcel}", "检查路径") from error
    except _UNREADABLE as error:
        raise StoreError(f"{parcel} 已损坏，读不出来（{type(error).__name__}）", _AGAIN) from error
    except OSError as error:
        raise StoreError(f"{parcel} 读写失败：{error.strerror or error}", _AGAIN) from error
