"""A suite as read: its cases, its corpus, and what is wrong between the two."""

from dataclasses import dataclass

from eval.corpus import Corpus, load_corpus
from eval.gold import Case, Suite, find_problems, load_suite, read_rows
from ingest.errors import InputError


@dataclass(frozen=True, slots=True)
class Checked:
    """A suite as checked: rows = len(cases) + bad rows; `problems` are one line each, those of bad rows first."""

    cases: tuple[Case, ...]
    corpus: Corpus
    bad: int
    problems: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows the file has, blank lines left out."""
        return len(self.cases) + self.bad


def load(suite: Suite) -> Checked:
    """Read every row and check the good ones against the corpus; groups are checked only where every row was read.

    Raises InputError for a file or a corpus that cannot be read at all.
    """
    cases, unread, bad = read_rows(suite.gold)
    if not cases and not bad:
        raise InputError(f"{suite.gold} 中没有题目", "每行一个 JSON 对象")
    corpus = load_corpus(suite.corpus)
    texts = {source: paper.text for source, paper in corpus.items()}
    pages = {source: paper.pages for source, paper in corpus.items()}
    problems = find_problems(cases, texts, pages, with_groups=not bad)
    return Checked(cases, corpus, bad, (*unread, *problems))


def checked(suite: Suite) -> tuple[tuple[Case, ...], Corpus]:
    """Return cases and corpus. Raises InputError for the first problem and the number of the others."""
    load_suite(suite.gold)  # a bad row is told before the corpus is read
    found = load(suite)
    if found.problems:
        others = f"；另有 {len(found.problems) - 1} 处" if len(found.problems) > 1 else ""
        raise InputError(f"{suite.gold} {found.problems[0]}{others}", "policyqa eval validate 列出全部")
    return found.cases, found.corpus
