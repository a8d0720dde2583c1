"""A suite's corpus as scoring sees it: texts and figures read from the files again, apart from any store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.gold import DISTRACTORS, Case, FigureFact, PageSpan, linked_evidence
from eval.quantities import Quantified, same_unit, same_value
from ingest.errors import InputError, UnreadableFileError
from ingest.facts.regions import NATION, find_regions
from ingest.prepare import Prepared, prepare_file
from ingest.types import Sentence, Unread
from ingest.walk import find_files


@dataclass(frozen=True, slots=True)
class Paper:
    """One source: its cleaned text, to which offsets refer, its sentences with their regions and figures, its pages."""

    text: str
    sentences: tuple[Sentence, ...]
    pages: tuple[PageSpan, ...] = ()  # of the blocks of a paged text


Corpus = Mapping[str, Paper]


def load_corpus(folder: Path, distractors: Path | None = None) -> dict[str, Paper]:
    """Read every file below `folder` and `distractors`; keys are as `relative_source` names them.

    Raises UnreadableFileError for a file that cannot be read: a suite must not lose a source in silence.
    """
    papers: dict[str, Paper] = {}
    for part in (folder, *((distractors,) if distractors else ())):
        before = len(papers)
        for found in find_files([str(part)]):
            for prepared in prepare_file(found):
                if isinstance(prepared, Unread):
                    raise UnreadableFileError(f"{found.name} 中的 {prepared.member} 读不了：{prepared.reason}")
                source = relative_source(prepared.document.source.path, folder, distractors)
                papers[source] = _paper(prepared)
        if len(papers) == before:
            raise InputError(f"语料目录是空的：{part}")
    return papers


def _paper(prepared: Prepared) -> Paper:
    sentences = tuple(sentence for chunk in prepared.chunks for sentence in chunk.sentences)
    pages = tuple((block.page, block.start, block.end) for block in prepared.document.blocks if block.page)
    return Paper(prepared.document.text, sentences, pages)


def relative_source(source: str, folder: Path, distractors: Path | None = None) -> str:
    """Return a source as given to ingestion as a path relative to the corpus folder, with "/".

    What lies among the distractors is "distractors/" and its path there; what lies elsewhere stays.
    """
    path = Path(source).resolve()
    for part, prefix in ((folder, ""), (distractors, f"{DISTRACTORS}/")):
        if part and path.is_relative_to(part.resolve()):
            return prefix + path.relative_to(part.resolve()).as_posix()
    return source


def scope_codes(text: str, names: Collection[str] = ()) -> tuple[str, ...]:
    """Return the codes of a scope as displayed: CN for 全国, two for 广东、浙江; an unknown name stands for itself.

    So does each of `names` (各省、新疆生产建设兵团 where the source owns its figure by these words).
    """
    if not text.strip():
        return ()
    parts = text.split("、")
    kept = [part for part in parts if part in names]
    if kept:
        rest = "、".join(part for part in parts if part not in names)
        return (*kept, *scope_codes(rest))
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
    same = [k for k in known if same_value(k.figure, figure) and same_unit(k.figure.unit, figure.unit)]
    gold = frozenset(k.scope for k in same if k.source == source)
    if gold or source not in corpus:
        return gold
    scopes: set[str] = set()
    for sentence in corpus[source].sentences:
        for read in sentence.figures:
            if start <= read.start < end and same_value(read, figure) and same_unit(read.unit, figure.unit):
                scopes.update(read.scopes or (NATION,))
    return frozenset(scopes)
