"""Periods and kinds: spans with days, plans that are only names, aims that are only qualifiers."""

import pytest

from ingest.facts.figures import find_figures
from ingest.facts.periods import find_periods


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("2022年10月1日至2025年12月31日", ("2022-2025",)),
        ("2023年10月1日—2024年3月31日期间", ("2023-2024",)),
        ("自2023年1月1日起至2023年12月31日", ("2023",)),
        ("2016年—2023年", ("2016-2023",)),
        ("2024财年减排200吨", ("2024",)),
        ("2024年3月1日，2025年4月2日", ("2024", "2025")),
    ],
)
def test_spans_of_years(text, periods):
    assert find_periods(text) == periods


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("计划单列市推荐不超过15个", "实际值"),
        ("实现三个发展目标的企业给予10万元奖励", "实际值"),
        ("补助计划之补助比率为50%", "实际值"),
        ("符合国土空间规划的，利用3%的面积", "实际值"),
        ("计划投资30亿元", "目标值"),
        ("规划床位3000张", "目标值"),
        ("目标是增长8%", "目标值"),
    ],
)
def test_only_a_plan_that_is_made_here_sets_a_target(text, kind):
    assert find_figures(text)[0].kind == kind
