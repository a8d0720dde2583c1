"""A file of facts beside a document: found by name, read strictly, faults told by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.facts.fields import canonical, closed_value, field_of
from ingest.facts.metadata import make_source
from ingest.facts.sidecar import MAX_BYTES, is_sidecar, parse_sidecar, read_sidecar, sidecar_of


def test_it_is_found_by_the_full_name_first(tmp_path):
    document = tmp_path / "甲办法.pdf"
    assert sidecar_of(document) is None
    assert read_sidecar(document) == {}
    (tmp_path / "甲办法.yml").write_text("标题: 丙", encoding="utf-8")
    assert read_sidecar(document) == {"title": "丙"}
    (tmp_path / "甲办法.pdf.yaml").write_text("标题: 乙", encoding="utf-8")
    assert read_sidecar(document) == {"title": "乙"}
    assert sidecar_of(tmp_path / "甲办法.pdf.yaml") is None
    assert is_sidecar(tmp_path / "a.YAML")
    assert not is_sidecar(document)


def test_facts_in_either_language():
    text = (
        "# 说明\n标题: “甲办法”\nissuer: 甲省人民政府\n文号: 甲府〔2025〕1号\n地区: 贵州、浙江\n成文日期: 2025年3月1日\neffective: 2025-05-01\n"
        "时效性: 失效\nlevel: 省级\n文种: 部门规章\ntier: 政策原文\n同时废止:\n  - 旧办法\n  - 甲府〔2010〕1号\n来源:\n"
    )
    assert parse_sidecar(text, "a.yaml") == {
        "title": "“甲办法”", "issuer": "甲省人民政府", "doc_number": "甲府〔2025〕1号", "region": ["贵州", "浙江"], "date": "2025-03-01",
        "effective": "2025-05-01", "validity": "已废止", "level": "省级", "doc_type": "规章", "tier": "政策原文", "replaces": ["旧办法", "甲府〔2010〕1号"],
    }  # fmt: skip
    assert parse_sidecar("", "a.yaml") == parse_sidecar("# 只有说明\n", "a.yaml") == {}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("标题: 甲\n日期: 2025-02-30", 2, "日期无效"), ("标题: 甲\n\n颜色: 红", 3, "未知字段“颜色”"), ("标题: 甲\ntitle: 乙", 2, "重复"), ("标题: 甲\n层级: 村级", 2, "不认识的取值"),
        ("tier: 瞎写", 1, "不认识的取值"), ("标题: 甲: 乙\n", 1, "不是有效的 YAML"), ("标题: [甲\n日期: 2025", 2, "不是有效的 YAML"), ("- 甲\n- 乙", 1, "字段: 值"), ("只是一句话", 1, "字段: 值"),
        ("标题:\n  甲: 乙", 2, "不能嵌套"), ("同时废止:\n  - [甲]", 2, "不能嵌套"), ("? [甲]\n: 乙", 1, "字段名"), ("标题: \x01", 1, "YAML"), ("[" * 20_000, 1, "YAML"),
    ],
)  # fmt: skip
def test_faults_name_file_and_line(text, line, what):
    with pytest.raises(UnreadableFileError) as error:
        parse_sidecar(text, "甲.yaml")
    assert f"甲.yaml 第 {line} 行" in error.value.message
    assert what in error.value.message
    assert "\n" not in str(error.value)


def test_size_encoding_and_bombs_are_bounded(tmp_path):
    document, sidecar = tmp_path / "a.txt", tmp_path / "a.txt.yaml"
    sidecar.write_bytes("标题: 甲办法\n发文机关: 甲省人民政府\n".encode("gb18030"))
    assert read_sidecar(document) == {"title": "甲办法", "issuer": "甲省人民政府"}
    sidecar.write_bytes(b"title: " + b"a" * MAX_BYTES)
    with pytest.raises(UnreadableFileError, match="过大"):
        read_sidecar(document)
    bomb = "替代: &a [" + ", ".join(["甲"] * 100) + "]\n修订: [" + ", ".join(["*a"] * 100) + "]\n"
    with pytest.raises(UnreadableFileError, match="嵌套"):
        parse_sidecar(bomb, "a.yaml")


def test_it_overrides_every_field_of_the_source():
    text = "（2021年6月10日某会议通过）\n第一条 为了发展。\n第九条 本办法自2022年1月1日起施行。《旧办法》同时废止。"
    facts = parse_sidecar(
        "标题: 新名\n日期: 2020-01-01\n施行日期: 2020-02-01\n废止日期: 2024-01-01\n层级: 县级\n文种: 通知\n效力: 已废止\n替代: [另一办法]\n地区: 贵州",
        "a",
    )
    source = make_source("a", "0", text, "甲省办法", facts, (), dict.fromkeys(facts, "旁置文件"))
    assert (source.title, source.issued, source.effective, source.repealed) == (
        "新名",
        "2020-01-01",
        "2020-02-01",
        "2024-01-01",
    )
    assert (source.level, source.doc_type, source.validity, source.replaces) == (
        "县级",
        "通知",
        "已废止",
        ("另一办法",),
    )
    assert source.regions == ("520000",)
    assert {where for field, where in source.found if field != "tier"} == {"旁置文件"}


def test_names_of_other_tools():
    assert field_of(" Publish-Date ") == "published"
    assert field_of("原样") == "原样"
    assert canonical({"name": "别名", "title": "本名", "发布日期": "2025"}) == {"title": "本名", "published": "2025"}
    assert closed_value("validity", "有效") == "现行有效"
    assert closed_value("level", ["省级"]) == closed_value("level", None) == ""


@given(st.text(max_size=80) | st.text(alphabet="标题日期: \n-[]{}&*!|>'\"#%@`,?\t", max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        facts = parse_sidecar(text, "a.yaml")
    except UnreadableFileError as error:
        assert "第 " in error.message
    else:
        assert all(isinstance(value, str | list) for value in facts.values())
