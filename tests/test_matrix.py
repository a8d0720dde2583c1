"""The matrix of regions by aspects: whose cell a sentence may stand in, which figures share an axis. Texts of our own."""

import itertools

import pytest

from app.build import open_engine
from app.composition.facets import ASPECTS
from app.composition.matrix import MAX_ASPECTS, MAX_REGIONS, MAX_WORDS
from app.composition.series import all_figures, make_series, measure_of
from app.settings import load_settings
from app.types import Cell, CitedFigure, Comparison
from ingest.errors import InputError
from ingest.types import Figure
from prompts import phrase

GANSU, QINGHAI, NINGXIA, NATION = "620000", "630000", "640000", "CN"
TEXTS = {
    "甘肃省算力发展": "甘肃省以绿色算力为重心，把风电用于数据中心。\n\n2024年甘肃智能算力规模达到8000P。\n\n到2027年，甘肃智能算力规模力争达到2万P。\n\n甘肃省缺乏算法人才，这是一块短板。",
    "青海省算力发展": "青海省围绕清洁能源展开布局，支持建设智算中心。\n\n到2027年，青海智能算力规模力争达到1.5万P。\n\n甘肃和青海共建算力走廊，推动数据互通。",
    "宁夏人工智能扶持": "宁夏设立人工智能人才专项，对引进的团队给予安家支持。\n\n宁夏设立风险补偿资金池，支持企业贷款。",
    "全国算力情况": "2024年全国智能算力规模达到75万P。\n\n全国数据中心平均利用率约65%。",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    for title, text in TEXTS.items():
        (folder / f"{title}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as opened:
        opened.ingest([str(folder / f"{title}.md") for title in TEXTS])
        yield opened


def said(cell):
    return " ".join(sentence.text for sentence in cell.sentences)


def test_every_cell_is_a_sentence_of_its_region_or_undisclosed(engine):
    regions, aspects = [GANSU, QINGHAI, NINGXIA], ["aspect_measure", "aspect_talent", "aspect_risk"]
    table = engine.compare(regions, aspects)
    assert table.regions == ("甘肃", "青海", "宁夏") and table.aspects == tuple(phrase("zh", a) for a in aspects)
    doing, talent, risk = table.cells
    assert "绿色算力" in said(doing[0]) and "清洁能源" in said(doing[1])
    assert "人才专项" in said(talent[2]) and not talent[1].sentences
    assert "短板" in said(risk[0]) and not risk[2].sentences  # 风险补偿 is no risk
    quotes = {c.id: c.quote for c in table.citations}
    for cell in itertools.chain(*table.cells):
        for sentence in cell.sentences:
            assert sentence.citations and any(sentence.text.strip("…") in quotes[n] for n in sentence.citations)


def test_a_sentence_on_several_regions_stands_beside_the_table(engine):
    table = engine.compare([GANSU, QINGHAI], ["aspect_measure"])
    assert [said(note) for _, note in table.notes] == ["甘肃和青海共建算力走廊，推动数据互通。"]
    assert "算力走廊" not in "".join(said(cell) for cell in table.cells[0])


def test_a_national_figure_never_fills_a_provinces_cell(engine):
    table = engine.compare([GANSU, NINGXIA], ["智能算力规模", "数据中心利用率"])
    (gansu, ningxia), rates = table.cells
    assert {(f.scope, f.figure.period, f.figure.kind) for f in gansu.figures} == {
        ("甘肃", "2024", "实际值"),
        ("甘肃", "2027", "目标值"),
    }
    assert not ningxia.sentences and not any(cell.sentences for cell in rates)
    assert "65%" in "".join(said(note) for _, note in table.notes)
    assert "75万P" not in "".join(said(cell) for row in table.cells for cell in row)


def test_the_nation_has_a_column_of_its_own_if_it_is_chosen(engine):
    table = engine.compare([NATION, GANSU], ["智能算力规模"])
    nation, gansu = table.cells[0]
    assert "75万P" in said(nation) and {f.scope for f in nation.figures} == {"全国"}
    assert {f.scope for f in gansu.figures} == {"甘肃"}


def test_a_subject_that_no_text_names_is_disclosed_of_nobody(engine):
    table = engine.compare([GANSU, QINGHAI, NINGXIA], ["量子羊毛"])
    assert not any(cell.sentences for cell in table.cells[0]) and not table.citations


def test_a_free_aspect_is_told_by_sentences_that_name_it(engine):
    ((gansu, ningxia),) = engine.compare([GANSU, NINGXIA], ["风险补偿资金池"]).cells
    assert not gansu.sentences and "资金池" in said(ningxia)


def test_an_english_matrix_quotes_its_sources(engine):
    table = engine.compare([GANSU, QINGHAI], ["aspect_measure", "aspect_risk"], "en")
    assert table.regions == ("Gansu", "Qinghai") and table.aspects == ("Approach", "Weaknesses and risks")
    assert said(table.cells[0][0]).startswith("“") and not table.cells[1][1].sentences


@pytest.mark.parametrize(
    ("regions", "aspects"),
    [
        ([], ["aspect_goal"]),
        ([GANSU], [" "]),
        ([str(n) for n in range(MAX_REGIONS + 1)], ["aspect_goal"]),
        ([GANSU], [f"方面{n}" for n in range(MAX_ASPECTS + 1)]),
        ([GANSU], ["长" * (MAX_WORDS + 1)]),
        ([GANSU], ["？！"]),
    ],
)
def test_what_cannot_be_shown_is_refused_in_plain_words(engine, regions, aspects):
    with pytest.raises(InputError) as caught:
        engine.compare(regions, aspects)
    assert caught.value.hint


def test_the_largest_matrix_is_given(engine):
    codes = engine.regions()[:MAX_REGIONS]
    table = engine.compare(codes, ASPECTS[:MAX_ASPECTS])
    assert len(table.cells) == MAX_ASPECTS and all(len(row) == len(codes) for row in table.cells)


def test_figures_of_one_measure_share_an_axis(engine):
    series, nation = make_series(engine.compare([GANSU, QINGHAI, NATION], ["智能算力规模"]))
    assert [f.scope for f in nation.figures] == ["全国"]  # 75 times as much: the regions would lie at zero
    assert (series.measure, series.unit) == (nation.measure, nation.unit) == ("智能算力规模", "P")
    assert sorted((f.scope, f.figure.period, f.figure.kind, f.figure.value) for f in series.figures) == [
        ("甘肃", "2024", "实际值", 8_000.0),
        ("甘肃", "2027", "目标值", 20_000.0),
        ("青海", "2027", "目标值", 15_000.0),
    ]


def figure(indicator="智能算力规模", value=1.0, **changes):
    fields = {"unit": "P", "text": "1P", "start": 0, "end": 2, "scopes": (GANSU,), "period": "2024", **changes}
    return Figure(value, indicator=indicator, **fields)


def compared(*figures, measured=()):
    cited = tuple(CitedFigure(f, "、".join(f.scopes), n) for n, f in enumerate(figures, 1))
    return Comparison(("甲",), ("乙",), ((Cell((), cited),),), (), (), frozenset(measured))


@pytest.mark.parametrize(
    "other",
    [
        figure("通用算力规模", period="2025"),
        figure(unit="元", period="2025"),
        figure(role="变化", period="2025"),
        figure(role="条件", period="2025"),
        figure(scopes=(), period="2025"),
    ],
)
def test_figures_of_different_measures_are_never_put_on_one_axis(other):
    assert make_series(compared(figure(), other)) == []
    assert len(make_series(compared(figure(), figure(period="2025")))) == 1


def test_the_nation_stands_beside_the_regions_where_they_can_be_told_apart():
    near, far = (figure(scopes=(NATION,), value=value) for value in (2.0, 50.0))
    assert len(make_series(compared(figure(), near, measured=["乙"]))) == 1
    assert len(make_series(compared(figure(), far, measured=["乙"]))) == 2


def test_two_values_of_one_owner_at_one_time_are_not_one_measure():
    table = compared(figure("综合产值", 1.0), figure("综合产值", 2.0), figure("综合产值", 3.0, period="2025"))
    assert make_series(table) == [] and len(all_figures(table)) == 3


def test_a_figure_asked_for_is_drawn_alone_and_others_are_not():
    assert len(make_series(compared(figure(), measured=["乙"]))) == 1 and make_series(compared(figure())) == []


@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        ("甘肃智能算力规模力争达到", "智能算力规模"),
        ("2027年全省智能算力规模", "智能算力规模"),
        ("规模", ""),
        ("智能算力规模目标", "智能算力规模"),
        ("给予资金奖补", ""),
        ("方面", ""),
        ("", ""),
    ],
)
def test_what_is_measured_is_said_without_whose_and_when(indicator, name):
    assert measure_of(figure(indicator)) == name


