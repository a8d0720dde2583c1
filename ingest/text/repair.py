"""Undo the pinyin-gloss corruption of cloned web pages, and convert traditional characters for the search index.

What those pages went through: simplified text was mapped character by character to traditional; then, for each of a
list of traditional characters X, a tool ran `bytes.replace(X, X + "(pinyin)")` on the GBK bytes without minding
character bounds. An aligned hit reads `規(guī)劃`. A hit across two characters b1 b2 | b3 b4, with X = b2 b3, leaves
b1 b2 b3 "(pinyin)" b4: the decoder sees an impossible pair b3 "(" and prints one "?" (or U+FFFD and "("), and reads
b4 and what follows shifted by one byte: `當(dāng)?shù)谹I` for 當地AI.

The way back: X is known from its first byte (the byte in front of the "?") and its reading, so b3 is X's second byte;
with b3 put back, the bytes that follow decode as they should. Only documents full of such glosses are touched.
"""

import re
from collections import Counter
from functools import cache
from typing import Any

from ingest.text.gloss_bytes import ALIGNED, HAN, remove_glosses
from ingest.text.gloss_table import gbk, readings, standard, traditional_chars

_HAN_CHAR = re.compile(f"[{HAN}]")
_MIN_HITS, _MIN_KINDS, _MIN_SHARE = 5, 3, 0.8
_TRADITIONAL_SHARE = 0.05
# Words that keep 著; in every other word the mapping had made it from 着 (意味着, 有着, 执着).
_SURROGATE = re.compile("[\ud800-\udfff]")
_ZHU = re.compile(
    r"(?<=[随味跟沿朝向接带怀抱凭靠顺拿握持执穿沉藏含看围])著|(?<=[新旧所])著(?=[急眼手力重想])"
    r"|(?<![显原名专论编合卓昭土巨译遗拙新旧所])(?<!见微知)著(?![名作述称录者]|书立说|有[《〈])"
)


def is_glossed(text: str) -> bool:
    """Tell whether a document went through the corruption: at least 5 glosses on 3 traditional characters.

    Counted are single syllables in half-width parentheses that are a known reading of the traditional character in
    front of them, as most (80 %) such syllables must be. Notes such as 重庆(chóng qìng) or 蹒(pán)跚 do not count.
    """
    if "(" not in text:
        return False
    found = Counter((char, standard(syllable)) for char, syllable in ALIGNED.findall(text))
    if found.total() < _MIN_HITS:
        return False
    hits = {pair: times for pair, times in found.items() if pair[0] in readings().get(pair[1], "")}
    total = sum(hits.values())
    return total >= _MIN_HITS and len({char for char, _ in hits}) >= _MIN_KINDS and total >= _MIN_SHARE * found.total()


def repair(text: str) -> tuple[str, tuple[str, ...]]:
    """Return (text, names of the repairs done); a clean text comes back as it is, with ().

    Names: "pinyin-gloss" (glosses taken out, straddled bytes put together), "traditional-to-simplified" (the mapping
    undone), and "pinyin-gloss-lossy" where bytes were gone for good: such a character is filled in from the
    document's own words where they leave one choice, else it is U+FFFD. Half-width commas and colons stay as found.
    """
    if not is_glossed(text):
        return text, ()
    plain, lossy = remove_glosses(text)
    names = ("pinyin-gloss", "traditional-to-simplified", *(("pinyin-gloss-lossy",) if lossy else ()))
    return _ZHU.sub("着", to_simplified(plain)), names


def to_simplified(text: str) -> str:
    """Convert traditional characters to simplified ones (OpenCC t2s) so that every offset stays valid.

    Words are not exchanged (資訊 becomes 资讯, not 信息). Where OpenCC would change the length, characters are taken
    one by one. A lone surrogate, which is no text, becomes U+FFFD where anything is converted.
    """
    if not any(_may_change(char) for char in set(text)):
        return text  # the usual case, and it spares the import
    convert = _opencc().convert
    readable = _SURROGATE.sub("\ufffd", text)  # OpenCC takes UTF-8, which has no half a character
    converted = str(convert(readable))
    if len(converted) != len(text):
        singles = {char: str(convert(char)) for char in set(readable)}
        converted = "".join(singles[char] if len(singles[char]) == 1 else char for char in readable)
    return converted


def is_traditional(text: str) -> bool:
    """Tell whether text is in traditional characters: at least one, and 5 % of its Han characters, is only that."""
    han = _HAN_CHAR.findall(text)
    only = sum(char in traditional_chars() for char in han)
    return only > 0 and only >= _TRADITIONAL_SHARE * len(han)


@cache
def _may_change(char: str) -> bool:
    """Tell whether t2s could change a character: it is in the table, or it is Han but outside GBK, so not covered."""
    return ord(char) >= 0x3400 and (char in traditional_chars() or (not gbk(char) and char.isalpha()))


@cache
def _opencc(direction: str = "t2s") -> Any:
    import opencc

    return opencc.OpenCC(direction)


def to_traditional(text: str) -> str:
    """Convert simplified characters to traditional ones (OpenCC s2t); words are not exchanged."""
    return str(_opencc("s2t").convert(text))
