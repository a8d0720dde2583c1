"""Clean a text for reading and quoting: line ends, odd characters, empty images, page furniture. Words stay.

Never NFKC the whole: it turns full-width punctuation, ㎡ and ① into something the source does not say.
"""

import re
import unicodedata

from ingest.text.furniture import strip_disclaimers, strip_furniture

_LINE_ENDS = re.compile(r"\r+\n|\r+|[\x0b\x0c\x85\u2028\u2029]")
_ANY_LINE_END = re.compile(r"\r+\n|\r+|\n")
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc\ufe00-\ufe0f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_START = re.compile(r"(?m)^[ \t]*+[\u00a0\u2000-\u200a\u3000][ \t\u00a0\u2000-\u200a\u3000]*")
_HAN_INDENT = re.compile(r"(?m)^[ \t]+(?=[\u4e00-\u9fff“《（【])")
_TRAILING = re.compile(r"(?m)(?<![ \t])[ \t]+$")
_BLANK_LINES = re.compile(r"\n{3,}")
_IMAGE = re.compile(r"!\[([^\]\n]{0,300})\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_GENERIC_ALT = re.compile(r"[\[(（]?(?:图片?|图像|照片|配图|插图|二维码)[\])）]?[\d ]*")
_RADICALS = re.compile("[\u2e80-\u2fdf]")
# Radicals that Unicode gives no decomposition (its Equivalent_Unified_Ideograph values).
_RADICAL_FORMS = dict(
    zip(
        "⺠⻓⻛⻋⻔⻅⻚⻜⻢⻥⻦⻩⻬⻮⻰⻳⻝⻤⻘⻄⻆⻉⻙⻨⺟⻑⻁⻣⺝",
        "民长风车门见页飞马鱼鸟黄齐齿龙龟食鬼青西角贝韦麦母長虎骨月",
        strict=True,
    )
)
_LONG_LINE, _MIN_LOST_BREAKS = 500, 4
_LOST_BREAK = re.compile(
    r"(?<=[。！？；”]) (?=[\u4e00-\u9fff（“《—①-⑳\d])| (?=\d{1,2}[.．、][\u4e00-\u9fff])"
    r"| (?=第[一二三四五六七八九十百零\d]{1,6}[编章节条] )"
    r"| (?=[一二三四五六七八九十]{1,3}、)| (?=（[一二三四五六七八九十]{1,3}）)"
)
_JOINED_HEADING = re.compile(
    r"(?m)^((?:[一二三四五六七八九十]{1,3}、|（[一二三四五六七八九十]{1,3}）)[^\s。；：，？！]{2,30}) (?=\S)"
)


def clean(text: str) -> str:
    """Return the text to index and to quote: LF line ends, no invisible characters, no page frame, no blank runs.

    Removed: zero-width characters, byte-order marks, soft hyphens, control characters; indents of ideographic or
    no-break spaces; trailing blanks; HTML comments; images (a telling Chinese alt text stays); menus, breadcrumbs,
    site footers and platform disclaimers. Replaced: odd spaces by ordinary ones, Kangxi radicals by the characters
    they look like. In a text whose line ends were lost, breaks are put back where a sentence or heading ends.
    """
    return clean_noting(text)[0]


def clean_noting(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what `clean` returns, and what it did of note: "mixed-line-ends", "web-frame", "line-ends-restored"."""
    mixed = len({found for found in _ANY_LINE_END.findall(text)}) > 1
    text = strip_disclaimers(_plain_characters(text))[0]
    text = _tidy(_IMAGE.sub(_alt_text, _without_comments(text)))
    bare = _tidy(strip_furniture(text))
    broken = _tidy(_restore_breaks(bare))
    done = {"mixed-line-ends": mixed, "web-frame": bare != text, "line-ends-restored": broken != bare}
    return broken, tuple(name for name, was in done.items() if was)


def _plain_characters(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    text = _CONTROL.sub("", _INVISIBLE.sub("", text))
    text = _RADICALS.sub(_radical, text)
    return _ODD_SPACE.sub(" ", _LINE_START.sub("", text))


def _without_comments(text: str) -> str:
    """Take <!-- comments --> out; an unclosed one is text. By hand: a regex takes quadratic time on many openings."""
    parts = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join(parts) + text[at:]


def _radical(match: re.Match[str]) -> str:
    char = match.group()
    return _RADICAL_FORMS.get(char) or unicodedata.normalize("NFKC", char)


def _alt_text(match: re.Match[str]) -> str:
    alt = match.group(1).strip()
    return alt if len(_HAN.findall(alt)) >= 4 and not _GENERIC_ALT.fullmatch(alt) else ""


def _tidy(text: str) -> str:
    text = _TRAILING.sub("", _HAN_INDENT.sub("", text))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def _restore_breaks(text: str) -> str:
    """Turn the space back into a line end, where a long line shows that a page's paragraphs were joined by spaces."""
    return "\n".join(_broken(line) for line in text.split("\n"))


def _broken(line: str) -> str:
    if len(line) < _LONG_LINE or len(re.findall(r"[。；：] (?=[\u4e00-\u9fff（])", line)) < _MIN_LOST_BREAKS:
        return line
    return _JOINED_HEADING.sub(r"\1\n", _LOST_BREAK.sub("\n", line))
