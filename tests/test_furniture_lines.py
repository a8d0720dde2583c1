"""Lines of a text that say nothing of what was asked: who signed and when, whose telephone number it is."""

from dataclasses import replace

import pytest

from app.composition.closest import also
from app.retrieval.evidence import is_signature
from app.understanding.understand import understand
from eval.passages import passage
from ingest.types import Sentence, Source


def read(text, *regions):
    return replace(passage(text, Sentence(0, len(text), regions), Source("a.txt", "", "通知")), coverage=0.5)


@pytest.mark.parametrize(
    "line",
    [
        "广东省人民政府办公厅", "海南自由贸易港工作委员会办公室", "国务院国有资产监督管理委员会", "住房和城乡建设部", "无为市人民政府办公室", "湖南省有色地质勘查局",
        "2024年3月1日", "（2024年3月1日印发）", "二〇二四年三月一日",
    ],
)  # fmt: skip
def test_who_signed_and_when_is_no_statement(line):
    assert is_signature(read(line))


@pytest.mark.parametrize(
    "line", ["主管部门是市工业和信息化局", "牵头单位为省大数据局", "由省通信管理局负责", "专班设在市发展改革委员会"]
)
def test_a_line_that_says_which_body_does_what_is_one(line):
    assert not is_signature(read(line))


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("湖南的算力规模是多少", 1),
        ("湖南申报的联系电话是多少", 2),
        ("湖南有哪些算力企业", 1),
        ("湖南算力项目的咨询热线是多少", 2),
    ],
)
def test_a_telephone_number_is_told_to_who_asks_for_one(question, told):
    ranked = [
        read("湖南省    0731-88955549", "430000"), read("湖南省支持企业申报算力项目和算力企业。", "430000"),
    ]  # fmt: skip
    assert len(also(understand(question), ranked, set())) == told


@pytest.mark.parametrize("line", ["湖南省算力企业利润总额（万元）12345678", "湖南省算力企业常住人口：65680000"])
def test_a_figure_is_no_telephone_number(line):
    (claim,) = also(understand("湖南算力企业的利润增速是多少"), [read(line, "430000")], set())
    assert claim.evidence[0].text == line
