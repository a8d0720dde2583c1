"""Typing errors by sound: 贵洲 is read as 贵州, 利用律 as 利用率, and the answer says so.

Only names of regions that the store knows and the field's own terms (glossary, measures) are repaired, only where what was typed is
no word itself, so that nothing a user means is ever rewritten.
"""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from app.understanding.glossary import chinese_terms
from app.understanding.measures import MEASURE_WORDS
from app.understanding.naming import short_names
from app.understanding.places import joined
from ingest.facts.regions import display, find_regions, region
from ingest.lexical import cut, frequency

_HAN = re.compile(r"[一-龥]+")
_QUOTED = re.compile(r"《([一-龥]{4,60})》")


def correct(text: str, known_regions: frozenset[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the text with mistyped names and measures repaired, and the repairs as (typed, read)."""
    repairs: list[tuple[str, str]] = []
    text, repaired = _terms(text)
    repairs += repaired
    if not find_regions(text):
        text, repaired = _abbreviation(text)
        repairs += repaired
    if known_regions and not find_regions(text):
        text, repaired = _region(text, known_regions)
        repairs += repaired
    return text, tuple(repairs)


def correct_titles(text: str, titles: Sequence[tuple[str, str]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The same for names in 《》 that no document bears and that sound like one document's: 《…管理办发》."""
    repairs = []
    for typed in _QUOTED.findall(text):
        if any(typed in title for _, title in titles):
            continue
        alike = {name for _, title in titles for name in short_names(title) if _may_sound_alike(typed, name)}
        sounding = [name for name in alike if sound(name) == sound(typed)]
        if len(sounding) == 1 and sounding[0] != typed:
            repairs.append((typed, sounding[0]))
            text = text.replace(typed, sounding[0])
    return text, tuple(repairs)


def _terms(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Repair terms that sound right: only where the typed characters make whole tokens, so that no word is cut."""
    repairs = []
    bounds = {0}
    for token in cut(text):
        bounds.add(max(bounds) + len(token))
    for at in sorted(bounds):
        for length in (4, 3, 2):
            typed = text[at : at + length]
            if at + length not in bounds or len(typed) < length or not _HAN.fullmatch(typed) or frequency(typed):
                continue
            if not any(_may_sound_alike(typed, word) for word in _sharing(typed)):
                continue
            read = _by_sound().get(sound(typed), typed)
            if read != typed and _shares_a_character(typed, read):
                repairs.append((typed, read))
                text = text[:at] + read + text[at + length :]
                break
    return text, repairs


def _shares_a_character(a: str, b: str) -> bool:
    return any(x == y for x, y in zip(a, b, strict=True))


def _abbreviation(text: str) -> tuple[str, list[tuple[str, str]]]:
    """One-character names of provinces at the head of a question (黔算力利用率, 鄂湘赣三省) by their short names."""
    found = joined(text)
    if not found:
        return text, []
    names = [display(mention.code) for mention in found]
    start, end = found[0].start, found[-1].end
    return f"{text[:start]}{'、'.join(names)}{text[end:]}", [
        (m.text, name) for m, name in zip(found, names, strict=True)
    ]


def _region(text: str, known_regions: frozenset[str]) -> tuple[str, list[tuple[str, str]]]:
    names = {region(code).short for code in known_regions if code.isdigit()}
    names = {name for name in names if re.fullmatch("[一-龥]{2}", name)}
    for at, typed, whole in _loose_pairs(text):
        sounding = [n for n in names if _may_sound_alike(typed, n) and sound(n) == sound(typed)]
        # One character off by shape is taken for a name only where names stand: at the start.
        close = [name for name in names if (name[0] == typed[0]) != (name[1] == typed[1])] if whole and at == 0 else []
        for candidates in (sounding, close if not sounding else []):
            if len(candidates) == 1:
                return text[:at] + candidates[0] + text[at + 2 :], [(typed, candidates[0])]
    return text, []


def _loose_pairs(text: str) -> list[tuple[int, str, bool]]:
    """Pairs of characters that are no word and that no word of the question runs across; whether tokens end with the pair."""
    pairs, at = [], 0
    tokens = cut(text)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        pair = token if len(token) == 2 else token + following if len(token) == len(following) == 1 else ""
        whole = bool(pair)
        if not at and len(token) == 3 and not frequency(token):  # 广冬有: what the cutter takes for one new word
            pair = token[:2]
        if _HAN.fullmatch(pair) and not frequency(pair):
            pairs.append((at, pair, whole))
        at += len(token)
    return pairs


def _sharing(typed: str) -> frozenset[str]:
    """Terms as long as what was typed that have one of its characters where it has it."""
    return frozenset(word for at, char in enumerate(typed) for word in _by_character().get((len(typed), at, char), ()))


def _may_sound_alike(typed: str, word: str) -> bool:
    """Whether two words can be read alike, character by character: asked first, because the readings of words load slowly."""
    readings, none = _readings(), frozenset[str]()
    return len(typed) == len(word) and all(
        a == b or not readings.get(a) or not readings.get(b) or readings.get(a, none) & readings.get(b, none)
        for a, b in zip(typed, word, strict=True)
    )


@functools.cache
def _readings() -> dict[str, frozenset[str]]:
    """Every reading of a character (homophones.tsv); one that is not in the table may sound like any."""
    found: dict[str, set[str]] = {}
    for line in (Path(__file__).parent / "homophones.tsv").read_text(encoding="utf-8").splitlines():
        syllable, _, characters = line.partition("\t")
        for character in characters:
            found.setdefault(character, set()).add(syllable)
    return {character: frozenset(syllables) for character, syllables in found.items()}


@functools.cache
def _by_character() -> dict[tuple[int, int, str], list[str]]:
    found: dict[tuple[int, int, str], list[str]] = {}
    for word in _repairable():
        for at, char in enumerate(word):
            found.setdefault((len(word), at, char), []).append(word)
    return found


def _repairable() -> list[str]:
    words = (*chinese_terms(), *MEASURE_WORDS)
    return [word for word in sorted(words) if _HAN.fullmatch(word) and 2 <= len(word) <= 4]


@functools.cache
def _by_sound() -> dict[tuple[str, ...], str]:
    return {sound(word): word for word in _repairable()}


@functools.lru_cache(maxsize=8192)  # of questions too, which never end
def sound(text: str) -> tuple[str, ...]:
    """The syllables of a text, without tones."""
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(text))
