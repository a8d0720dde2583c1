"""Quantities in English, read by one reader for questions, answers and the evaluation."""

import pytest

from app.understanding.quantities import english_figures
from eval.quantities import stated_quantities


@pytest.mark.parametrize(
    ("text", "comparator"),
    [("no more than 30%", "至多"), ("not less than 30%", "至少"), ("more than 30%", "超"), ("nearly 30%", "近")],
)
def test_a_negated_comparator_is_its_opposite(text, comparator):
    assert [f.comparator for f in english_figures(text)] == [comparator]
    assert [q.comparator for q in stated_quantities(text)] == [comparator]


@pytest.mark.parametrize(
    ("text", "value", "high", "unit", "comparator"),
    [
        ("about 65% in 2025", 65, None, "%", "约"),
        ("1.5 trillion yuan", 1.5e12, None, "元", ""),
        ("over 300,000 racks", 3e5, None, "", "超"),
        ("65 per cent of it", 65, None, "%", ""),
        ("rose by 5 percentage points", 5, None, "百分点", ""),
        ("nearly RMB 12 billion", 1.2e10, None, "元", "近"),
        ("a fine of not more than 1 million yuan", 1e6, None, "元", "至多"),
        ("10 million yuan or more", 1e7, None, "元", "以上"),
        ("between 30% and 50%", 30, 50, "%", ""),
        ("30 to 50 percent higher", 30, 50, "%", ""),
        ("twenty-five percent", 25, None, "%", ""),
        ("in 2025 more than 400 universities", 400, None, "", "超"),
        ("US$3 billion", 3e9, None, "美元", ""),
        ("3 million and 4 firms", 3e6, None, "", ""),
    ],
)
def test_what_a_quantity_says(text, value, high, unit, comparator):
    (figure,) = english_figures(text)
    assert (figure.value, figure.value_high, figure.unit, figure.comparator) == (value, high, unit, comparator)
    assert text[figure.start : figure.end] == figure.text


@pytest.mark.parametrize(
    "text", ["Article 21", "in 2025", "from 2023 to 2025", "over 2024", "version 2.0", "one of 5 cities", "GB 5"]
)
def test_a_bare_small_number_or_a_year_is_no_quantity(text):
    assert english_figures(text) == ()


def test_in_mixed_text_each_language_is_read_by_its_own_reader():
    found = [
        (q.value, q.unit, q.comparator)
        for q in stated_quantities("GPU机架超30万个，利用率65%以上; over 20 percent idle")
    ]
    assert found == [(300000.0, "个", "超"), (65.0, "%", "以上"), (20.0, "%", "超")]
