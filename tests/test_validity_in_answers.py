"""A text that another one replaced ranks behind it, and is labelled wherever it is shown."""

import shutil

import pytest

from app.build import open_engine
from app.documents import hit_to_json
from app.retrieval.validity import behind
from app.settings import Settings
from ingest.facts.relations import is_past
from ingest.store import open_store
from ingest.types import Source

OLD = """# 星海市算力券管理办法

星海市人民政府办公室
2021年3月1日

第一条 为了支持企业使用算力，制定本办法。

第二条 算力券的补贴比例为合同金额的20%，单个企业每年不超过100万元。

第三条 本办法自2021年4月1日起施行。
"""
NEW = """# 星海市智能算力补贴实施细则

星海市人民政府办公室
2024年6月1日

第一条 为了支持企业使用智能算力，制定本细则。

第二条 算力券的补贴比例为合同金额的30%，单个企业每年不超过200万元。

第三条 本细则自2024年7月1日起施行。《星海市算力券管理办法》同时废止。
"""


PAST = """# 星海市夜间停车办法

星海市人民政府办公室
2020年6月1日

第一条 星海市夜间停车每次收费5元。

第二条 本办法自2020年7月1日起施行，有效期至2023年6月30日。
"""

SIGNED = """# 云南省算力券办法

云南省人民政府
2025年3月1日

第一条 云南省对企业发放算力券，补贴比例为合同金额的25%。
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("validity")
    (root / "old.md").write_text(OLD, encoding="utf-8")
    (root / "new.md").write_text(NEW, encoding="utf-8")
    with open_engine(Settings(store=root / "store"), writable=True) as engine:
        (root / "past.md").write_text(PAST, encoding="utf-8")
        (root / "yunnan.md").write_text(SIGNED, encoding="utf-8")
        engine.ingest([str(root / "yunnan.md"), str(root / "old.md"), str(root / "new.md"), str(root / "past.md")])
    with open_engine(Settings(store=root / "store")) as engine:
        yield engine


def test_the_text_in_force_comes_first_and_the_other_is_labelled(engine):
    hits = engine.search("算力券的补贴比例是多少", k=10)
    names = [hit.source.path.rpartition("/")[2] for hit in hits]
    assert names[0] == "new.md" and "old.md" in names
    labels = {row["source"].rpartition("/")[2]: row["validity"] for row in (hit_to_json(1, hit) for hit in hits)}
    assert labels["old.md"] == "已废止（被《星海市智能算力补贴实施细则》取代）"
    assert not labels["new.md"].startswith("已")


def test_a_replaced_text_that_is_asked_for_by_name_is_answered_with_a_note(engine):
    answer = engine.ask("《星海市算力券管理办法》规定的算力券补贴比例是多少")
    cited = [c for c in answer.to_json()["citations"] if c["source"].endswith("old.md")]
    assert cited and all(c["validity"].startswith("已废止（被《星海市智能算力补贴实施细则》取代") for c in cited)
    assert "20%" in answer.text and "引用时请核对现行规定" in answer.text


def test_a_text_past_its_own_last_day_is_labelled(engine):
    answer = engine.ask("星海市夜间停车每次收费多少元")
    assert {c.validity for c in answer.citations} == {"已失效（有效期至2023-06-30）"}
    assert "5元" in answer.text and "引用时请核对现行规定" in answer.text
    assert behind("已失效（有效期至2023-06-30）") == behind("已废止") > behind("") == 0


@pytest.mark.parametrize(("last", "day", "past"), [("2025-08", "2025-08-15", False), ("2025-08", "2025-09-01", True),
                                                   ("2025-08-01", "2025-08-01", False), ("", "2025-08-01", False)])  # fmt: skip
def test_a_last_month_ends_with_its_last_day(last, day, past):
    assert is_past(Source("a", "0", "a", repealed=last), day) is past


def test_an_answer_from_texts_in_force_has_no_note(engine):
    answer = engine.ask("《星海市智能算力补贴实施细则》规定的补贴比例是多少")
    assert "30%" in answer.text and "引用时请核对" not in answer.text


def test_relations_are_noted_at_ingest_and_forgotten_with_a_change(engine, tmp_path):
    assert engine.store.catalog.get_meta("relations")
    assert [r.kind for r in engine.store.catalog.relations()] == ["replaces"]
    folder = tmp_path / "store"
    shutil.copytree(engine.store.folder, folder)
    with open_store(folder, writable=True) as store:
        (old,) = (entry for entry in store.catalog.entries() if entry.key.endswith("old.md"))
        store.remove(old.id)
        assert [r.to_id for r in store.catalog.relations()] == [""]
    with open_store(folder) as store:
        assert "old.md" not in store.catalog.get_meta("relations")
        assert [r.to_id for r in store.catalog.relations()] == [""]


def test_who_signed_and_when_is_nothing_that_is_said_of_a_place(engine):
    answer = engine.ask("云南算力券的有效期有多长")
    assert answer.abstained and [c.quote for c in answer.citations] == [
        "第一条 云南省对企业发放算力券，补贴比例为合同金额的25%。"
    ]
