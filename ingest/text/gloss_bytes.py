"""Take pinyin glosses out of GBK text that a tool put in without minding character bounds (see ingest.text.repair).

Works on the bytes behind the shown text. A stream is a list of byte values, with three marks for what a page's
decoder lost: `_QUESTION` (a shown "?": genuine, or two bytes it could not read), `_REPLACED` (U+FFFD: one or two bytes)
and `_UNKNOWN` (a byte known to be missing).
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from ingest.formats.decode import commonness
from ingest.text.gloss_table import gbk, readings, standard, traditional_chars

SYLLABLE = "[a-zɑɡêüāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿế]{1,6}"
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
ALIGNED = re.compile(rf"([{HAN}])\(({SYLLABLE})\)")
_ANY_GLOSS = re.compile(rf"\(({SYLLABLE})\)|[?\ufffd]\(?({SYLLABLE})\)")
_QUESTION, _REPLACED, _UNKNOWN = -1, -2, -3
_LOSSES = (_QUESTION, _REPLACED)
# Private characters for what is half known until the context fills it: first byte known, second byte known, neither.
_LEAD_KNOWN, _TRAIL_KNOWN, _NONE_KNOWN = 0xF0000, 0xF0100, "\U000f0200"
_HOLE = re.compile("[\U000f0000-\U000f0200]")
_AHEAD = 12  # characters compared to tell where the shifted reading ends


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the corrupted document itself shows: which characters carry which gloss, and how often they occur."""

    glossed: Counter[tuple[str, str]]
    chars: Counter[str]


def remove_glosses(text: str) -> tuple[str, bool]:
    """Return (text without glosses, still traditional; whether bytes were lost for good).

    A character that lost one of its bytes is filled in where the document's other words leave one choice, else it is
    U+FFFD. Either way the text counts as lossy.
    """
    pairs = ((char, standard(syllable)) for char, syllable in ALIGNED.findall(text))
    evidence = _Evidence(Counter(pairs), Counter(text))
    plain = "\n".join(_clean_line(line, evidence) for line in text.split("\n"))
    lost = _HOLE.search(plain) is not None
    return (_fill(plain), True) if lost else (plain, False)


def _clean_line(line: str, evidence: _Evidence) -> str:
    stream: list[int] = []
    done = 0
    for gloss in _ANY_GLOSS.finditer(line):
        stream += _bytes(line[done : gloss.start()])
        done = gloss.end()
        syllable = standard(gloss.group(1) or gloss.group(2))
        explained = (
            _ends_in_glossed(stream, syllable, evidence)
            if gloss.group(1)
            else _restore_second_byte(stream, syllable, line[done : done + 1], evidence)
        )
        if not explained:
            stream += _bytes(gloss.group())
    stream += _bytes(line[done:])
    return _decode(stream, evidence)


def _bytes(text: str) -> list[int]:
    stream: list[int] = []
    for char in text:
        if char == "?":
            stream.append(_QUESTION)
        elif char == "\ufffd":
            stream.append(_REPLACED)
        else:
            stream += char.encode("gb18030", errors="replace")
    return stream


def _ends_in_glossed(stream: list[int], syllable: str, evidence: _Evidence) -> bool:
    """Tell whether a gloss belongs to the last two bytes, be they one character or the ends of two.

    Where the first of them was swallowed by the "?" in front, it is put back.
    """
    if len(stream) < 2 or stream[-1] < 0:
        return False
    if stream[-2] in _LOSSES:
        known = [char for char in readings().get(syllable, "") if gbk(char)[1] == stream[-1]]
        if not known or not _is_shifted(stream[:-1]):
            return False
        best = max(known, key=lambda char: evidence.glossed[char, syllable])
        stream[-2:-1] = [_UNKNOWN, gbk(best)[0]]
        return True
    char = _pair(stream[-2], stream[-1])
    if not char:
        return False
    if char in readings().get(syllable, ""):
        return True
    # A reading that the table lacks: a gloss where every occurrence of the character carries it.
    times = evidence.glossed[char, syllable]
    return times >= 2 and times == evidence.chars[char]


def _restore_second_byte(stream: list[int], syllable: str, following: str, evidence: _Evidence) -> bool:
    """Put back the byte lost before a gloss: second byte of the glossed character whose first byte ends the stream."""
    if not stream:
        return False
    candidates = readings().get(syllable, "")
    if stream[-1] in _LOSSES and _is_shifted(stream):
        # The first byte went with the "?" in front: only a character glossed elsewhere can tell.
        seen = max(candidates, key=lambda char: evidence.glossed[char, syllable], default="")
        if not seen or not evidence.glossed[seen, syllable]:
            return False
        stream[-1:] = [_UNKNOWN, *gbk(seen)]
        return True
    same_lead = [char for char in candidates if gbk(char)[0] == stream[-1]]
    if not same_lead:
        return False
    next_byte = _bytes(following)[:1]

    def rank(char: str) -> tuple[int, bool]:
        made = _pair(gbk(char)[1], next_byte[0]) if next_byte else ""
        return evidence.glossed[char, syllable], _is_usual(made)

    stream.append(gbk(max(same_lead, key=rank))[1])
    return True


