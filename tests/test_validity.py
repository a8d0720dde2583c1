"""What a text says of its own force, and of what it repeals or amends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.facts.validity import find_amended, find_effective, find_expiry, find_replaced, stated_validity

ISSUED = "2025-01-15"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第九条 本办法自2025年3月1日起施行，有效期5年。", "2025-03-01"), ("本办法自2025年3月1日施行。", "2025-03-01"), ("2022年3月1日 施行\n第一条", "2022-03-01"),
        ("现予公布，自2025年1月1日起施行。第一条……2019年5月1日起施行的《旧条例》同时废止。", "2025-01-01"), ("本细则从2025年3月1日起正式实施。", "2025-03-01"),
        ("本办法自公布之日起施行。", ISSUED), ("本通知自印发之日起实施。", ISSUED), ("本辦法自發布日施行。".replace("辦", "办").replace("發", "发"), ISSUED),
        ("本办法自公布之日起30日后施行。", "2025-02-14"), ("本通知自公布之日起三十日以后施行，有效期5年。", "2025-02-14"), ("本法自公布之日起6个月后施行。", "2025-07-15"),
        # A measure's own date, and the notice's last clause: the clause on the notice counts.
        ("一、补贴标准自2024年1月1日起执行。本通知自印发之日起施行。", ISSUED), ("依据《环境法》（自2015年1月1日起施行）。", ""), ("《甲法》自2021年1月1日起施行。", ""),
        ("许可证自核发之日起有效。", ""), ("自2025年2月30日起施行", ""), ("没有说。", ""),
    ],
)  # fmt: skip
def test_first_day_of_force(text, expected):
    assert find_effective(text, ISSUED) == expected


def test_a_notice_speaks_of_its_own_rule_by_name():
    assert find_effective("《甲办法》自2025年9月1日起施行。", "", "关于印发《甲办法》的通知") == "2025-09-01"
    assert find_effective("本办法自公布之日起施行。", "") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本办法自2025年3月1日起施行，有效期5年。", "2030-02-28"), ("自2025年3月1日施行，有效期为2年", "2027-02-28"), ("本办法自印发之日起施行，试行期两年。", "2027-02-28"),
        ("本意见自2025年3月1日起施行，有效期至2027年12月31日。", "2027-12-31"), ("本通知有效期自2025年3月1日起至2026年2月28日。", "2026-02-28"),
        ("本政策自2025年3月1日起施行，至2026年12月31日止。", "2026-12-31"), ("本办法于2027年12月31日自动失效。", "2027-12-31"), ("本办法自2025年3月1日起施行，有效期18个月。", "2026-08-31"),
        ("许可证有效期5年，届满前申请延续。", ""), ("本办法所称备案有效，期限3年。", ""), ("本办法自2025年3月1日起施行。", ""),
    ],
)  # fmt: skip
def test_last_day_of_force(text, expected):
    assert find_expiry(text, "2025-03-01", ISSUED) == expected


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("本条例自2021年3月1日起施行。《甲省信息化条例》同时废止。", ("甲省信息化条例",)), ("《甲办法（试行）》（甲府办〔2012〕92号）同时废止", ("甲办法（试行）（甲府办〔2012〕92号）",)),
        ("《甲办法》、《乙办法》（甲府〔2010〕1号）和《丙规定》同时予以废止。", ("甲办法", "乙办法（甲府〔2010〕1号）", "丙规定")), ("甲府〔2010〕1号文件同时废止。", ("甲府〔2010〕1号",)),
        ("《关于印发〈甲细则〉的通知》（甲府发〔2011〕4号）同时废止", ("关于印发〈甲细则〉的通知（甲府发〔2011〕4号）",)), ("甲省人民政府令第12号同时废止。", ("甲省人民政府令第12号",)),
        ("根据《立法法》和《乙条例》规定，《甲办法》即行废止。", ("甲办法",)), ("下列文件同时废止：\n1.《甲办法》\n2.《乙办法》（甲府〔2010〕1号）\n特此通知", ("甲办法", "乙办法（甲府〔2010〕1号）")),
        ("依照《甲法》不得废止。", ()), ("在《甲办法》失效后、本办法实施前的，从其规定。", ()), ("《甲办法》第三条同时废止。", ()), ("定期清理，及时修改、废止。", ()), ("与《甲办法》不一致的，以本办法为准。", ()),
    ],
)  # fmt: skip
def test_what_it_repeals(text, replaced):
    assert find_replaced(text, "某办法") == replaced


def test_a_repeal_and_an_amendment_name_their_object_in_the_title():
    assert find_replaced("", "甲省人民政府关于废止《甲办法》的决定") == ("甲办法",)
    assert find_amended("", "全国人大常委会关于修改《中华人民共和国甲法》的决定") == ("中华人民共和国甲法",)
    assert find_replaced("", "关于修改《甲法》的决定") == find_amended("", "甲办法（修订）") == ()
    assert find_amended("《甲办法》第三条同时废止。", "乙办法") == ("甲办法",)
    text = "一、对《甲办法》作如下修改：\n删去第三条。\n二、将《乙办法》第四条修改为：“……”。"
    assert find_amended(text, "关于修改部分规章的决定") == ("甲办法", "乙办法")
    assert find_amended("国务院修改《甲办法》有关规定。", "某意见") == ()


def test_stated_validity():
    assert (
        stated_validity("甲办法（征求意见稿）", "")
        == stated_validity("关于《甲办法》公开征求意见的公告", "")
        == "征求意见稿"
    )
    assert stated_validity("甲办法【失效】", "") == stated_validity("甲办法", "甲办法\n（已废止）\n第一条") == "已废止"
    assert stated_validity("甲法", "全文有效 成文日期：2024-12-25\n第一条") == "现行有效"
    assert stated_validity("甲法", "全文废止\n第一条") == "已废止"
    assert stated_validity("甲办法", "第三条 许可失效的，应当办理注销。") == ""


@given(st.text(alphabet="《》（）〔〕2025年1月日号第条自本办法起施行有效期废止同时，。\n", max_size=200))
def test_odd_text_breaks_nothing(text):
    assert len(find_effective(text, ISSUED)) in {0, 7, 10}
    assert len(find_expiry(text, ISSUED, ISSUED)) in {0, 7, 10}
    assert all(find_replaced(text, text[:20])) and all(find_amended(text, text[:20]))
