"""What a PDF's text tells of its worth: garbled characters, an empty viewer, an outline without body, its own title.

Pure text.
"""

import re
import unicodedata
from collections import Counter

from ingest.formats.pdf_lines import BULLET, PAGE_MARK

_VIEWER = re.compile(r"(?i)please\s+wait\s*\.{2,3}|the document you are trying to load requires")
_SENTENCE = re.compile(r"[。！？；!?;]|\.(?=\s|$)")
_MIN_OUTLINE_LINES, _OUTLINE_SHARE = 20, 0.05
_MAX_RARE_SHARE, _MIN_HAN = 0.3, 20


def garbled_share(text: str) -> float:
    """Return the share of characters that are no text, 0..1.

    Those are U+FFFD, private use (list bullets apart), unassigned and control characters; and the Han characters,
    where three in ten of them are neither in GB 2312 nor in Big5: a font without a usable table of its characters.
    """
    counts = Counter(text)
    counts.pop("\n", None)
    total = counts.total()
    if not total:
        return 0.0
    bad = han = rare = 0
    for char, count in counts.items():
        if char == "\ufffd" or (unicodedata.category(char) in ("Co", "Cn", "Cc") and not BULLET.match(char)):
            bad += count
        elif "\u3400" <= char <= "\u9fff":
            han += count
            rare += count * (not _encodable(char))
    if han >= _MIN_HAN and rare > _MAX_RARE_SHARE * han:
        bad += han
    return bad / total


def _encodable(char: str) -> bool:
    return any(char.encode(name, "ignore") for name in ("gb2312", "big5"))


def is_viewer(text: str) -> bool:
    """Tell the page that stands in for a form which only its maker's viewer can show ("Please wait...")."""
    return len(text) < 3_000 and _VIEWER.search(text) is not None


def is_outline(text: str) -> bool:
    """Tell chapter titles without their text: hardly a line holds the end of a sentence."""
    lines = [line for line in text.split("\n") if line.strip(f"{PAGE_MARK} ")]
    ending = sum(1 for line in lines if _SENTENCE.search(line))
    return len(lines) >= _MIN_OUTLINE_LINES and ending < _OUTLINE_SHARE * len(lines)


def own_title(stated: str, head: str) -> str:
    """Return the title in the file's properties, without the site's name, if the text states it as well, else ""."""
    title = re.split(r"[_|]", stated.strip())[0].strip()
    return title if 5 <= len(title) <= 90 and _bare(title) in _bare(head) else ""


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text).replace(PAGE_MARK, "")
