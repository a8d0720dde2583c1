"""From a question as typed to a Query: what is asked, of whom, for when, in what form. By rule; nothing is searched."""

import datetime
from collections.abc import Callable, Sequence

from app.types import Language, Query, Turn
from app.understanding.demands import find_demands
from app.understanding.glossary import translate, translate_terms
from app.understanding.kind import kind_of
from app.understanding.language import HAN, detect_language
from app.understanding.naming import Named, find_named, find_translated
from app.understanding.periods import question_periods
from app.understanding.places import compared, find_places, mentions_of
from app.understanding.plain import MAX_QUESTION, condense, in_one_line, plain, readable, without_markup
from app.understanding.quantities import english_figures
from app.understanding.rewrite import stand_alone
from app.understanding.spelling import correct, correct_titles
from app.understanding.terms import content_words, measured, narrowing
from ingest.errors import InputError
from ingest.facts.figures import find_figures
from ingest.facts.regions import display
from ingest.lexical import fold, fold_width

Rewriter = Callable[[str, Sequence[Turn], str], str]  # (question, history, its rewriting by rule) -> rewriting


def understand(
    question: str,
    history: Sequence[Turn] = (),
    known_regions: frozenset[str] = frozenset(),
    language: Language | None = None,
    today: datetime.date | None = None,
    titles: Sequence[tuple[str, str]] = (),
    rewriter: Rewriter | None = None,
) -> Query:
    """Read a question as a Query.

    `known_regions` are those the store has texts about: typing errors are resolved towards them.
    `titles` are (document id, title) of the store: documents that the question names are resolved among them.
    `today` is what 今年 and 去年 count from (the current date unless given).
    `rewriter` may better the rules' rewriting of a follow-up; it answers for what it returns.

    Raises InputError for an empty question and for a language other than Chinese and English. A long one is condensed.
    """
    seen = readable(question)
    original = in_one_line(seen)
    if not any(char.isalnum() for char in original):
        raise InputError("问题为空", "写下要问的内容，例如：贵州有哪些算力政策")
    kept, shortened = condense(seen)
    asked = in_one_line(kept) if shortened else original
    spoken = detect_language(asked)
    text, corrections = correct(fold(asked), known_regions)
    text, retitled = correct_titles(text, titles)
    corrections += retitled
    corrected = text
    bare = without_markup(text)
    text = bare if any(char.isalnum() for char in bare) else text
    earlier = [Turn(turn.role, plain(turn.content) if turn.role == "user" else turn.content) for turn in history]
    text = stand_alone(text, earlier)[: 2 * MAX_QUESTION]
    if rewriter is not None and earlier:
        text = rewriter(corrected, earlier, text)
    traditional = corrected == text and not corrections and fold_width(asked) != text
    named = _documents(text, titles)
    return _read(
        text, named, language or spoken, today or datetime.date.today(),
        original=original, as_typed=asked if traditional else "", corrections=corrections, shortened=shortened,
    )  # fmt: skip


def _documents(text: str, titles: Sequence[tuple[str, str]]) -> Named:
    """What a question names; an English one names a Chinese law by its translation."""
    named = find_named(text, titles)
    if titles and not named.documents and not HAN.search(text):
        found = find_named(translate(text), titles).documents or find_translated(text, translate_terms(text), titles)
        return Named(found, text, named.article, "")
    return named


def _read(
    text: str, named: Named, language: Language, today: datetime.date, *,
    original: str, as_typed: str, corrections: tuple[tuple[str, str], ...], shortened: bool,
) -> Query:  # fmt: skip
    """The fields of a self-contained question; `named.rest` is its text without the names of documents."""
    demands, rest = find_demands(named.rest)
    chinese = bool(HAN.search(rest)) or not rest.strip()
    translated = "" if chinese else translate(rest)
    places = find_places(rest)
    kind = kind_of(rest, places.count, translated)
    if kind == "compare" and places.everyone:
        places = compared(places, rest)
    periods, bare = question_periods(rest, today)
    for mention in (m for m in mentions_of(rest) if m.code in places.everyone):  # 港澳 of 港澳青年 says who they are
        bare = bare[: mention.start] + " " * (mention.end - mention.start) + bare[mention.end :]
    terms, heads = content_words(rest, bare), measured(rest, translated)
    return Query(
        original=original,
        text=text,
        as_typed=as_typed,
        language=language,
        kind=kind,
        translated=" ".join((*(display(code) for code in places.everyone), translated)) if translated else "",
        regions=places.regions,
        bases=places.bases,
        members=places.members,
        periods=periods,
        heads=heads,
        terms=terms,
        qualifiers=narrowing(rest, translated, terms, heads),
        figures=find_figures(rest) if chinese else english_figures(rest),
        corrections=corrections,
        documents=named.documents,
        article=named.article,
        unknown_document=named.unknown,
        demands=demands,
        shortened=shortened,
    )
