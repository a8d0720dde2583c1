"""What a question demands of its sources is a filter; otherwise the kind of source only tips the scales."""

import pytest

from app.build import open_engine
from app.retrieval.sources import admitted, is_inventory
from app.settings import Settings
from app.types import Demands
from app.understanding.demands import find_demands
from ingest.types import Source


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("只看政策原文，数据分类分级怎么做", Demands(tiers=("政策原文",))),
        ("请只引用官方解读说明标识办法", Demands(tiers=("官方解读",))),
        ("在政策原文中，算法备案怎么规定", Demands(tiers=("政策原文",))),
        ("仅依据贵州的资料，算力券怎么发", Demands(regions=("520000",))),
        ("限於廣東省的文件，智能製造目標是什麼", Demands(regions=("440000",))),
        ("2024年印发的文件里对算力有什么要求", Demands(issued=(2024, 2024))),
        ("２０２３年以来出台的数字经济政策有哪些", Demands(issued=(2023, 9999))),
        ("Only use official documents: what is required of algorithms?", Demands(tiers=("政策原文",))),
        ("Which policies issued in 2024 mention computing power?", Demands(issued=(2024, 2024))),
        # Named, not demanded.
        ("补贴是否仅限于广东企业", Demands()),
        ("2024年发布的大模型有多少款", Demands()),
        ("在广东的规划中有什么目标", Demands()),
        ("贵州2025年的政策原文有哪些", Demands()),
        ("Is the subsidy only for companies in Guangdong?", Demands()),
    ],
)
def test_demands_are_told_from_what_is_merely_named(question, expected):
    from ingest.lexical import fold

    assert find_demands(fold(question))[0] == expected


def test_the_words_of_a_demand_are_no_words_to_look_for():
    assert "政策" not in find_demands("只看政策原文，数据怎么分级")[1]
    assert "2024" not in find_demands("广安市2024年印发的就业政策有哪些")[1]
    assert "贵州" in find_demands("仅依据贵州的资料，算力券怎么发")[1]


def test_what_is_admitted():
    source = Source("a.md", "0", "某办法", regions=("520100",), issued="2024-03", tier="媒体")
    assert admitted(Demands(), source, ())
    assert admitted(Demands(tiers=("媒体",), regions=("520000",), issued=(2023, 2024)), source, ())
    assert not admitted(Demands(tiers=("政策原文",)), source, ())
    assert not admitted(Demands(issued=(2025, 9999)), source, ())
    assert not admitted(Demands(regions=("440000",)), source, ())
    assert admitted(Demands(regions=("440000",)), source, ("440300",))


def test_a_list_of_files_is_told_from_a_table():
    assert is_inventory(
        "| file：a_law_2020.pdf，sha256 (16)：63d32814b5d5d688 |\n| file：b.docx，sha256 (16)：9e107d9d372bb682 |"
    )
    assert is_inventory("https://example.org/policy/2024/a/long/address.html\n办法")
    assert not is_inventory("| 地区：贵州，机架：30万个 |\n| 地区：广东，机架：80万个 |")
    assert not is_inventory("第一条 申请人登录 https://example.org 提交材料，由市科技局在20个工作日内办结并公示。")
    assert not is_inventory("| 机构：某中心，网址：www.example.org，电话：12345678 |")


LAW = "# 星海市算力条例\n\n星海市人民代表大会常务委员会\n2024年3月1日\n\n第一条 星海市的算力券每年发放三次，算力券由市科技局发放。\n"
NEWS = "# 星海市算力券火了\n\n星海日报社\n2025年5月1日\n\n星海市的算力券每年发放三次，企业说算力券很好用，算力券由市科技局发放。\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("sources")
    (root / "law.md").write_text(f"---\ntier: 政策原文\n---\n{LAW}", encoding="utf-8")
    (root / "news.md").write_text(f"---\ntier: 媒体\n---\n{NEWS}", encoding="utf-8")
    with open_engine(Settings(store=root / "store"), writable=True) as engine:
        engine.ingest([str(root / "law.md"), str(root / "news.md")])
    with open_engine(Settings(store=root / "store")) as engine:
        yield engine


@pytest.mark.parametrize(
    ("question", "files"),
    [
        ("星海市的算力券由谁发放", {"law.md", "news.md"}),
        ("只看政策原文，星海市的算力券由谁发放", {"law.md"}),
        ("仅依据媒体报道，星海市的算力券由谁发放", {"news.md"}),
        ("2025年发布的文章里，星海市的算力券由谁发放", {"news.md"}),
        ("只看智库报告，星海市的算力券由谁发放", set()),
    ],
)
def test_only_what_is_demanded_is_found(engine, question, files):
    assert {hit.source.path.rpartition("/")[2] for hit in engine.search(question)} == files
    answer = engine.ask(question)
    assert {c.source.rpartition("/")[2] for c in answer.citations} <= files
    assert answer.abstained == (not files)
