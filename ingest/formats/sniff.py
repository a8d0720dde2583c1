"""What a file really is, told from its bytes: extensions of downloaded documents are often wrong.

Chinese government sites serve web pages and web archives (MHT) under the name of .doc and .xls, and WPS writes Word
files under both.
"""

import io
import json
import re
import struct
import zipfile

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", ".rtf"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"), (b"II*\x00", ".tiff"), (b"MM\x00*", ".tiff"), (b"\x1f\x8b\x08", ".gz"), (b"BZh", ".bz2"),
    (b"\xfd7zXZ\x00", ".xz"), (b"Rar!\x1a\x07", ".rar"), (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"SQLite format 3\x00", ".sqlite"), (b"\x7fELF", ".exe"),
)  # fmt: skip
# Names inside a zip file, from the surest on. OFD is the page format of Chinese government offices (GB/T 33190).
_PACKAGES: tuple[tuple[str, str], ...] = (
    ("word/document", ".docx"), ("xl/workbook.bin", ".xlsb"), ("xl/workbook", ".xlsx"), ("ppt/presentation", ".pptx"),
    ("OFD.xml", ".ofd"), ("META-INF/container.xml", ".epub"), ("word/", ".docx"), ("xl/", ".xlsx"), ("ppt/", ".pptx"),
)  # fmt: skip
_MIME_TYPES = {
    b"application/epub+zip": ".epub", b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
}  # fmt: skip
_STREAMS = {
    "EncryptedPackage": ".encrypted", "WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls",
    "PowerPoint Document": ".ppt",
}  # fmt: skip
_SPACE = b"\xef\xbb\xbf \t\r\n\x0b\x0c"
_XML_HEAD = re.compile(rb"(?:<\?[^>]{0,400}\?>\s*|<!--.{0,2000}?-->\s*)*", re.DOTALL)
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta)\b|<(?:table|style)\b.{0,4000}?<t[rhd]\b", re.DOTALL
)
_MAIL_START = re.compile(rb"(?:mime-version|content-[a-z-]+|from|subject|date|message-id|x-[a-z-]+):[^\n]*\n")
_MAIL_BODY = re.compile(rb"(?m)^content-type:\s*(?:multipart/|text/html)")
_JSON_START = re.compile(rb"\s*(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]\d-]|true|false|null))")
_MAX_PARSED, _MAX_SECTORS, _MAX_NAMES, _MAX_ENTRIES = 4_000_000, 4_096, 5_000, 100_000


def sniff(data: bytes) -> str:
    """Return the suffix that a file's content calls for, "" for plain text and whatever else is not known.

    One of .pdf .docx .xlsx .xlsb .pptx .ofd .epub .odt .ods .odp .zip; .doc .xls .ppt (OLE2 files) and .encrypted (an
    Office file with a password); .rtf .html .mht .xml .json .jsonl; .png .jpg .gif .bmp .tiff .webp;
    .gz .bz2 .xz .rar .7z .tar .sqlite .exe. Never raises, and reads no more than it needs.
    """
    for magic, suffix in _MAGIC:
        if data.startswith(magic):
            return suffix
    if data.startswith(_OLE):
        return _ole_kind(data)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(data)
    if b"%PDF-" in data[:1024]:
        return ".pdf"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ".webp"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0" and len(data) > 54:
        return ".bmp"
    return ".tar" if data[257:262] == b"ustar" else _text_kind(data)


def _text_kind(data: bytes) -> str:
    head = data[:8192]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:2] == b"\0" or head[:1] == b"\0":
        head = head.replace(b"\0", b"").lstrip(b"\xff\xfe")  # UTF-16: its ASCII part is enough
    head = head.lstrip(_SPACE).lower()
    if _MAIL_START.match(head) and _MAIL_BODY.search(head):
        return ".mht"
    start = _XML_HEAD.match(head)
    if _HTML.match(head, start.end() if start else 0):
        return ".html"
    if head.startswith(b"<?xml"):
        return ".xml"
    return _json_kind(data) if _JSON_START.match(head) else ""


