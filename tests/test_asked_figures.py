"""Whether a figure, a date or a rule is what was asked: made-up texts in the manner of official ones."""

import pytest

from app.build import open_engine
from app.settings import load_settings
from app.understanding.understand import understand

DOCUMENTS = {
    "年报.md": ("云河省关于发布2025年智能服务备案情况的公告", "2026-01-09", "2025年全年新增446款智能服务完成备案。"),
    "季报.md": ("云河省关于发布智能服务备案情况的公告（2025年9月至10月）", "2025-11-11",
        "截至2025年11月1日，新增73款智能服务完成备案。截至11月1日，累计有611款智能服务完成备案。"),
    "奖励.md": ("广安市参加四川省第十届体育大会奖励办法", "2022-09-15",
        "第三条 对获得单项金牌的运动员，每枚金牌奖励2万元。"),
    "天气.md": ("智能天气服务办法", "2025-04-23",
        "第二十六条 违反本办法规定，有下列行为之一的，可以处五万元以下的罚款:\n（一）非法向社会发布灾害警报的；\n（二）传播非法渠道获取的灾情的。"),
    "算法.md": ("算法服务管理规定", "2022-01-04",
        "第五条 算法服务提供者的备案信息发生变更的，应当在变更之日起十个工作日内办理变更手续。\n\n"
        "第六条 部门目录发生变化的，应当在五个工作日内报市算法服务主管部门审定。"),
    "青年.md": ("甘棠区支持外来青年创新创业实施办法", "2023-09-08",
        "第二条 本办法所称外来青年，是指45周岁以下的外来居民。\n\n第十三条 本办法自2023年9月8日起施行，有效期3年。"),
    "税.md": ("云河货物税法", "2024-12-25",
        "（一）销售机器的，税率为百分之十三。\n（二）销售下列货物，税率为百分之九：\n1.农产品、食用盐；\n2.图书、报纸。\n（三）销售服务的，税率为百分之六。"),
    "规划.md": ("云河国民经济和社会发展第十五个五年规划纲要", "2026-03-13",
        "# 主要目标\n\n森林覆盖率达到25.8%。\n\n社会物流总费用与生产总值的比率比上年下降2个百分点。"),
    "目录.md": ("云河省公共数据管理办法", "2021-10-25",
        "第五条 公共数据开放目录实行年度动态调整。\n\n第六条 部门之间共享公共数据不得收取任何费用。\n\n"
        "第七条 处理超过1000万人信息的处理者，应当每两年至少开展一次合规审计。\n\n"
        "第八条 平台不得违反其他规定，对同一服务设置不同的收费标准。"),
    "意见.md": ("云河省关于完善电力市场体系的实施意见", "2026-02-08",
        "云办发〔2026〕4号\n\n各市人民政府：\n\n完善电力市场体系，提高电力资源配置效率。"),
    "支持.md": ("云河省科技支持政策", "2021-03-01", "12.对首次创建为高新技术企业的，给予20万元支持。"),
    "安全.md": ("云河省数据安全条例", "2022-06-01",
        "第三十条 违反第五条规定的，处一万元以上五万元以下罚款。\n\n第三十一条 违反第六条规定的，处十万元以上一百万元以下罚款。"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    for name, (title, date, body) in DOCUMENTS.items():
        text = f"---\ntitle: {title}\ndate: {date}\n---\n# {title}\n\n{body}\n"
        (folder / name).write_text(text, encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        assert engine.ingest([str(folder)]).added == len(DOCUMENTS)
        yield engine.ask


@pytest.mark.parametrize(
    ("question", "said", "absent"),
    [
        ("2025年9月到10月新增备案的智能服务有多少款", "73款", "446款"),
        ("非法发布灾害警报，按智能天气服务办法最多罚多少", "五万元以下", "未披露"),
        ("算法备案信息变更后要在多少个工作日内办手续", "十个工作日", "未披露"),
        ("部门目录变化后要在几个工作日内报审", "五个工作日", "未披露"),
        ("甘棠区的办法规定的外来青年年龄上限是几岁", "45周岁以下", "未披露"),
        ("甘棠区支持外来青年创新创业的实施办法有效期到多久", "有效期3年", "未披露"),
        ("销售图书适用的货物税税率是多少", "百分之九", "未披露"),
        ("“十五五”末森林覆盖率要达到多少", "25.8%", "未披露"),
        ("处理超过1000万人信息的企业多久要做一次合规审计", "两年", "未披露"),
        ("公共数据开放目录多久调整一次", "年度动态调整", "未披露"),
        ("对首次创建为高新技术企业的给多少支持", "20万元", "未披露"),
        ("电力市场体系的实施意见文号是什么", "云办发〔2026〕4号", "没有"),
        ("违反云河省数据安全条例最高罚多少", "一百万元以下", "五万元以下"),
        ("部门之间共享公共数据可以收费吗", "不得收取任何费用", "不能据此"),
    ],
)
def test_what_the_text_says_is_answered(ask, question, said, absent):
    answer = ask(question)
    assert not answer.abstained and said in answer.text and absent not in answer.text, answer.text


@pytest.mark.parametrize(
    "question", ["2025年9月到10月新增备案的智能服务是446款吗", "2025年9月新增备案的智能服务是446款吗"]
)
def test_a_span_narrower_than_the_figures_is_not_confirmed(ask, question):
    answer = ask(question)
    assert "数字与所问一致" not in answer.text


def test_the_place_in_the_name_of_a_meet_owns_no_figure(ask):
    answer = ask("四川省第十届体育大会的单项金牌，广安奖励多少")
    assert not answer.abstained and {f.scope for f in answer.figures if f.figure.unit == "元"} == {"广安"}


def test_a_rule_that_the_store_does_not_hold_is_said_to_be_missing(ask):
    answer = ask("江西省公共数据条例对授权运营的期限怎么规定")
    assert answer.abstain_reason == "no_document" and "江西省公共数据条例" in answer.text and not answer.citations


def test_one_word_in_another_clause_than_the_ban_is_not_banned(ask):
    assert "禁止" not in ask("平台可以收费吗").text


def test_a_wrong_character_that_sounds_right_is_read_as_the_text_has_it(ask):
    answer = ask("社会物流总费用与生产总植的比率下降多少")
    assert "2个百分点" in answer.text and "总植" in answer.text and not answer.abstained


def test_what_a_compound_adds_to_its_measure_narrows_it_down():
    assert "住房" in understand("外来青年每月住房补贴多少").qualifiers
