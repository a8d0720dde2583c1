"""Verdicts on a number in a question: a statement for another case decides nothing."""

import pytest

from app.build import open_engine
from app.settings import load_settings

RULE = "面向不满16周岁用户的青少年模式，默认每日使用总时长不超过1小时。\n\n年满18周岁的用户可以自行设置。"


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verdicts")
    (folder / "模式.md").write_text(
        f"---\ntitle: 云河青少年模式指南\n---\n# 云河青少年模式指南\n\n{RULE}\n", encoding="utf-8"
    )
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        engine.ingest([str(folder)])
        yield engine.ask


@pytest.mark.parametrize(("age", "other"), [("17岁", True), ("16岁", True), ("15岁", False), ("15周岁", False)])
def test_a_rule_for_others_confirms_nothing(ask, age, other):
    answer = ask(f"{age}的用户在青少年模式下，默认每日使用总时长是1小时吗？")
    first = answer.text.splitlines()[0]
    assert ("另有适用条件" in first) is other
    assert not (other and ("一致" in first or "数字相同" in first)) and "不满16周岁" in answer.citations[0].quote
