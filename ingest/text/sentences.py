"""Sentences of a Chinese official text as exact spans. Nothing is rewritten, and no number is ever cut."""

import re

MAX_SENTENCE = 600  # a run without any full stop is cut at a comma

_ENDS = "。！？!?；;"
_AFTER_END = _ENDS + "…"  # an ellipsis alone ends nothing (他说……好), but goes with the mark before it
_ADDRESS = re.compile(r"[!?;](?=[A-Za-z0-9=&/%_-])")  # inside a web address or a program's text
_CLOSERS = "”’」』)）】》\"'"
_ENGLISH_END = re.compile(r"\.(?=\s+[A-Z“\"]|\s*$)")
_ABBREVIATIONS = frozenset(("No", "Dr", "Mr", "Ms", "vs", "e.g", "i.e", "Art", "St", "U.S"))
# Where a run that is too long may be cut, best first: between cells, after a sentence in brackets, after a comma.
_CUT_AFTER = ("|", _ENDS, "，,、：: \u3000")
_HAN_DIGITS = "〇零一二三四五六七八九十百千万亿"
_INSIDE_NUMBER = re.compile(r"[0-9０-９.,，．:：%％~～—–-]")
_LONGEST_NUMBER = 40


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Spans of the sentences in text[start:end], without surrounding white space.

    A sentence ends at 。！？； (either width), at an English full stop before a capital, at a line end; closing quotes and
    brackets go with it, and a mark inside round brackets does not end the sentence around them.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin, position, depth = start, start, 0
    while position < end:
        char = text[position]
        position += 1
        if char in "（(":
            depth += 1
        elif char in "）)":
            depth = max(0, depth - 1)
        if not (char == "\n" or _is_end(text, position - 1, depth)):
            continue
        if char != "\n":
            while position < end and text[position] in _AFTER_END + _CLOSERS:
                position += 1
        depth = 0
        spans += trimmed(text, begin, position)
        begin = position
    spans += trimmed(text, begin, end)
    return [piece for span in spans for piece in cut_long(text, *span)]


def _is_end(text: str, position: int, depth: int) -> bool:
    char = text[position]
    if char == ".":
        return _is_full_stop(text, position)
    return char in _ENDS and depth == 0 and not _ADDRESS.match(text, position)


def _is_full_stop(text: str, position: int) -> bool:
    if not _ENGLISH_END.match(text, position):
        return False
    word = re.search(r"[A-Za-z.]+$", text[max(0, position - 12) : position])
    return not (word and (len(word[0]) == 1 or word[0] in _ABBREVIATIONS))


def trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The span without its surrounding white space, as a list of one; empty where nothing else is in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if end > start else []


def cut_long(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a run of more than MAX_SENTENCE characters at the last good place before the limit; a table row at a cell."""
    pieces: list[tuple[int, int]] = []
    while end - start > MAX_SENTENCE:
        cut = _last_cut(text, start)
        pieces += trimmed(text, start, cut)
        start = cut
    return pieces + trimmed(text, start, end)


def _last_cut(text: str, start: int) -> int:
    limit = start + MAX_SENTENCE
    for marks in _CUT_AFTER:
        for cut in range(limit, start + MAX_SENTENCE // 3, -1):
            if text[cut - 1] in marks and not in_number(text, cut):
                return cut
    nearest = range(limit, limit - _LONGEST_NUMBER, -1)
    return next((cut for cut in nearest if not in_number(text, cut)), limit)


def in_number(text: str, cut: int) -> bool:
    """Whether a cut before text[cut] would part a number or part it from its unit: 3,|000, 2025|年, 十|五亿, 约 8| 成."""
    left, right = text[cut - 1], text[cut : cut + 1]
    if left.isdigit() or left in _HAN_DIGITS:
        return right.isalnum() or right in "%％‰℃" or (right != "" and _INSIDE_NUMBER.match(right) is not None)
    if left in " \u3000":
        return text[max(0, cut - 2) : cut - 1].isdigit()
    return right.isdigit() and _INSIDE_NUMBER.match(left) is not None and text[max(0, cut - 2) : cut - 1].isdigit()
