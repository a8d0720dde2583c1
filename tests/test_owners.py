"""Owners that are no regions, and regions that own nothing: bodies, brackets, certificates, places of action."""

import pytest

from ingest.facts.figures import Context, find_figures

NATION, GUANGZHOU = ("CN",), ("440100",)


def owner(text, home):
    return find_figures(text, 0, Context(home, home=home))[0].scopes


@pytest.mark.parametrize(
    ("text", "home", "expected"),
    [
        (
            "各省、自治区、直辖市及新疆生产建设兵团申报不超过12项。",
            NATION,
            ("各省", "自治区", "直辖市", "新疆生产建设兵团"),
        ),
        ("计划单列市申报数量原则上不超过6个。", NATION, ("计划单列市",)),
        ("各计划单列市、中央企业申报不超过8项。", NATION, ("各计划单列市", "中央企业")),
        ("各省辖市申报不超过8项。", ("410000",), ("410000",)),  # a province's own notice speaks of its own bodies
        ("新疆机架达到5万个。", NATION, ("650000",)),
        ("入驻大湾区（广东）创业基地的企业，给予2万元补贴。", GUANGZHOU, GUANGZHOU),
        ("对通过广东省制造业单项冠军认定的企业给予50万元奖励。", GUANGZHOU, GUANGZHOU),
        ("在香港设立服务中心，每年安排80万元经费。", GUANGZHOU, GUANGZHOU),
        ("支持香港社团来穗交流，每年安排60万元。", GUANGZHOU, GUANGZHOU),
        ("香港企业在穗投资30亿元。", NATION, ("810000",)),
        ("在贵州建设基地，投资30亿元。", NATION, ("520000",)),
    ],
)
def test_whose_amount_it_is(text, home, expected):
    assert owner(text, home) == expected
