"""English terms of the field with their Chinese words: English questions find Chinese texts by words, too."""

import functools
import re
from pathlib import Path

# "How well is the computing power used?" asks for a utilization rate without naming it.
_HOW_USED = re.compile(
    r"(?:how (?:well|much|fully|heavily|intensively)|well|fully|under)\b.{0,60}\b(?:used|utili[sz]ed)\b|\b(?:well|fully|under)\W?(?:used|utili[sz]ed)\b"
)


@functools.cache
def _pairs() -> tuple[tuple[str, str], ...]:
    lines = Path(__file__).with_name("glossary.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [(english, chinese) for english, _, chinese in (line.partition("\t") for line in lines) if chinese]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    ending = "(?:s|es|d|ed|ing|ned|ning)?"
    return tuple(
        (re.compile(rf"(?<![a-z]){re.escape(english)}{ending}(?![a-z])"), chinese) for english, chinese in _pairs()
    )


@functools.cache
def chinese_terms() -> frozenset[str]:
    """All Chinese words of the glossary."""
    return frozenset(word for _, chinese in _pairs() for word in chinese.split("|"))


def translate_terms(text: str) -> tuple[str, ...]:
    """The Chinese words for each domain term of an English question in order; alternatives joined by "|"."""
    rest, found = text.lower().replace("-", " "), list[tuple[int, str]]()
    if match := _HOW_USED.search(rest):
        found.append((match.end(), "利用率"))
    for pattern, chinese in _patterns():
        found.extend((match.start(), chinese) for match in pattern.finditer(rest))
        rest = pattern.sub(lambda m: " " * len(m[0]), rest)
    return tuple(dict.fromkeys(chinese for _, chinese in sorted(found)))


def translate(text: str) -> str:
    """All Chinese words for an English question, space-joined; what the glossary lacks is left out."""
    return " ".join(translate_terms(text)).replace("|", " ")
