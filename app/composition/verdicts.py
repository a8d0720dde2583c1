"""What the sources say to a number in the question: the same, implied by them, contradicted, or not to be told."""

from collections.abc import Sequence

from app.types import Query
from ingest.types import Figure
from prompts import phrase

_BELOW, _ABOVE = {"不足", "以下", "至多"}, {"超", "以上", "至少"}


def verdict(query: Query, stated: Sequence[Figure]) -> str:
    """The verdict's sentence for the figures in the question against those stated; the kindest that holds for a pair."""
    outcomes = [(_compare(claim, figure), figure) for claim in query.figures for figure in stated]
    if any(found != "claim_implied" for found, _ in outcomes):  # 处二十万元以下 for one, 二百万元以下 for the other
        outcomes = [("claim_open" if found == "claim_implied" else found, figure) for found, figure in outcomes]
    for outcome in ("claim_same", "claim_close", "claim_implied", "claim_open", "claim_differs"):
        for found, figure in outcomes:
            if found == outcome:
                return phrase(query.language, outcome, figure=figure.text)
    return phrase(query.language, "claim_differs", figure="")


def is_other_case(query: Query, conditions: Sequence[Figure]) -> bool:
    """Whether a statement holds for another case than the one asked about: 17岁 is not 不满16周岁.

    `conditions` are the figures of the stating sentence; of them and of the question only those that set a condition count.
    """
    for asked in (f for f in query.figures if f.role == "条件"):
        stated = [f for f in conditions if f.role == "条件" and f.unit == asked.unit]
        if stated and not any(_holds(f, asked.value) for f in stated):
            return True
    return False


def _holds(condition: Figure, value: float) -> bool:
    low, high = _interval(condition)
    return low <= value <= high and not (condition.comparator == "不足" and value == condition.value)


def _compare(claim: Figure, stated: Figure) -> str:
    """Compare a claimed figure with a stated one as intervals: 超过10亿 follows from 10.1亿, 超过30% does not from 超20%."""
    if claim.unit != stated.unit or (
        claim.role in {"变化", "水平"} and stated.role in {"变化", "水平"} and claim.role != stated.role
    ):
        return "claim_differs"
    if claim.value == stated.value:
        both = {claim.comparator, stated.comparator}
        if both & _BELOW and both & _ABOVE:
            return "claim_differs"
        return "claim_same" if claim.comparator == stated.comparator else "claim_close"
    if _digits(claim) == _digits(stated):  # 120万 for 120亿: a slip of the unit, whatever follows from it
        return "claim_differs"
    low, high = _interval(claim)
    at_least, at_most = _interval(stated)
    if low <= at_least and at_most <= high:
        return "claim_implied"
    return "claim_differs" if at_most < low or high < at_least else "claim_open"


def _digits(figure: Figure) -> str:
    """The significant digits of a value: 12 for 1.2e10 and for 120."""
    return f"{figure.value:.9e}".split("e")[0].rstrip("0.")


def _interval(figure: Figure) -> tuple[float, float]:
    if figure.comparator in _BELOW:
        return (float("-inf"), figure.value)
    if figure.comparator in _ABOVE:
        return (figure.value, float("inf"))
    return (figure.value, figure.value if figure.value_high is None else figure.value_high)
