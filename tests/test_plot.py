"""Plots: every point is drawn where it belongs, says whose it is, leads to its sentence; hostile words stay words."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ui import PAYLOADS

from app.ui.plot import HEIGHT, MAX_POINTS, WIDTH, Point, plot_svg


def point(region="贵州", period="2025", value=3e5, kind="实际值", **changes):
    fields = {"label": "30万个", "scope": region, "anchor": "src-1-1"}
    return Point(region, period, value, kind, **{**fields, **changes})


def marks(svg):
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    return [
        (a.find(f"{space}title").text, next(e for e in a if e.tag != f"{space}title" and e.tag != f"{space}text"), a.get("href"))
        for a in root.iter(f"{space}a")
    ]  # fmt: skip


def test_periods_go_from_left_to_right_and_values_up():
    drawn = marks(
        plot_svg(
            [point(period="2027", value=5), point(period="2024", value=1), point(period="2025Q1", value=2)],
            "个",
            "题",
            "zh",
        )
    )
    assert [re.search(r"20\d\d\w*", told)[0] for told, _, _ in drawn] == ["2024", "2025Q1", "2027"]
    xs = [float(shape.get("cx")) for _, shape, _ in drawn]
    ys = [float(shape.get("cy")) for _, shape, _ in drawn]
    assert (
        xs == sorted(xs)
        and ys == sorted(ys, reverse=True)
        and all(0 < v < WIDTH for v in xs)
        and all(0 < v < HEIGHT for v in ys)
    )


def test_targets_forecasts_and_actuals_look_different_and_say_so():
    svg = plot_svg(
        [point(kind=k, region=r) for k, r in (("实际值", "贵州"), ("目标值", "广东"), ("预测", "全国"))],
        "个",
        "题",
        "zh",
    )
    shapes = {told.partition("（")[2]: (shape.tag, shape.get("fill")) for told, shape, _ in marks(svg)}
    assert len(set(shapes.values())) == 3
    assert all(name in svg for name in ("● 实际值", "○ 目标值", "◇ 预测", "贵州", "广东", "全国"))
    assert "actual" in plot_svg([point()], "%", "t", "en")


def test_each_point_leads_to_its_sentence_and_names_its_owner():
    ((told, _, href),) = marks(plot_svg([point(scope="全国", anchor="src-2-7")], "%", "题", "zh"))
    assert href == "#src-2-7" and told.startswith("全国 2025 30万个")


def test_without_a_year_last_and_none_at_all_is_no_picture():
    assert plot_svg([], "个", "题", "zh") == ""
    drawn = marks(plot_svg([point(period=""), point(period="十四五"), point(period="2021-2023")], "个", "题", "zh"))
    assert ["2021-2023" in drawn[0][0], "十四五" in drawn[1][0]] == [True, True]
    assert "未注明年份" in plot_svg([point(period="")], "个", "题", "zh")


def test_too_many_points_are_cut_and_that_is_said():
    svg = plot_svg(
        [point(period=str(2000 + n % 30), region=f"某省{n}") for n in range(MAX_POINTS + 5)], "个", "题", "zh"
    )
    assert len(marks(svg)) == MAX_POINTS and f"共 {MAX_POINTS + 5} 个数字" in svg


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_stay_words(payload):
    svg = plot_svg(
        [point(region=payload, period=payload, label=payload, scope=payload, anchor=payload)], payload, payload, "zh"
    )
    root = ElementTree.fromstring(svg)
    assert {e.tag.rpartition("}")[2] for e in root.iter()} <= {
        "svg",
        "title",
        "line",
        "text",
        "a",
        "circle",
        "path",
        "rect",
    }
    assert (
        payload in "".join(root.itertext())
        and "javascript:" not in "".join(a.get("href") or "" for a in root.iter())[:11]
    )


@given(st.lists(st.floats(-1e13, 1e13, allow_nan=False), min_size=1, max_size=12))
def test_any_values_can_be_drawn(values):
    svg = plot_svg([point(value=v, period=str(2020 + n)) for n, v in enumerate(values)], "元", "题", "zh")
    ys = [float(shape.get("cy")) for _, shape, _ in marks(svg)]
    assert len(ys) == len(values) and all(0 <= y <= HEIGHT for y in ys)
