"""Plots: every point is drawn where it belongs, says whose it is, leads to its sentence; hostile words stay words."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ui import PAYLOADS

from app.ui.plot import HEIGHT, MAX_POINTS, MAX_SOURCES, Point, plot_svg

SPACE = "{http://www.w3.org/2000/svg}"


def point(scope="贵州", period="2025", value=3e5, kind="实际值", **changes):
    fields = {"label": "30万个", "anchor": "src-0-1", "mark": "[1]"}
    return Point(scope, period, value, kind, **{**fields, **changes})


def links(svg):
    return list(ElementTree.fromstring(svg).iter(f"{SPACE}a"))


def told(link):
    return link.find(f"{SPACE}title").text


def shape(link):
    return next(e for e in link if e.tag not in {f"{SPACE}title", f"{SPACE}text"})


def texts(svg, kind):
    return [e for e in ElementTree.fromstring(svg).iter(f"{SPACE}text") if kind in e.get("class").split()]


def test_periods_go_from_left_to_right_and_values_up():
    svg = plot_svg(
        [point(period="2027", value=5), point(period="2024", value=1), point(period="2025Q1", value=2)],
        "个",
        "题",
        "zh",
    )
    drawn = links(svg)
    assert [re.search(r"20\d\d\w*", told(a))[0] for a in drawn] == ["2024", "2025Q1", "2027"]
    xs, ys = ([float(shape(a).get(at)) for a in drawn] for at in ("cx", "cy"))
    width = float(ElementTree.fromstring(svg).get("width"))
    assert xs == sorted(xs) and ys == sorted(ys, reverse=True)
    assert all(0 < x < width for x in xs) and all(0 < y < HEIGHT for y in ys)


def test_targets_forecasts_and_actuals_have_shapes_of_their_own_and_say_so():
    kinds = (("实际值", "贵州"), ("目标值", "广东"), ("预测", "全国"))
    svg = plot_svg([point(kind=kind, scope=scope) for kind, scope in kinds], "个", "题", "zh")
    assert {shape(a).tag.removeprefix(SPACE) for a in links(svg)} == {"circle", "rect", "path"}
    assert [e.text for e in texts(svg, "pq-axis")][:3] == ["实际值", "目标值", "预测"]
    assert "actual" in plot_svg([point()], "%", "t", "en") and "目标值" not in plot_svg([point()], "%", "t", "zh")


def test_each_point_leads_to_its_sentence_and_says_whose_it_is():
    (link,) = links(plot_svg([point(scope="全国", anchor="src-0-7", mark="[7]")], "%", "题", "zh"))
    assert link.get("href") == "#src-0-7" and told(link) == "全国 · 2025 · 实际值 · 30万个 [7]" == link.get(
        "aria-label"
    )


def test_owners_of_a_period_stand_beside_each_other_with_their_names_below():
    svg = plot_svg([point("甘肃"), point("青海"), point("甘肃", "2027")], "个", "题", "zh")
    named = [(e.text, e.get("x")) for e in texts(svg, "pq-axis") if e.text in {"甘肃", "青海"}]
    assert [name for name, _ in named] == ["甘肃", "青海", "甘肃"] and len({x for _, x in named}) == 3


def test_a_target_and_what_was_reached_do_not_hide_each_other():
    one, other = links(plot_svg([point(), point(kind="目标值")], "个", "题", "zh"))
    assert float(shape(other).get("x")) > float(shape(one).get("cx")) + 6


def test_a_range_is_drawn_from_end_to_end():
    (link,) = links(plot_svg([point(value=30, high=50)], "%", "题", "zh"))
    assert len(link.findall(f"{SPACE}circle")) == 2 and link.find(f"{SPACE}path") is not None


def test_labels_hide_no_other_label():
    points = [point(f"省{n}", "2025", 3e5 + n, label=f"约{n}万个") for n in range(8)] + [
        point("省0", "2025", 3e5 + n, "目标值") for n in range(6)
    ]
    boxes = []
    for e in texts(plot_svg(points, "个", "题", "zh"), "pq-value"):
        half = sum(12 if ord(c) > 255 else 7 for c in e.text) / 2
        boxes.append((float(e.get("x")) - half, float(e.get("x")) + half, float(e.get("y"))))
    assert len(boxes) > 6
    for at, (left, right, y) in enumerate(boxes):
        assert not any(left < b and a < right and abs(y - z) < 12 for a, b, z in boxes[at + 1 :])


def test_without_a_year_last_and_none_at_all_is_no_picture():
    assert plot_svg([], "个", "题", "zh") == ""
    drawn = links(plot_svg([point(period=""), point(period="十四五"), point(period="2021-2023")], "个", "题", "zh"))
    assert "2021-2023" in told(drawn[0]) and "十四五" in told(drawn[1]) and "未注明年份" in told(drawn[2])


def test_what_is_cut_is_said():
    svg = plot_svg([point(period=str(1990 + n)) for n in range(MAX_POINTS + 5)], "个", "题", "zh", ["甲"] * 9)
    assert len(links(svg)) == MAX_POINTS and f"共 {MAX_POINTS + 5} 个数字" in svg
    assert len(texts(svg, "pq-plot-source")) == MAX_SOURCES + 2 and "另有 3 处" in svg


@pytest.mark.parametrize("payload", [*PAYLOADS, "长" * 10_000, "a\u202eb\x00"])
def test_hostile_words_stay_words(payload):
    hostile = point(scope=payload, period=payload, label=payload, anchor=payload, mark=payload, kind=payload)
    svg = plot_svg([hostile], payload, payload, "zh", [payload])
    root = ElementTree.fromstring(svg)
    assert {e.tag.removeprefix(SPACE) for e in root.iter()} <= {"svg", "title", "line", "text", "a", "circle"}
    assert not any(name.startswith("on") for e in root.iter() for name in e.attrib)
    assert all(a.get("href").startswith("#") for a in root.iter(f"{SPACE}a"))
    assert not {"\u202e", "$", "{"} & set(svg)


@given(st.lists(st.floats(-1e13, 1e13, allow_nan=False), min_size=1, max_size=12))
def test_any_values_can_be_drawn(values):
    svg = plot_svg([point(value=v, period=str(2020 + n)) for n, v in enumerate(values)], "元", "题", "zh")
    ys = [float(shape(a).get("cy")) for a in links(svg)]
    assert len(ys) == len(values) and all(0 <= y <= HEIGHT for y in ys)
