"""English terms of the field with their Chinese words: English questions find Chinese texts by words, too."""

import functools
import re
from pathlib import Path

_LONGEST = 8  # words of a term
# "How well is the computing power used?" asks for a utilization rate without naming it.
_HOW_USED = re.compile(
    r"(?:how (?:well|much|fully|heavily|intensively)|well|fully|under)\b.{0,60}\b(?:used|utili[sz]ed)\b|\b(?:well|fully|under)\W?(?:used|utili[sz]ed)\b"
)


_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile(r"['’]s?(?![a-z])")


@functools.cache
def _pairs() -> tuple[tuple[str, str], ...]:
    lines = Path(__file__).with_name("glossary.tsv").read_text(encoding="utf-8").splitlines()
    return tuple((english, chinese) for english, _, chinese in (line.partition("\t") for line in lines) if chinese)


@functools.cache
def _entries() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """First word of a term -> its terms as word stems with their Chinese words, the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for english, chinese in _pairs():
        stems = tuple(_stem(word) for word in _WORD.findall(english))
        found.setdefault(stems[0], []).append((stems, chinese))
    return {first: tuple(sorted(terms, key=lambda term: -len(term[0]))) for first, terms in found.items()}


@functools.cache
def _stem(word: str) -> str:
    """What the forms of a word share (policy, policies; plan, planned, planning). Both sides of a match are stemmed."""
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            bare = word[: -len(ending)]
            doubled = ending in {"ing", "ed"} and bare[-1] == bare[-2] and bare[-1] not in "ls"
            return bare[:-1] if doubled else bare.removesuffix("e") if len(bare) > 3 else bare
    return word


@functools.cache
def chinese_terms() -> frozenset[str]:
    """All Chinese words of the glossary."""
    return frozenset(word for _, chinese in _pairs() for word in chinese.split("|"))


def translate_terms(text: str) -> tuple[str, ...]:
    """The Chinese words for each domain term of an English question in order; alternatives joined by "|".

    The longest term at a place is taken: "personal information processor" is one, not three.
    """
    plain, found = _APOSTROPHE.sub(" ", text.lower()), list[tuple[int, str]]()
    if match := _HOW_USED.search(plain):
        found.append((match.end(), "利用率"))
    words = [(match.start(), _stem(match[0])) for match in _WORD.finditer(plain)]
    at = 0
    while at < len(words):
        here = tuple(stem for _, stem in words[at : at + _LONGEST])
        fitting = (term for term in _entries().get(here[0], ()) if here[: len(term[0])] == term[0])
        if term := next(fitting, None):
            found.append((words[at][0], term[1]))
        at += len(term[0]) if term else 1
    return tuple(dict.fromkeys(chinese for _, chinese in sorted(found)))


def translate(text: str) -> str:
    """All Chinese words for an English question, space-joined; what the glossary lacks is left out."""
    return " ".join(translate_terms(text)).replace("|", " ")
