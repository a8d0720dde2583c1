"""Bytes to text: which encoding a Chinese text file is in, and a clear refusal of what is not text at all."""

import codecs
import re
from functools import cache

from ingest.errors import UnreadableFileError

# (leading bytes, what the user would call it)
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF 文件"),
    (b"PK\x03\x04", "ZIP 压缩包或 Office 文档（docx、xlsx、pptx）"),
    (b"PK\x05\x06", "空的 ZIP 压缩包"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Office 文档（doc、xls、ppt）"),
    (b"\x89PNG\r\n\x1a\n", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"\x1f\x8b\x08", "gzip 压缩文件"),
    (b"Rar!\x1a", "RAR 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包"),
    (b"\x7fELF", "可执行程序"),
    (b"SQLite format 3\x00", "SQLite 数据库"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its first two bytes are the UTF-16 mark
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALIASES = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "xgbk": "gb18030",
    "gb231280": "gb18030", "xgb2312": "gb18030", "windows936": "gb18030",
    "big5": "big5", "big5hkscs": "big5", "cp950": "big5", "xbig5": "big5",
    "utf8": "utf-8", "unicode11utf8": "utf-8", "utf8sig": "utf-8",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MULTIBYTE = re.compile(r"[^\x00-\x7f]")
_SAVE_AS_UTF8 = "请用文本编辑器另存为 UTF-8 编码后再试"
_MIN_PLAUSIBLE = 0.6

# The most frequent characters of running Chinese text and of official documents, simplified then traditional, with
# the punctuation that goes with them. Right decodings reach 0.8 and more of `plausibility`, wrong ones 0.1 to 0.4.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日"
    "那社义事平形相全表间样与关各重新线内数正心反你明看原又利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已"
    "通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几"
    "九区强放决西被干做必战先回则任取据处府研究市省规范安技术服务信息智能算应当依照规定推进建设发展政策企业项目"
    "這國時來們對會發動過說產種後經進著電裡現實體機當點從業應開還義樣關線數質氣變條沒結問無軍黨題員總設長頭資邊級圖統"
    "較將組見計別論運農幾區強決幹戰則據處術務規範項與為於個"
    "，。、；：？！“”‘’《》（）〔〕【】—…·　「」『』０１２３４５６７８９％－～①②③④⑤"
)


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return (text, encoding used); line ends are kept, a byte-order mark is dropped.

    Order: byte-order mark; the declared charset (an HTML meta, say) and UTF-8, where the more plausible one wins if
    both decode cleanly (GBK accepts much UTF-8); GB18030 and Big5 by plausibility; charset_normalizer. A file that is
    UTF-8 but for a few bad bytes (at most one, or 0.1 % of the bytes, with twenty good characters for each) is
    read with U+FFFD in their place and reported as "utf-8-replaced": losing a character is better than the file.

    Raises UnreadableFileError for binary data, naming the kind, and where no encoding gives plausible text.
    """
    kind = binary_kind(data)
    if kind:
        raise UnreadableFileError(f"这不是文本，而是{kind}", "请先转换为文本、Markdown 或 HTML")
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _with_mark(data, codec)
    found = _strict_unicode_or_declared(data, _codec_name(declared)) or _chinese_legacy(data) or _nearly_utf8(data)
    text, encoding = found or _guessed(data)
    if text and len(_CONTROL.findall(text)) > max(2, len(text) // 50):
        raise UnreadableFileError("这不是文本，而是含大量控制字符的二进制数据", _SAVE_AS_UTF8)
    return text, encoding


def binary_kind(data: bytes) -> str:
    """Name in Chinese what kind of binary file this is, judged by its first bytes and by NUL; "" for text."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if any(data.startswith(mark) for mark, codec in _BOMS if codec != "utf-8-sig"):
        return ""
    return "含空字节的二进制数据" if b"\x00" in data else ""


def plausibility(text: str) -> float:
    """Tell how much text looks like Chinese: mean over its non-ASCII characters, 0 to 1; 1 where there are none.

    A frequent character counts 1, one of the two standards' first levels 0.5, any other 0, and an unassigned, private
    or replacement character -1 (not below 0 in sum).
    """
    marks = _MULTIBYTE.findall(text[:20_000])
    if not marks:
        return 1.0
    return max(0.0, sum(commonness(char) for char in marks) / len(marks))


@cache
def commonness(char: str) -> float:
    """Weigh one character of a text that should be Chinese: see `plausibility`."""
    if char in _COMMON:
        return 1.0
    if 0xE000 <= ord(char) <= 0xF8FF or char == "\ufffd":
        return -1.0
    return 0.5 if _first_level(char, "gb2312", 0xB0, 0xD7) or _first_level(char, "big5", 0xA4, 0xC6) else 0.0


def _first_level(char: str, codec: str, low: int, high: int) -> bool:
    try:
        code = char.encode(codec)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and low <= code[0] <= high


def _with_mark(data: bytes, codec: str) -> tuple[str, str]:
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError as error:
        found = _nearly_utf8(data[3:]) if codec == "utf-8-sig" else None
        if found:
            return found
        raise UnreadableFileError(f"文件开头标明是 {codec} 编码，内容却不是", _SAVE_AS_UTF8) from error


def _codec_name(declared: str) -> str:
    """Map what a page declares to the widest Python codec of that family; "" where it is unknown."""
    key = re.sub(r"[^a-z0-9]", "", declared.lower())
    if key in _ALIASES:
        return _ALIASES[key]
    try:
        return codecs.lookup(declared).name if declared.strip() else ""
    except LookupError:
        return ""


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _strict_unicode_or_declared(data: bytes, declared: str) -> tuple[str, str] | None:
    unicode_text = _strict(data, "utf-8")
    if declared in ("", "utf-8", "ascii"):
        return None if unicode_text is None else (unicode_text, "utf-8")
    declared_text = _strict_big5(data) if declared == "big5" else _strict(data, declared)
    if declared_text is None:
        return None if unicode_text is None else (unicode_text, "utf-8")
    if unicode_text is not None and plausibility(unicode_text) >= plausibility(declared_text):
        return unicode_text, "utf-8"
    if plausibility(declared_text) < _MIN_PLAUSIBLE and declared in ("gb18030", "big5"):
        return None
    return declared_text, declared


def _strict_big5(data: bytes) -> str | None:
    text = _strict(data, "cp950")  # what Windows writes; HKSCS for Hong Kong characters
    return _strict(data, "big5hkscs") if text is None else text


def _chinese_legacy(data: bytes, at_least: float = _MIN_PLAUSIBLE) -> tuple[str, str] | None:
    texts = [(_strict(data, "gb18030"), "gb18030"), (_strict_big5(data), "big5")]
    scored = [(plausibility(text), text, codec) for text, codec in texts if text is not None]
    if not scored:
        return None
    score, text, codec = max(scored, key=lambda entry: entry[0])
    return (text, codec) if score >= at_least else None


def _nearly_utf8(data: bytes) -> tuple[str, str] | None:
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(_MULTIBYTE.findall(text)) - bad
    allowed = max(1, len(data) // 1000)
    return (text, "utf-8-replaced") if 0 < bad <= allowed and good >= 20 * bad else None


def _guessed(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    # A few rare characters in a short text score low, and statistics find Korean in them.
    chinese = _chinese_legacy(data, 0.3)
    if chinese and (best is None or plausibility(chinese[0]) >= plausibility(str(best))):
        return chinese
    if best is None:
        raise UnreadableFileError("无法识别文件的文字编码", _SAVE_AS_UTF8)
    return str(best), best.encoding
