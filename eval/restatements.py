"""Right answer sentences as a model would write them, each with the sentence of a source that it rests on.

A file has a line `# SOURCE<TAB>question` for each source, then lines `part of the cited sentence<TAB>answer sentence`.
Every second line of a file belongs to the test half.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from app.types import Evidence, Hit
from ingest.errors import InputError
from ingest.prepare import prepare_file
from ingest.types import Unread
from ingest.walk import find_files

FOLDER = Path(__file__).parent / "suites" / "restatements"


@dataclass(frozen=True, slots=True)
class Restatement:
    """A right answer sentence; `pool` are all sentences of the file that its evidence stands in."""

    text: str
    evidence: Evidence
    pool: tuple[Evidence, ...]
    question: str
    split: str  # dev or test


@cache
def sentences_of(path: Path) -> tuple[Evidence, ...]:
    """Every sentence of a file as evidence, read without a store or a model."""
    found: list[Evidence] = []
    for item in (made for one in find_files([str(path)]) for made in prepare_file(one)):
        if isinstance(item, Unread):
            continue
        for chunk in item.chunks:
            vectors = np.zeros((len(chunk.sentences), 1), np.float16)
            hit = Hit(chunk, vectors, item.document.source, 0.0, 0.0, 0.0)
            found += [Evidence(hit, sentence, 0.0, 0.0, 0.0) for sentence in chunk.sentences]
    return tuple(found)


def load_restatements(name: str, *corpora: Path) -> Iterator[Restatement]:
    """Yield the restatements of a file whose sources lie in one of the folders; those of other sources are left out.

    Raises InputError where a source does not hold the part of a sentence that a line cites.
    """
    pool: tuple[Evidence, ...] = ()
    question, number = "", 0
    for line in (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        first, _, second = line.partition("\t")
        if line.startswith("# "):
            path = next(
                (c / first[2:].rpartition("/")[2] for c in corpora if (c / first[2:].rpartition("/")[2]).is_file()),
                None,
            )
            pool, question = sentences_of(path) if path else (), second
            continue
        number += 1
        if not pool:
            continue
        cited = next((e for e in pool if first in e.text), None)
        if cited is None:
            raise InputError(f"{name}.tsv：语料中没有“{first}”", "核对所引的原句")
        yield Restatement(second, cited, pool, question, "test" if number % 2 == 0 else "dev")
