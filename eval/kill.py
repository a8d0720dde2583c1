"""Kill rates: of the wrong answers that an operator makes of right ones, the share that scoring does not call correct."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eval.answer_mutants import ANSWER_OPERATORS, Mutant
from eval.corpus import Corpus, KnownScope
from eval.metrics import Rate
from eval.rights import Right, record_of
from eval.score import score_case

WANTED = 0.95
_ANSWERS = 4
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of one operator's mutants. `made` may be more than were scored: `rate.n`."""

    operator: str
    made: int
    rate: Rate
    survivors: tuple[Mutant, ...]

    @property
    def passed(self) -> bool:
        """Whether enough were killed; an operator that finds nothing to change passes, and shows n = 0."""
        return self.rate.value is None or self.rate.value >= WANTED

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        survivors = [{"case": m.case.id, "before": m.before, "after": m.after} for m in self.survivors]
        value = None if self.rate.value is None else round(self.rate.value, 4)
        return {
            "operator": self.operator, "made": self.made, "mutants": self.rate.n, "killed": self.rate.successes,
            "rate": value, "passed": self.passed, "survivors": survivors,
        }  # fmt: skip


def kill_rates(
    rights: Sequence[Right], corpus: Corpus, known: Sequence[KnownScope], most: int, names: Sequence[str] = ()
) -> Iterator[Killed]:
    """Yield the rate of every operator (or of those named), from at most `most` mutants each, evenly drawn.

    They are made of at most four times as many answers: making all mutants of a large suite takes longer than scoring some.
    """
    drawn = evenly(rights, _ANSWERS * most)
    for name in names or ANSWER_OPERATORS:
        made = [mutant for right in drawn for mutant in ANSWER_OPERATORS[name](right, corpus)]
        tried = evenly(made, most)
        alive = [m for m in tried if score_case(m.case, record_of(m.case, m.said), corpus, known).correct]
        yield Killed(name, len(made), Rate(len(tried) - len(alive), len(tried)), tuple(alive))


def evenly(made: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of a list, at even distances and in order."""
    if len(made) <= most:
        return list(made)
    return [made[i * len(made) // most] for i in range(most)]