def test_a_citys_text_says_nothing_of_its_province(engine, tmp_path):
    texts = {
        "酒泉市奖补办法": "# 酒泉市奖补办法\n\n酒泉市人民政府办公室\n\n酒泉市对算力企业给予运营补贴。\n\n按照甘肃省的要求，各县对数据企业给予用电补贴。\n",
        "甘肃省数据条例": "# 甘肃省数据条例\n\n第一条 甘肃省人民政府应当防范数据泄露风险，及时补齐短板。\n\n第二条 县级以上人民政府应当安排资金支持算力发展。\n",
    }
    for title, text in texts.items():
        (tmp_path / f"{title}.md").write_text(text, encoding="utf-8")
    with open_engine(load_settings({}, store=str(tmp_path / "store")), writable=True) as opened:
        opened.ingest([str(tmp_path / f"{title}.md") for title in texts])
        jiuquan = next(code for code in opened.regions() if code.startswith("6209"))
        subsidy, risk = opened.compare([GANSU, jiuquan], ["aspect_subsidy", "aspect_risk"]).cells
        alone = opened.compare([GANSU], ["aspect_subsidy"]).cells[0][0]
    assert "安排资金" in said(subsidy[0]) and "补贴" not in said(subsidy[0])
    assert "用电补贴" not in said(alone) and "酒泉市对" in said(alone)  # whose it is can be read
    assert "运营补贴" in said(subsidy[1]) and not risk[0].sentences  # an article of law states no weakness
