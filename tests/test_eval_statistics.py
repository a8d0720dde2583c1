"""Intervals by groups and exact tests, against values worked out by hand or by another way of computing them."""

import math
from itertools import pairwise

import pytest

from eval.metrics import wilson
from eval.statistics import cluster_interval, discordant_groups, mcnemar, pair, paired_interval, ratio


def _ones(values):
    return [(float(value), 1.0) for value in values]


@pytest.mark.parametrize(("only_a", "only_b", "p"), [(0, 0, 1.0), (8, 0, 2 / 2**8), (0, 8, 2 / 2**8), (5, 1, 14 / 64)])
def test_mcnemar_is_the_exact_binomial(only_a, only_b, p):
    assert mcnemar(only_a, only_b) == pytest.approx(p)


def test_mcnemar_agrees_with_counting_every_sign():
    for a, b in ((3, 4), (9, 2), (6, 6)):
        n, low = a + b, min(a, b)
        tail = sum(math.comb(n, k) for k in range(low + 1)) / 2**n
        assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))


def test_groups_count_once_and_ties_for_neither():
    a = {"x1": True, "x2": True, "x3": True, "y1": True, "y2": False, "z1": False}
    b = {"x1": False, "x2": False, "x3": True, "y1": False, "y2": True, "z1": True}
    assert discordant_groups(a, b, {case: case[0] for case in a}) == (1, 1)


def test_an_interval_by_groups_is_wider_where_variants_fail_together():
    together = _ones([1] * 80 + [0] * 20)
    alone = [f"g{i}" for i in range(100)]
    fives = [f"g{i // 5}" for i in range(100)]  # all five right, or all five wrong
    single, grouped = cluster_interval(together, alone), cluster_interval(together, fives)
    assert single == pytest.approx(wilson(80, 100), abs=0.02)
    assert grouped[1] - grouped[0] > 1.7 * (single[1] - single[0])
    assert grouped[0] < 0.8 < grouped[1]
    assert cluster_interval(together, fives) == grouped  # drawn alike every time


def test_intervals_shrink_with_more_groups_and_end_where_there_is_nothing_to_draw():
    widths = []
    for n in (20, 80, 320):
        low, high = cluster_interval(_ones([1, 1, 1, 0] * (n // 4)), [f"g{i}" for i in range(n)])
        widths.append(high - low)
    assert all(b < 0.7 * a for a, b in pairwise(widths))
    assert cluster_interval(_ones([1, 0, 1]), ["g", "g", "g"]) is None
    assert cluster_interval(_ones([1, 1, 1]), ["a", "b", "c"]) is None  # no width: Wilson's says more
    assert cluster_interval([(0.0, 0.0)] * 3, ["a", "b", "c"]) is None


def test_a_paired_difference_leaves_out_what_both_runs_share():
    groups = [f"g{i // 2}" for i in range(100)]
    hard = _ones([i % 2 for i in range(100)])  # half is wrong in both
    better = _ones([1 if i < 20 else i % 2 for i in range(100)])
    low, high = paired_interval(hard, better, groups)
    assert 0 < low < ratio(better) - ratio(hard) < high < 0.2
    assert paired_interval(hard, hard, groups) is None
    reverse = paired_interval(better, hard, groups)
    assert reverse == pytest.approx((-high, -low), abs=0.02)


def test_no_interval_where_draws_have_nothing_to_divide_by_or_nothing_to_vary():
    none, right, wrong = (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)
    few = [right, *[none] * 9]  # a draw without the only group that counts
    many = [f"g{i}" for i in range(10)]
    assert paired_interval([wrong, *[right] * 9], few, many) is None
    assert paired_interval([wrong] * 10, [right] * 10, many) is None
    assert paired_interval([wrong] * 4, [right, right, wrong, right], ["a", "a", "b", "b"]) is None


def test_a_verdict_adds_to_a_mean_or_to_a_pooled_rate_or_to_nothing():
    verdict = {"correct": True, "recall5": None, "supported": {"successes": 2, "n": 3}}
    assert pair(verdict, "accuracy") == (1.0, 1.0)
    assert pair(verdict, "citation_precision") == (2.0, 3.0)
    assert pair(verdict, "recall_at_5") == pair(verdict, "quote_exactness") == (0.0, 0.0)
    assert ratio([]) is None
