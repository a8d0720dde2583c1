"""English terms of the field with their Chinese words: English questions find Chinese texts by words, too."""

import functools
import re
from pathlib import Path

from ingest.facts.regions import find_regions

_LONGEST = 8  # words of a term
# "How well is the computing power used?" asks for a utilization rate without naming it.
_HOW_USED = re.compile(
    r"(?:how (?:well|much|fully|heavily|intensively)|well|fully|under)\b.{0,60}\b(?:used|utili[sz]ed)\b|\b(?:well|fully|under)\W?(?:used|utili[sz]ed)\b"
)


_WORD = re.compile(r"[a-z0-9]+")
# Words that carry no claim: grammar, modal verbs, and how a question addresses its sources.
_FUNCTION = frozenset(
    "a an the this that these those it its they their them he she his her we our you your i my of in on at by to for from with without "
    "as into about between among within under per and or but if than then so is are was were be been being am do does did has have had "
    "can could may might must shall should will would need needs required require requires allowed allow allows permitted permit permits "
    "prohibited prohibit prohibits forbidden forbid forbids banned ban bans mandatory possible legal what which who whose when where why how any some all "
    "every each other another own there here not no yes according say says said state states stated china chinese also only ever still "
    "someone anyone anybody one s t".split()
)
_APOSTROPHE = re.compile(r"['’]s?(?![a-z])")


@functools.cache
def _pairs() -> tuple[tuple[str, str], ...]:
    lines = Path(__file__).with_name("glossary.tsv").read_text(encoding="utf-8").splitlines()
    return tuple((english, chinese) for english, _, chinese in (line.partition("\t") for line in lines) if chinese)


@functools.cache
def _entries() -> dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...]]:
    """First stem of a term -> its terms as word stems, as words, and their Chinese words, the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...], str]]] = {}
    for english, chinese in _pairs():
        words = tuple(_WORD.findall(english))
        stems = tuple(map(_stem, words))
        found.setdefault(stems[0], []).append((stems, words, chinese))
    return {first: tuple(sorted(terms, key=lambda term: -len(term[0]))) for first, terms in found.items()}


@functools.lru_cache(maxsize=8192)  # of questions too, which never end
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
    plain = _APOSTROPHE.sub(" ", text.lower())
    found = [(at, chinese) for at, _, chinese in _read(plain) if chinese]
    if match := _HOW_USED.search(plain):
        found.append((match.end(), "利用率"))
    return tuple(dict.fromkeys(chinese for _, chinese in sorted(found)))


def left_out(text: str) -> tuple[str, ...]:
    """Content words of an English question that the glossary lacks; names of regions and numbers are none."""
    places = {word for mention in find_regions(text) for word in _WORD.findall(mention.text.lower())}
    plain = _APOSTROPHE.sub(" ", text.lower())
    return tuple(
        word
        for _, word, chinese in _read(plain)
        if not chinese and word not in _FUNCTION and word not in places and not word.isdigit()
    )


def _read(plain: str) -> list[tuple[int, str, str]]:
    """A lower-case question as (place, words, Chinese or "") in order, the longest term at each place."""
    words = [(match.start(), match[0], _stem(match[0])) for match in _WORD.finditer(plain)]
    found, at = list[tuple[int, str, str]](), 0
    while at < len(words):
        here = tuple(stem for _, _, stem in words[at : at + _LONGEST])
        typed = tuple(word for _, word, _ in words[at : at + _LONGEST])
        fitting = [term for term in _entries().get(here[0], ()) if here[: len(term[0])] == term[0]]
        # Of two with the same stem (share, sharing) the one as it was typed.
        term = max(fitting, key=lambda t: (len(t[0]), typed[: len(t[1])] == t[1]), default=None)
        taken = len(term[0]) if term else 1
        found.append((words[at][0], " ".join(typed[:taken]), term[2] if term else ""))
        at += taken
    return found


def translate(text: str) -> str:
    """All Chinese words for an English question, space-joined; what the glossary lacks is left out."""
    return " ".join(translate_terms(text)).replace("|", " ")


@functools.cache
def _english() -> dict[str, str]:
    """Chinese word -> the first English term that stands for it alone."""
    found: dict[str, str] = {}
    for english, chinese in _pairs():
        if "|" not in chinese:
            found.setdefault(chinese, english)
    return found


def english_of(chinese: str) -> str:
    """A Chinese phrase in the glossary's English, word for word in its order; "" unless the glossary covers all of it."""
    table, said, at = _english(), list[str](), 0
    while at < len(chinese):
        end = next((end for end in range(len(chinese), at + 1, -1) if chinese[at:end] in table), at)
        if end == at:
            return ""
        said.append(table[chinese[at:end]])
        at = end
    return " ".join(said)