def _is_shifted(stream: list[int]) -> bool:
    """Tell whether the losses that end a stream follow a first byte without its second."""
    kept = next((value for value in reversed(stream) if value not in _LOSSES), 0)
    return kept >= 0x81


def _pair(lead: int, trail: int) -> str:
    """Decode two bytes of GBK; "" where they are no character."""
    if lead < 0x81 or trail < 0x40:
        return ""
    try:
        return bytes((lead, trail)).decode("gbk")
    except UnicodeDecodeError:
        return ""


@cache
def _is_usual(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return char in traditional_chars()
    return char != ""


def _decode(stream: list[int], evidence: _Evidence) -> str:
    chars: list[str] = []
    at = 0
    while at < len(stream):
        shown, size = _next_char(stream, at, evidence)
        chars.append(shown)
        at += size
    return "".join(chars)


def _next_char(stream: list[int], at: int, evidence: _Evidence) -> tuple[str, int]:
    """Return (what stands at this place, how many stream values it takes)."""
    lead = stream[at]
    if lead < 0x80:
        marks = {_QUESTION: "?", _REPLACED: "\ufffd", _UNKNOWN: _NONE_KNOWN}
        return (marks[lead] if lead < 0 else chr(lead)), 1
    trail = stream[at + 1] if at + 1 < len(stream) else _UNKNOWN
    if trail >= 0:
        pair = _pair(lead, trail)
        wide = _four_bytes(stream[at : at + 4])
        if pair or wide:
            return (pair, 2) if pair else (wide, 4)
        return chr(_LEAD_KNOWN + lead), 1
    return _holes(stream, at, evidence)


def _holes(stream: list[int], at: int, evidence: _Evidence) -> tuple[str, int]:
    """Read a first byte with losses after it: each loss in a shifted run took the ends of two characters."""
    first = chr(_LEAD_KNOWN + stream[at])
    after = at + 1
    while after < len(stream) and stream[after] in _LOSSES:
        after += 1
    losses = after - at - 1
    if after < len(stream) and stream[after] == _UNKNOWN:
        return first + _NONE_KNOWN * losses, losses + 2
    if losses and _goes_on_shifted(stream, after, evidence):
        return first + _NONE_KNOWN * (losses - 1) + chr(_TRAIL_KNOWN + stream[after]), losses + 2
    # As shown: the one "?" took a character of one byte along, a digit perhaps, which must not go unmarked.
    swallowed = stream[at + 1 : at + 2] == [_QUESTION] and at + 2 < len(stream)
    return first + ("\ufffd" if swallowed else ""), 2


def _four_bytes(values: list[int]) -> str:
    """Decode the four bytes of a character outside GBK."""
    try:
        char = bytes(values).decode("gb18030") if len(values) == 4 and min(values) >= 0x30 else ""
    except UnicodeDecodeError:
        return ""
    return char if len(char) == 1 else ""


def _goes_on_shifted(stream: list[int], at: int, evidence: _Evidence) -> bool:
    """Tell whether a lost pair's second byte began a character (True) or was one of its own, of one byte."""
    if at >= len(stream) or stream[at] < 0x40:
        return False
    # As shown, each character counts itself among the document's.
    return _familiarity(stream, at + 1, evidence, 0) > _familiarity(stream, at, evidence, 1)


def _familiarity(stream: list[int], at: int, evidence: _Evidence, own: int) -> float:
    """Mean over the next few characters of how common they are, in Chinese (0 to 1) and in this document (0 to 1)."""
    found: list[float] = []
    while at < len(stream) and len(found) < _AHEAD and stream[at] >= 0x40:
        single = stream[at] < 0x80
        following = stream[at + 1] if at + 1 < len(stream) else 0
        char = chr(stream[at]) if single else _pair(stream[at], following)
        if not char and following < 0:
            break  # runs into the next loss: no evidence either way
        found.append((commonness(char) if char else 0.0) + min(max(evidence.chars[char] - own, 0), 4) / 4)
        at += 1 if single else 2
    return sum(found) / len(found) if found else 0.9  # nothing to judge by: the reading that ends here is likelier


def _fill(text: str) -> str:
    """Fill each hole with the one character that the document has between the same neighbours, else with U+FFFD."""
    pairs = Counter(pairwise(text))
    triples = Counter(zip(text, text[1:], text[2:], strict=False))
    chars = {char: gbk(char) for char in set(text) if len(gbk(char)) == 2}
    filled: list[str] = []
    for at, hole in enumerate(text):
        if not _HOLE.match(hole):
            filled.append(hole)
            continue
        before = filled[-1] if filled else ""
        after = text[at + 1 : at + 2]
        scored = sorted(
            ((triples[before, c, after], pairs[before, c] * pairs[c, after], pairs[before, c] + pairs[c, after], c)
             for c, code in chars.items() if _fits(code, hole)),
            reverse=True,
        )  # fmt: skip
        clear = scored and scored[0][1] > 0 and (len(scored) == 1 or scored[0][:2] > scored[1][:2])
        filled.append(scored[0][3] if clear else "\ufffd")
    return "".join(filled)


def _fits(code: bytes, hole: str) -> bool:
    if hole == _NONE_KNOWN:
        return False
    known = ord(hole)
    return code[1] == known - _TRAIL_KNOWN if known >= _TRAIL_KNOWN else code[0] == known - _LEAD_KNOWN
