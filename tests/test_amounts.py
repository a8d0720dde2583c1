"""The right figure among several, and what is closest where it is not there: made-up rules in the manner of official ones."""

import pytest

from app.build import open_engine
from app.settings import load_settings

DOCUMENTS = {
    "工资.md": ("云河市人民政府关于调整最低工资标准的通知", "2024-03-01",
        "一、全市月最低工资标准每月2030元（每日94元）。\n\n二、全市非全日制用工小时最低工资标准每小时22元。"),
    "青年.md": ("甘棠区支持港澳青年创业办法", "2023-05-01",
        "第一条 甘棠区的港澳青年企业，按场地租金总额的40%给予租金补贴，每个企业每年不超过6万元，补贴期限最长不超过3年。\n\n"
        "第二条 在甘棠区实习的港澳青年，给予每人每月2800元实习补贴，补贴期限不超过5个月。"),
    "网络.md": ("云河市网络服务管理条例", "2022-06-01",
        "第十条 网络服务者应当留存服务日志不少于九个月。\n\n"
        "第三十条 违反本条例第十二条规定，未要求用户提供真实身份信息的，责令改正；拒不改正的，处三万元以上三十万元以下罚款。\n\n"
        "第三十一条 违反本条例第十三条规定，设置恶意程序的，给予警告；拒不改正的，处一万元以上八万元以下罚款。\n\n"
        "第三十二条 属于无条件共享类的，应当自收到申请之日起2个工作日内答复；属于有条件共享类的，应当自收到申请之日起12个工作日内答复。"),
    "署.json": ("雲河數位署組織法", "2022-01-19", "第3條 本署置署長一人，副署長三人。\n\n第5條 聘用專業人員，其聘用員額不得超過八十人。"),
    "税.md": ("云河物业税法", "2021-01-01",
        "第八条 小额纳税人可以按照营业额和征收率，适用简易计缴办法计算物业税。\n\n第九条 适用简易计缴办法的征收率为百分之四。\n\n"
        "第十条 出租房屋的，税率为百分之七；转让不动产的，税率为百分之十一。"),
    "集市旧.md": ("云河市集市简报", "2023-01-10", "2022年，云河市摊位的平均利用率约41%，这个平均数不能套用到任何一处集市。"),
    "集市.md": ("云河市集市简报", "2024-01-10", "2023年，云河市摊位的平均利用率约52%。"),
    "备案.md": ("云河市关于算法服务备案情况的公告", "2025-09-01",
        "截至2025年3月31日，全市共有46款算法服务完成备案。\n\n截至2025年8月31日，全市累计有78款算法服务完成备案。"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amounts")
    for name, (title, date, body) in DOCUMENTS.items():
        path = folder / name.replace(".json", ".md")
        path.write_text(f"---\ntitle: {title}\ndate: {date}\n---\n# {title}\n\n{body}\n", encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        assert engine.ingest([str(folder)]).added == len(DOCUMENTS)
        yield engine.ask


@pytest.mark.parametrize(
    ("question", "figure", "absent"),
    [
        ("云河月最低工资标准是多少", "2030元", "94元；"),
        ("最低工资一个月多少钱", "2030元", "22元"),
        ("甘棠区港澳青年企业租金补贴每年最高多少钱", "不超过6万元", "2800元"),
        ("港澳青年的房租能报销几成", "40%", "6万元（"),
        ("租金补贴最长能领几年", "不超过3年", "5个月"),
        ("甘棠区实习补贴每月多少", "2800元", "6万元（"),
        ("服务日志要留存多久", "不少于九个月", ""),
        ("没有实名的罚款多少", "三万元以上三十万元以下", "八万元"),
        ("设置恶意程序罚多少钱", "一万元以上八万元以下", "三十万元"),
        ("无条件共享的几个工作日内答复", "2个工作日", ""),
        ("署長幾人", "署長一人", ""),
        ("聘用員額不得超過多少人", "不得超过八十人", ""),
        ("小额纳税人的物业税征收率", "百分之四", "百分之七"),
        ("出租房屋的物业税税率是多少", "百分之七", ""),
        ("截至2025年8月31日备案了多少款算法服务", "78款", "46款"),
        ("截至2025年3月底备案了多少款算法服务", "46款", "78款"),
    ],
)
def test_the_right_figure_comes_first(ask, question, figure, absent):
    answer = ask(question)
    assert not answer.abstained, answer.text
    first = answer.text.replace("\\", "").splitlines()[0]
    assert figure in first, answer.text
    assert not absent or absent not in first.partition("原文")[0]


@pytest.mark.parametrize(
    ("question", "reason", "closest"),
    [
        ("甘棠区港澳青年购车补贴多少钱", "not_disclosed", ""),
        ("望江区港澳青年企业租金补贴每年最高多少钱", "wrong_scope", "6万元"),
        ("2021年云河月最低工资标准是多少", "wrong_period", "2030元"),
        ("服务日志要备份几份", "not_disclosed", ""),
        ("转让不动产的关税税率是多少", "not_disclosed", "百分之十一"),
        ("截至2025年12月31日备案了多少款算法服务", "wrong_period", "78款"),
    ],
)
def test_what_is_not_there_is_said_and_the_closest_is_labelled(ask, question, reason, closest):
    answer = ask(question)
    assert answer.abstained and answer.abstain_reason == reason, answer.text
    assert "未披露" in answer.text.splitlines()[0] and closest in answer.text


def test_a_question_without_a_year_is_also_answered_by_the_newest_figure(ask):
    """However much better the older sentence fits by its words; a year asked for stays alone."""
    assert {f.figure.value for f in ask("云河的摊位平均用到了几成").figures} == {41, 52}
    assert {f.figure.value for f in ask("2022年云河摊位的平均利用率是多少").figures} == {41}


def test_a_comparator_that_stands_apart_from_its_number_is_said(ask):
    """不得超過…八十人 is a limit: the number alone would be another claim."""
    assert ask("聘用員額最多多少人").figures[0].figure.comparator == "至多"


def test_a_rule_is_not_called_national_where_it_does_not_say_so(ask):
    assert "全国" not in ask("出租房屋的物业税税率是多少").text
