"""Which candidates are offered: a mix of kinds and documents, each checked as `eval validate` checks a gold row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

from pydantic import ValidationError

from eval.gold import Case, find_problems
from eval.propose import amounts, rules
from eval.propose.material import Material, Statement
from eval.propose.row import Row

Maker = Callable[[Sequence[Statement], Sequence[Statement]], Iterator[Row]]
MAKERS: tuple[Maker, ...] = (
    amounts.number_rows, amounts.trap_rows, rules.list_rows, rules.definition_rows, amounts.near_rows,
    rules.forbidden_rows, rules.limit_rows, rules.duty_rows, rules.saying_rows, rules.heading_rows, rules.aim_rows, amounts.year_rows, rules.force_rows,
)  # fmt: skip


def propose(own: Material, corpus: Material, wanted: int) -> tuple[list[Row], int]:
    """Return at most `wanted` rows from `own`, and how many were dropped because they failed a check against `corpus`."""
    queues = [_by_source(maker(own.statements, corpus.statements)) for maker in MAKERS]
    chosen, seen, dropped = list[Row](), set[str](), 0
    for row in _in_turn(queues):
        if len(chosen) == wanted:
            break
        if row["id"] in seen:
            continue
        seen.add(row["id"])
        if problems_of([row], corpus):
            dropped += 1
        else:
            chosen.append(row)
    return chosen, dropped


def problems_of(rows: Sequence[Row], corpus: Material) -> list[str]:
    """What `eval validate` would say of the rows against the corpus."""
    try:
        cases = [Case.model_validate(row) for row in rows]
    except ValidationError as error:
        return [error.errors()[0]["msg"]]
    return find_problems(cases, corpus.texts, corpus.pages)


def _by_source(rows: Iterable[Row]) -> list[Row]:
    """One row of every document, then the next of every document."""
    queues: dict[str, list[Row]] = {}
    for row in rows:
        source = row["evidence"][0]["source"] if row["evidence"] else ""
        queues.setdefault(source, []).append(row)
    return list(_in_turn(list(queues.values())))


def _in_turn(queues: Sequence[Sequence[Row]]) -> Iterator[Row]:
    for turn in zip_longest(*queues):
        yield from (row for row in turn if row is not None)