def _json_kind(data: bytes) -> str:
    """Tell JSON by reading it; where it is too long for that, by its end."""
    text = data.strip(_SPACE)
    if _is_json(text):
        return ".json"
    lines = [line for line in text[:_MAX_PARSED].split(b"\n", 3)[:2] if line.strip()]
    return ".jsonl" if len(lines) == 2 and all(line[:1] in b"{[" and _is_json(line.strip()) for line in lines) else ""


def _is_json(text: bytes) -> bool:
    if len(text) > _MAX_PARSED:
        return text[:1] + text[-1:] in (b"{}", b"[]")
    try:
        json.loads(text.decode("utf-8" if _is_utf8(text) else "gb18030", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _zip_kind(data: bytes) -> str:
    names: list[str] = []
    mime = b""
    try:
        if data.count(b"PK\x01\x02") > _MAX_ENTRIES:  # zipfile would hold them all
            raise zipfile.BadZipFile
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = file.namelist()[:_MAX_NAMES]
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, EOFError, NotImplementedError):
        names = _local_names(data)  # cut short: what is there still says what it was
    if len(data) > 30 and data[30:38] == b"mimetype":  # stored first and unpacked, by the rules of ODF and EPUB
        mime = next((kind for kind in sorted(_MIME_TYPES, key=len) if kind in data[38:140]), b"")
    if mime:
        return _MIME_TYPES[mime]
    slashed = {name.replace("\\", "/").lstrip("/") for name in names}
    for wanted, suffix in _PACKAGES:
        if any(name.startswith(wanted) for name in slashed):
            return suffix
    return ".zip"


def _local_names(data: bytes) -> list[str]:
    names: list[str] = []
    at = data.find(b"PK\x03\x04")
    while at >= 0 and len(names) < _MAX_NAMES:
        length = int.from_bytes(data[at + 26 : at + 28], "little")
        names.append(data[at + 30 : at + 30 + min(length, 300)].decode("latin-1"))
        at = data.find(b"PK\x03\x04", at + 30)
    return names


def _ole_kind(data: bytes) -> str:
    """Tell by the streams at the top of an OLE2 file (MS-CFB 2.6): a Word file may hold a workbook further down."""
    top = _top_names(data)
    for name, suffix in _STREAMS.items():
        if name in top:
            return suffix
    if top:
        return ""
    # Damaged: the names alone have to tell.
    found = (suffix for name, suffix in _STREAMS.items() if f"{name}\0".encode("utf-16-le") in data)
    return next(found, "")


def _top_names(data: bytes) -> set[str]:
    """Return the names right under the root, empty where the directory cannot be followed."""
    if len(data) < 512:
        return set()
    shift = int.from_bytes(data[30:32], "little")
    if shift not in (9, 12):
        return set()
    size = 1 << shift
    fat_at = struct.unpack_from("<109I", data, 76)
    sector = int.from_bytes(data[48:52], "little")
    entries: list[bytes] = []
    for _ in range(_MAX_SECTORS):
        block = data[(sector + 1) * size : (sector + 2) * size]
        entries += [block[at : at + 128] for at in range(0, len(block) - 127, 128)]
        page, place = divmod(sector, size // 4)
        if not block or page >= len(fat_at):
            break
        link = (fat_at[page] + 1) * size + 4 * place
        sector = int.from_bytes(data[link : link + 4], "little")
        if sector >= 0xFFFFFFFA:
            break
    return _children(entries)


def _children(entries: list[bytes]) -> set[str]:
    """Return the names in the root's tree of children: each entry links to two siblings."""
    if not entries:
        return set()
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [int.from_bytes(entries[0][76:80], "little")]
    while waiting:
        at = waiting.pop()
        if at >= len(entries) or at in seen:
            continue
        seen.add(at)
        entry = entries[at]
        length = max(0, min(int.from_bytes(entry[64:66], "little"), 64) - 2)
        names.add(entry[:length].decode("utf-16-le", "replace"))
        waiting += [int.from_bytes(entry[68:72], "little"), int.from_bytes(entry[72:76], "little")]
    return names
