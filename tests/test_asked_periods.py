"""Periods of a question, and what a figure's period must be to belong to one."""

from datetime import date

import pytest

from app.retrieval.matching import period_fits
from app.understanding.periods import question_periods
from app.understanding.understand import understand

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("近三年的变化", ("2024-2026",)),
        ("过去五年", ("2021-2025",)),
        ("未来三年", ("2027-2029",)),
        ("近1年", ("2026",)),
        ("去年下半年", ("2025H2",)),
        ("2020年以来", ("2020-2026",)),
        ("2027年以后", ("2027",)),
        ("2023到2025年", ("2023-2025",)),
        ("截至2027年底", ("2027",)),
        ("Q3", ("Q3",)),
        ("上半年", ("H1",)),
        ("21年的规模", ("2021",)),
        ("用了20年", ()),
        ("3025年", ("3025",)),
        ("公元前221年", ("公元前221年",)),
        ("5000年以上", ()),
        ("in the first half of 2025 and Q3 2024", ("2025H1", "2024Q3")),
        ("between 2023 and 2025", ("2023-2025",)),
        ("the 15th Five-Year Plan", ("十五五",)),
        ("〔2025〕11号", ()),
        ("最低工资标准是1970元吗", ()),
        ("建了2025 个基站", ()),
        ("2025 GDP", ("2025",)),
        ("近" + "9" * 5000 + "年", ()),
    ],
)
def test_what_is_named(text, periods):
    found, rest = question_periods(text, TODAY)
    assert found == periods and len(rest) == len(text)


@pytest.mark.parametrize(
    ("question", "period", "fits"),
    [
        ("近三年的机架数", "2025", True),
        ("近三年的机架数", "2025Q1", True),
        ("近三年的机架数", "近三年", True),
        ("近三年的机架数", "近五年", False),
        ("近三年的机架数", "2023", False),
        ("上半年的机架数", "2025H1", True),
        ("上半年的机架数", "2025", False),
        ("3025年的机架数", "2025", False),
    ],
)
def test_what_belongs_to_it(question, period, fits):
    assert period_fits(understand(question, today=TODAY), period) is fits
