"""A suite's corpus as scoring sees it: texts and figures read from the files again, apart from any store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.gold import Case, FigureFact, linked_evidence
from eval.quantities import Quantified, same_unit, same_value
from ingest.errors import InputError
from ingest.pipeline import find_files, prepare_document
from ingest.regions import NATION, find_regions
from ingest.types import Figure


@dataclass(frozen=True, slots=True)
class Paper:
    """One source: its cleaned text, to which offsets refer, and the figures in it with their owners."""

    text: str
    figures: tuple[Figure, ...]


Corpus = Mapping[str, Paper]


def load_corpus(folder: Path) -> dict[str, Paper]:
    """Read every file below `folder`; keys are paths relative to it, with "/".

    Raises UnreadableFileError for a file that cannot be read: a suite must not lose a source in silence.
    """
    papers = {}
    for path, _ in find_files([str(folder)]):
        document, chunks = prepare_document(path, str(path))
        figures = tuple(figure for chunk in chunks for sentence in chunk.sentences for figure in sentence.figures)
        papers[relative_source(str(path), folder)] = Paper(document.text, figures)
    if not papers:
        raise InputError(f"语料目录是空的：{folder}")
    return papers


def relative_source(source: str, folder: Path) -> str:
    """Return a source as given to ingestion as a path relative to the corpus folder; what lies elsewhere stays."""
    path = Path(source).resolve()
    return path.relative_to(folder.resolve()).as_posix() if path.is_relative_to(folder.resolve()) else source


def scope_codes(text: str) -> tuple[str, ...]:
    """Codes of a scope as displayed: 全国 and national are CN, 广东、浙江 two codes; an unknown name stands for itself."""
    if not text.strip():
        return ()
    return tuple(dict.fromkeys(mention.code for mention in find_regions(text))) or (text.strip(),)


@dataclass(frozen=True, slots=True)
class KnownScope:
    """Gold's word on whose figure it is: this value and unit in this source belongs to `scope`."""

    source: str
    figure: FigureFact
    scope: str


def known_scopes(cases: Sequence[Case]) -> tuple[KnownScope, ...]:
    """All scopes that the suite's figure facts fix; they outrank what ingestion reads from the same sentence."""
    return tuple(
        KnownScope(evidence.source, fact, code)
        for case in cases
        for fact in case.facts
        if isinstance(fact, FigureFact)
        for evidence in linked_evidence(fact, case.evidence)
        for code in scope_codes(fact.scope)
    )


def true_scopes(
    figure: Quantified, source: str, start: int, end: int, corpus: Corpus, known: Sequence[KnownScope]
) -> frozenset[str]:
    """Whose the figure is according to `source`: by gold where gold knows it, else as ingestion reads [start, end).

    Empty where neither knows. A figure that no region, paragraph or heading owns is the nation's.
    """
    gold = frozenset(
        k.scope for k in known if k.source == source and same_value(k.figure, figure) and same_unit(k.figure.unit, figure.unit)
    )
    if gold or source not in corpus:
        return gold
    scopes: set[str] = set()
    for read in corpus[source].figures:
        if start <= read.start < end and same_value(read, figure) and same_unit(read.unit, figure.unit):
            scopes.update(read.scopes or (NATION,))
    return frozenset(scopes)
