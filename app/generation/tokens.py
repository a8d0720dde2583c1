"""How many tokens a text has: by the model's own tokenizer where it can be asked, else an estimate that errs upwards."""

import re
import unicodedata
from collections.abc import Callable

Count = Callable[[str], int]

_PARTS = re.compile(r"[A-Za-z]+|[0-9]|\s+|.", re.S)
# Tokens by kind of text. On the sample corpus the sum is above every tokenizer tried (docs/quality.md, "LLM").
_HAN, _LETTERS, _OTHER = 1.3, 3.0, 1.0


def estimate_tokens(text: str) -> int:
    """Return an upper estimate: 1.3 for a Han character, one for a digit or sign, one for three Latin letters, bytes beyond."""
    total = 0.0
    for match in _PARTS.finditer(text):
        part = match[0]
        first = part[0]
        if "\u4e00" <= first <= "\u9fff":
            total += _HAN
        elif first.isascii() and first.isalpha():
            total += max(1.0, len(part) / _LETTERS)
        elif first.isspace():
            total += 0.5
        elif ord(first) < 0x2000 or "\u3000" <= first <= "\u303f" or "\uff00" <= first <= "\uffef":
            total += _OTHER
        else:  # rare characters fall apart into bytes
            total += 1.5 if unicodedata.category(first)[0] in "PN" else len(first.encode("utf-8", "replace"))
    return int(total) + 1


def shortened(text: str, limit: int, count: Count) -> str:
    """Return the longest beginning of `text` of at most `limit` tokens, found by halving."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= limit else (low, middle - 1)
    return text[:low]
