"""Whose answer is asked for."""

import pytest

from app.understanding.places import find_places
from app.understanding.understand import understand

YRD = ("310000", "320000", "330000", "340000")


def test_a_group_is_a_scope_of_its_own_with_members():
    query = understand("长三角的算力规模")
    assert query.regions == ("YRD",) and query.members == YRD


def test_the_members_of_a_group_are_asked_about_one_by_one():
    assert understand("长三角各省市的算力规模对比").regions == YRD
    assert understand("比较粤浙的路线").regions == ("440000", "330000")
    assert understand("长三角和珠三角的对比").regions == ("YRD", "PRD")


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("沪深的算力", ("310000", "440300")),
        ("鄂湘赣三省", ("420000", "430000", "360000")),
        ("浙的做法", ("330000",)),
        ("瓦坎达省的算力", ("瓦坎达省",)),
        ("浙江和江东省", ("330000", "江东省")),
        ("如何节省成本", ()),
        ("制造业大省的做法", ()),
        ("发达省的经验", ()),
        ("各省的政策", ()),
        ("苏打水", ()),
        ("云服务", ()),
        ("深圳", ("440300",)),
        ("新能源汽车", ()),
        ("宁可闲置", ()),
        ("贵不贵", ()),
        ("陕西省", ("610000",)),
    ],
)
def test_names(text, regions):
    assert find_places(text).regions == regions


def test_what_an_english_question_compares_with():
    places = find_places("Is pay higher in Zhejiang than in Guizhou?")
    assert places.regions == ("330000",) and places.bases == ("520000",)
