"""A suite as read: its cases, its corpus, and what is wrong between the two."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.corpus import Corpus, load_corpus
from eval.gold import Case, Suite, find_problems, find_suite, load_suite
from eval.run import sha256
from ingest.errors import InputError


def load(suite: Suite) -> tuple[tuple[Case, ...], Corpus, list[str]]:
    """Return cases, corpus and problems, one line each. Raises InputError for a file that cannot be read at all."""
    cases, corpus = load_suite(suite.gold), load_corpus(*suite.folders)
    texts = {source: paper.text for source, paper in corpus.items()}
    return cases, corpus, find_problems(cases, texts, {source: paper.pages for source, paper in corpus.items()})


def checked(suite: Suite, unreviewed: bool = False) -> tuple[tuple[Case, ...], Corpus]:
    """Return the reviewed cases, or all, and the corpus. What nobody has reviewed is checked all the same.

    Raises InputError for the first problem and the number of the others, and where no case is left.
    """
    cases, corpus, problems = load(suite)
    if problems:
        others = f"；另有 {len(problems) - 1} 处" if len(problems) > 1 else ""
        raise InputError(f"{suite.gold} {problems[0]}{others}", "policyqa eval validate 列出全部")
    kept = tuple(case for case in cases if unreviewed or case.reviewed)
    if not kept:
        hint = "policyqa eval review 逐题审核，或加 --unreviewed"
        raise InputError(f"{suite.gold} 的 {len(cases)} 题都未经审核", hint)
    return kept, corpus


def unreviewed_ids(suite: Suite) -> list[str]:
    """Ids of a suite's rows that nobody has reviewed: no run counts them unless asked to."""
    return [case.id for case in load_suite(suite.gold) if not case.reviewed]


def suite_of(described: Mapping[str, Any], folder: Path, corpus: Path | None = None) -> Suite:
    """Return the suite that a run (its settings, its folder) asked. Raises InputError if its gold was changed since."""
    suite = find_suite(described["gold"], corpus or Path(described["corpus"]))
    if sha256(suite.gold) != described["gold_sha256"]:
        raise InputError(f"{suite.gold} 在这次运行之后改动过：{folder}", "重新运行 policyqa eval")
    return suite
