"""The numbers that decide what is evidence and what is an answer, in one place so that they can be swept together.

They are measured, not guessed: `python -m eval.calibrate` prints the curve of each over the dev questions, and docs/quality.md
("Abstention") holds the numbers behind the values chosen.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where an answer ends and a refusal begins. Shares are 0..1, cosines those of the bundled model."""

    min_coverage: float = 0.32  # share of the question's content words, by rarity, that makes a sentence evidence
    meaning_floor: float = 0.86  # cosine below which meaning counts nothing; off-topic sentences stay below 0.87
    meaning_weight: float = 6.0  # coverage that a cosine of 1 above the floor would be worth
    min_match: float = 0.3  # share of the qualifiers that a figure's surroundings must name to be considered
    full_match: float = 0.6  # and to count as what was asked
    other_words: float = (
        0.1  # coverage of the best sentence of all, for its number to be quoted as what most likely is meant
    )
    as_good: float = 0.1  # by which a sentence's score may lie below the best one's for it to be looked at in its place
    rule_on_it: float = 0.3  # coverage of the best sentence of all, for it to be quoted as the rule on what is asked
    best_band: float = 0.55  # sentences scored within this of the best belong to the answer


_DEFAULT = Thresholds()
_IN_USE: ContextVar[Thresholds | None] = ContextVar("thresholds", default=None)


def thresholds() -> Thresholds:
    """The thresholds in use."""
    return _IN_USE.get() or _DEFAULT


@contextlib.contextmanager
def using(values: Thresholds) -> Iterator[None]:
    """Answer with other thresholds within the block, in this thread only."""
    token = _IN_USE.set(values)
    try:
        yield
    finally:
        _IN_USE.reset(token)
