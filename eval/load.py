"""A suite as read: its cases, its corpus, and what is wrong between the two."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.corpus import Corpus, load_corpus
from eval.gold import Case, Suite, find_problems, find_suite, load_suite, read_rows
from eval.run import sha256
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
    corpus = load_corpus(*suite.folders)
    texts = {source: paper.text for source, paper in corpus.items()}
    pages = {source: paper.pages for source, paper in corpus.items()}
    problems = find_problems(cases, texts, pages, with_groups=not bad)
    return Checked(cases, corpus, bad, (*unread, *problems))


def checked(suite: Suite, unreviewed: bool = False) -> tuple[tuple[Case, ...], Corpus]:
    """Return the reviewed cases, or all, and the corpus. What nobody has reviewed is checked all the same.

    Raises InputError for the first problem and the number of the others, and where no case is left.
    """
    load_suite(suite.gold)  # a bad row is told before the corpus is read
    found = load(suite)
    if found.problems:
        others = f"；另有 {len(found.problems) - 1} 处" if len(found.problems) > 1 else ""
        raise InputError(f"{suite.gold} {found.problems[0]}{others}", "policyqa eval validate 列出全部")
    kept = tuple(case for case in found.cases if unreviewed or case.reviewed)
    if not kept:
        hint = "policyqa eval review 逐题审核，或加 --unreviewed"
        raise InputError(f"{suite.gold} 的 {len(found.cases)} 题都未经审核", hint)
    return kept, found.corpus


def unreviewed_ids(suite: Suite) -> list[str]:
    """Ids of a suite's rows that nobody has reviewed: no run counts them unless asked to."""
    return [case.id for case in load_suite(suite.gold) if not case.reviewed]


def suite_of(described: Mapping[str, Any], folder: Path, corpus: Path | None = None) -> Suite:
    """Return the suite that a run (its settings, its folder) asked. Raises InputError if its gold was changed since."""
    suite = find_suite(described["gold"], corpus or Path(described["corpus"]))
    if sha256(suite.gold) != described["gold_sha256"]:
        raise InputError(f"{suite.gold} 在这次运行之后改动过：{folder}", "重新运行 policyqa eval")
    return suite
