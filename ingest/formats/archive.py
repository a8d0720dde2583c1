"""The members of a ZIP file: bounded, their names read right, nothing ever written to disk."""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import UnreadableFileError
from ingest.facts.sidecar import is_sidecar
from ingest.formats.decode import binary_kind, plausibility
from ingest.types import Unread

MAX_MEMBERS, MAX_MEMBER_BYTES, MAX_TOTAL_BYTES, MAX_RATIO = 2_000, 50_000_000, 500_000_000, 200
_FREE_BYTES = 1_000_000  # so little is harmless at any ratio: a folder of nearly empty tables packs very well
_BLOCK = 1 << 20
_MAX_ENTRIES = 100_000  # those of archives inside are counted as well
# What reading a damaged ZIP file raises.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field: the name in UTF-8
# What systems and programs leave beside the documents: previews, folder settings, owner files of open documents.
_LITTER = re.compile(r"(?i)(?:^|/)(?:__macosx/|\.|~\$|thumbs\.db$|desktop\.ini$|ehthumbs\.db$)")
_METHODS = {9: "Deflate64", 12: "BZIP2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_BAD_IN_LABEL = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MAX_LABEL = 300
_LATIN = re.compile("[\x00-\u024f\u0300-\u036f]*")


def members(data: bytes) -> Iterator[tuple[str, bytes] | Unread]:
    """Yield (path inside, bytes) of each document in a ZIP file, or Unread for one that cannot be had; in its order, sidecars first.

    Paths have "/" and are labels only: "../", drive letters and leading slashes are taken off. Folders, hidden files
    and what systems leave behind (__MACOSX, Thumbs.db, ~$x.docx) are passed over. One member is in memory at a time.

    Unread: encrypted, a link, a compression other than Deflate, over 50 MB, damaged (checksum). Raises
    UnreadableFileError before the first member: not a ZIP file, damaged, no member, over 2,000 members, over 500 MB
    or 200 times the file's size unpacked (as its directory states; never more than that is unpacked).
    """
    file = open_zip(data)
    infos = file.infolist()
    if len(infos) > MAX_MEMBERS:
        raise UnreadableFileError("压缩包里的文件过多", f"有 {len(infos)} 个，上限为 {MAX_MEMBERS} 个，请分成几个包")
    refuse_bomb(infos, len(data), MAX_TOTAL_BYTES)
    names = member_names(infos)
    wanted = [
        (name, info)
        for name, info in zip(names, infos, strict=True)
        if not info.is_dir() and not name.endswith("/") and not _LITTER.search(name)
    ]
    if not wanted:
        raise UnreadableFileError("压缩包里没有文件", "请检查压缩包的内容")
    return _opened(file, sorted(wanted, key=lambda one: not is_sidecar(Path(one[0]))))


def open_zip(data: bytes) -> zipfile.ZipFile:
    """Open a ZIP file that is in memory. Raises UnreadableFileError: another kind of file, damaged or cut short."""
    if data.count(b"PK\x01\x02") > _MAX_ENTRIES:  # each costs zipfile half a kilobyte before it can be counted
        raise UnreadableFileError("压缩包里的文件过多", f"上限为 {MAX_MEMBERS} 个，请分成几个包")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except DAMAGED as error:
        if data.startswith(b"PK"):
            raise UnreadableFileError("压缩包不完整或已损坏", "请重新下载或重新压缩") from error
        kind = binary_kind(data)
        message = f"这不是 ZIP 压缩包，而是{kind}" if kind else "这不是 ZIP 压缩包"
        raise UnreadableFileError(message, "请解压后导入，或另存为 ZIP") from error


def refuse_bomb(infos: list[zipfile.ZipInfo], packed: int, limit: int) -> None:
    """Raise UnreadableFileError where a file of so many bytes states that it unpacks to far more."""
    unpacked = sum(info.file_size for info in infos)
    reason = ""
    if unpacked > limit:
        reason = f"解压后有 {unpacked / 1e6:.0f} MB，上限为 {limit // 1_000_000} MB"
    elif unpacked > max(_FREE_BYTES, MAX_RATIO * packed):
        reason = f"解压后是原来的 {unpacked / packed:.0f} 倍，上限为 {MAX_RATIO} 倍"
    if reason:
        raise UnreadableFileError("压缩异常，疑似压缩炸弹，没有解压", reason)


def obstacle(info: zipfile.ZipInfo) -> str:
    """Return why a member cannot be read, as its directory entry tells, "" if it can."""
    if info.flag_bits & 1 or info.compress_type == 99:
        return "已加密，请去掉密码后再导入"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python reads two of them, but unpacks whole blocks whatever size the directory states.
        method = _METHODS.get(info.compress_type, f"{info.compress_type} 号")
        return f"压缩方式（{method}）不支持，请用普通方式重新压缩"
    if info.create_system == 3 and stat.S_ISLNK(info.external_attr >> 16):
        return "是符号链接，没有读取"
    return ""


def read_member(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes: never more than its directory states, the checksum tested.

    Raises UnreadableFileError: it has an obstacle, or is damaged.
    """
    reason = obstacle(info)
    if reason:
        raise UnreadableFileError(reason)
    blocks = []
    try:
        with file.open(info) as member:
            while block := member.read(_BLOCK):  # a whole read() would unpack all there is before cutting it
                blocks.append(block)
    except DAMAGED as error:
        raise UnreadableFileError("已损坏，解压失败或校验不符") from error
    data = b"".join(blocks)
    if len(data) < info.file_size:
        raise UnreadableFileError("已损坏，内容比压缩包里写明的短")
    return data


def member_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Return every member's path as a safe and unique label.

    A name is UTF-8 where its flag or extra field says so. Elsewhere the bytes are judged, all names together: UTF-8
    (macOS sets no flag), GB18030 (Chinese Windows) or Big5 by plausibility, else CP437 as the format's rules have it.
    """
    raw = [_undeclared(info) for info in infos]
    codec = _codec(b"\n".join(name for name in raw if name is not None))
    labels: list[str] = []
    times: Counter[str] = Counter()
    for info, name in zip(infos, raw, strict=True):
        label = _label(_stated(info) if name is None else name.decode(codec, "replace"))
        times[label] += 1
        stem, dot, suffix = label.rpartition(".")
        again = f"（{times[label]}）"
        labels.append(label if times[label] == 1 else f"{stem}{again}{dot}{suffix}" if stem else label + again)
    return labels


def _opened(file: zipfile.ZipFile, wanted: list[tuple[str, zipfile.ZipInfo]]) -> Iterator[tuple[str, bytes] | Unread]:
    for name, info in wanted:
        if info.file_size > MAX_MEMBER_BYTES:
            megabytes = f"{info.file_size / 1e6:.0f} MB，上限为 {MAX_MEMBER_BYTES // 1_000_000} MB"
            yield Unread(name, f"文件过大：{megabytes}")
            continue
        try:
            yield name, read_member(file, info)
        except UnreadableFileError as error:
            yield Unread(name, str(error))


def _undeclared(info: zipfile.ZipInfo) -> bytes | None:
    """Return the bytes of a name whose encoding is not declared, None for one that is."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii() or _unicode_path(info):
        return None
    return info.orig_filename.encode("cp437", "replace")  # as zipfile has decoded it


def _stated(info: zipfile.ZipInfo) -> str:
    return _unicode_path(info) or info.orig_filename


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """Return the name in Info-ZIP's extra field, "" if there is none or it was made for another name."""
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + size]
        if kind == _UNICODE_PATH and len(body) > 5 and not info.flag_bits & 0x800:
            own = info.orig_filename.encode("cp437", "replace")
            if body[0] == 1 and int.from_bytes(body[1:5], "little") == zlib.crc32(own):
                return body[5:].decode("utf-8", "replace")
        at += 4 + size
    return ""


def _codec(names: bytes) -> str:
    scored = []
    for codec in ("gb18030", "cp950"):
        text = _strict(names, codec)
        scored += [] if text is None else [(plausibility(text), codec)]
    best, codec = max(scored, default=(0.0, "cp437"))
    unicode_text = _strict(names, "utf-8")
    if unicode_text is not None and (_LATIN.fullmatch(unicode_text) or plausibility(unicode_text) >= min(best, 0.6)):
        return "utf-8"  # some short Chinese names (通知 in GBK) are UTF-8 by chance, but of odd characters
    return codec if best >= 0.3 else "cp437"


def _strict(names: bytes, codec: str) -> str | None:
    try:
        return names.decode(codec)
    except UnicodeDecodeError:
        return None


def _label(name: str) -> str:
    """Return a path without anything that leads elsewhere or cannot be shown."""
    name = _BAD_IN_LABEL.sub("", name.replace("\\", "/"))
    name = re.sub(r"^(?:/*[A-Za-z]:)+", "", name)
    parts = [part for part in name.split("/") if part.strip() not in ("", ".", "..")]
    label = "/".join(parts).encode("utf-8", "replace").decode("utf-8")
    if len(label) > _MAX_LABEL:
        label = label[-_MAX_LABEL:]  # the end has the suffix
    return (label or "未命名") + ("/" if name.endswith("/") and label else "")
