"""Intervals and tests for suites whose rows come in groups: the variants of a question are not independent.

So groups are what is drawn (cluster bootstrap) and what is counted (the exact sign test over groups); McNemar's exact
test over rows stands beside it, which takes the rows for independent and so is too sure of itself where groups are large.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

RESAMPLES = 2000
SEED = 20261123  # the same numbers from the same run
ALPHA = 0.05
Interval = tuple[float, float]
Pair = tuple[float, float]  # what a case adds to a metric's numerator and to its denominator

# metric -> the field of a verdict that it is made of: a number (a mean over cases) or a rate (pooled over cases)
FIELDS = {
    "accuracy": "correct", "misattribution_rate": "misattributed", "recall_at_5": "recall5",
    "key_fact_recall": "fact_recall", "citation_precision": "supported", "marker_validity": "markers",
    "quote_exactness": "quotes",
}  # fmt: skip


def pair(verdict: Mapping[str, Any], metric: str) -> Pair:
    """Return what a verdict (as JSON) adds to a metric; (0, 0) where it does not apply or is not recorded."""
    value = verdict.get(FIELDS[metric])
    if value is None:
        return 0.0, 0.0
    if isinstance(value, Mapping):
        return float(value["successes"]), float(value["n"])
    return float(value), 1.0


def ratio(pairs: Sequence[Pair]) -> float | None:
    """Sum of numerators / sum of denominators; None where the denominators sum to 0."""
    whole = sum(below for _, below in pairs)
    return sum(above for above, _ in pairs) / whole if whole else None


def cluster_interval(pairs: Sequence[Pair], groups: Sequence[str]) -> Interval | None:
    """Return the 95 % interval of `ratio` from 2,000 draws of whole groups (BCa), None for fewer than two groups.

    None too where all draws give the same (every answer right): no width would claim what no sample shows, and Wilson's
    interval is the one to read then.
    """
    sums = _by_group([(*p, 0.0, 0.0) for p in pairs if p[1]], [g for p, g in zip(pairs, groups, strict=True) if p[1]])
    found = _bootstrap(sums[:, :2])
    return found if found and found[0] < found[1] else None


def paired_interval(a: Sequence[Pair], b: Sequence[Pair], groups: Sequence[str]) -> Interval | None:
    """Return the 95 % interval of ratio(b) - ratio(a) over the same cases, whole groups drawn.

    None for fewer than three groups, and where all draws give the same: no width would claim what no sample shows.
    """
    kept = [(*p, *q) for p, q in zip(a, b, strict=True) if p[1] or q[1]]
    names = [g for p, q, g in zip(a, b, groups, strict=True) if p[1] or q[1]]
    found = _bootstrap(_by_group(kept, names)) if len(set(names)) > 2 else None
    return found if found and found[0] < found[1] else None


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p of McNemar's test: binomial over the discordant pairs; 1 where there are none."""
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue) if only_a + only_b else 1.0


def discordant_groups(a: Mapping[str, bool], b: Mapping[str, bool], groups: Mapping[str, str]) -> tuple[int, int]:
    """Return how many groups have more of their shared cases right in A, and how many in B; ties count for neither."""
    balance: dict[str, int] = {}
    for case in a.keys() & b.keys():
        balance[groups[case]] = balance.get(groups[case], 0) + int(a[case]) - int(b[case])
    return sum(value > 0 for value in balance.values()), sum(value < 0 for value in balance.values())


def _by_group(rows: Sequence[tuple[float, float, float, float]], groups: Sequence[str]) -> np.ndarray:
    """Sum the rows of each group: float64 [groups, 4]."""
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(names), 4))
    for row, group in zip(rows, groups, strict=True):
        sums[names[group]] += row
    return sums


def _bootstrap(sums: np.ndarray) -> Interval | None:
    """Interval of a ratio of column sums (2 columns), or of the difference of two (4 columns: a/n_a, b/n_b).

    None for fewer than two rows, and where a draw has nothing below the line: the rest of the draws are no sample.
    """
    import warnings

    from scipy.stats import bootstrap

    if len(sums) < 2:
        return None

    def statistic(*columns: np.ndarray, axis: int = -1) -> Any:
        totals = [column.sum(axis=axis) for column in columns]
        with np.errstate(divide="ignore", invalid="ignore"):
            first = totals[0] / totals[1]
            return first if len(totals) == 2 else totals[2] / totals[3] - first

    columns = tuple(sums.T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of BCa on draws that are all alike, which is looked at below
        for method in ("BCa", "percentile"):
            found = bootstrap(
                columns, statistic, paired=True, vectorized=True, n_resamples=RESAMPLES, method=method,
                rng=np.random.default_rng(SEED),
            )  # fmt: skip
            if not np.isfinite(found.bootstrap_distribution).all():
                return None
            low, high = map(float, found.confidence_interval)
            if np.isfinite([low, high]).all():
                return low, high
    return None
