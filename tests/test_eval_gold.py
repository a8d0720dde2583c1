"""The gold format: what is refused, by file and line, and what validation finds against a corpus."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from eval_answers import SUITE, sample_corpus

from app.settings import load_settings
from eval.cli import run_arguments
from eval.gold import SUITES, find_problems, find_suite, gold_schema, linked_evidence, load_suite, read_rows
from ingest.errors import InputError

ROW: dict[str, Any] = {
    "id": "a", "group_id": "a", "variant": "canonical", "kind": "number", "question": "问？", "history": [],
    "answerable": True, "must_not": [], "reviewed": True, "split": "dev",
    "facts": [
        {"id": "f", "vital": True, "type": "figure", "value": 65, "unit": "%", "comparator": "约", "scope": "全国",
         "period": "2025"},
    ],
    "evidence": [{"source": "x.md", "quote": "国内平均利用率约65%"}],
}  # fmt: skip
TEXTS = {"x.md": "2025年，国内平均利用率约65%。贵州没有数字。"}


def _file(folder: Path, *rows: Any) -> Path:
    path = folder / "gold.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_bundled_suite_is_valid() -> None:
    cases = load_suite(SUITE.gold)
    assert len(cases) >= 40
    assert find_problems(cases, {source: paper.text for source, paper in sample_corpus().items()}) == []


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        ([ROW, "", "{"], 3, "不是 JSON"),
        ([ROW, ROW], 2, "a 重复"),
        ([ROW | {"extra": 1}], 1, "extra"),
        ([ROW | {"kind": "maths"}], 1, "kind"),
        ([ROW | {"facts": []}], 1, "vital"),
        ([ROW | {"facts": [ROW["facts"][0] | {"period": "去年"}]}], 1, "period"),
        (["[]"], 1, ""),
    ],
)
def test_bad_row_is_named_by_file_and_line(tmp_path: Path, rows: list[Any], line: int, what: str) -> None:
    path = _file(tmp_path, *rows)
    with pytest.raises(InputError) as caught:
        load_suite(path)
    assert f"{path} 第 {line} 行" in caught.value.message
    assert what in caught.value.message
    assert "\n" not in str(caught.value)


def test_every_bad_row_is_named_at_once_and_counts_add_up(tmp_path: Path) -> None:
    twice = ROW | {"kind": "maths", "variant": "loud"}
    path = _file(
        tmp_path, ROW, "{", ROW | {"id": "b", "question": "甲\u2028乙"}, "", twice, ROW, ROW | {"id": "c", "line": 3}
    )
    cases, problems, bad = read_rows(path)
    assert ([case.id for case in cases], bad) == (["a", "b"], 4)
    assert [problem.partition("：")[0] for problem in problems] == [f"第 {n} 行" for n in (2, 5, 5, 6, 7)]
    with pytest.raises(InputError, match="另有 4 处"):
        load_suite(path)


def test_validate_lists_bad_rows_and_what_the_corpus_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "x.md").write_text(TEXTS["x.md"], encoding="utf-8")
    lacking = ROW | {"id": "b", "group_id": "b", "evidence": [{"source": "x.md", "quote": "没有这句"}]}
    path = _file(tmp_path, "[]", ROW, lacking, ROW | {"id": "p", "variant": "paraphrase"})
    with pytest.raises(InputError, match="3 处有误"):
        run_arguments(["validate", str(path), "--json"], load_settings({}))
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["rows"], found["cases"], found["bad_rows"]) == (4, 3, 1)
    assert [problem.partition(" 行")[0] for problem in found["problems"]] == ["第 1", "第 3", "第 3"]
    assert "题组" in captured.err
    path.write_bytes("题".encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        run_arguments(["validate", str(path)], load_settings({}))


def test_schema_file_is_what_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    written = (SUITES / "gold.schema.json").read_text(encoding="utf-8")
    assert run_arguments(["validate", "--schema"], load_settings({})) == 0
    assert capsys.readouterr().out == written
    schema = gold_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(ROW)
    assert set(schema["properties"]) == {*ROW, "note", "region"}


def test_note_and_region_are_optional_and_the_question_names_its_regions(tmp_path: Path) -> None:
    plain = ROW | {"question": "比较廣東和浙江"}
    noted = plain | {"id": "b", "note": "易答成全国", "region": "合肥、贵州"}
    first, second = load_suite(_file(tmp_path, plain, noted))
    assert (first.regions, second.regions, second.note) == (("广东", "浙江"), ("合肥", "贵州"), "易答成全国")


def test_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有题目"):
        load_suite(_file(tmp_path, ""))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"evidence": [{"source": "y.md", "quote": "国内平均利用率约65%"}]}, "语料中没有 y.md"),
        ({"evidence": [{"source": "x.md", "quote": "国内平均利用率 约65%"}]}, "没有原文"),
        ({"evidence": [{"source": "x.md", "quote": "贵州没有数字"}]}, "事实 f 不能由所列原文得出"),
        ({"must_not": ["国内平均利用率约65%"]}, "must_not"),
        ({"variant": "en"}, "canonical"),
    ],
)
def test_validation_finds_what_the_corpus_lacks(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    assert find_problems(load_suite(_file(tmp_path, ROW)), TEXTS) == []
    problems = find_problems(load_suite(_file(tmp_path, ROW | change)), TEXTS)
    assert [text for text in problems if problem in text and text.startswith("第 1 行")]


def test_fact_is_linked_to_the_quotes_that_state_it(tmp_path: Path) -> None:
    second = {"source": "x.md", "quote": "贵州没有数字"}
    case = load_suite(_file(tmp_path, ROW | {"evidence": [*ROW["evidence"], second]}))[0]
    assert [item.quote for item in linked_evidence(case.facts[0], case.evidence)] == ["国内平均利用率约65%"]


def test_unknown_suite_names_those_there_are() -> None:
    with pytest.raises(InputError, match="sample"):
        find_suite("nothing")


def test_suite_of_a_file_needs_a_corpus_beside_it(tmp_path: Path) -> None:
    path = _file(tmp_path, ROW)
    with pytest.raises(InputError, match="corpus"):
        find_suite(str(path))
    (tmp_path / "corpus").mkdir()
    suite = find_suite(str(path))
    assert (suite.name, suite.corpus, suite.gate) == (tmp_path.name, tmp_path / "corpus", None)


def test_page_of_a_quote_is_checked(tmp_path: Path) -> None:
    evidence = ROW["evidence"][0] | {"page": 2}
    cases = load_suite(_file(tmp_path, ROW | {"evidence": [evidence]}))
    ends = len(TEXTS["x.md"])
    assert find_problems(cases, TEXTS, {"x.md": [(1, 0, 3), (2, 3, ends)]}) == []
    for spans in ([(1, 0, ends), (2, ends, ends + 9)], []):
        (problem,) = find_problems(cases, TEXTS, {"x.md": spans})
        assert "第 2 页" in problem


def test_corpus_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, texts, others = _file(tmp_path, ROW), tmp_path / "texts", tmp_path / "others"
    (tmp_path / "corpus.toml").write_text('environment = "SUITE_TEXTS"\nbeside = "not/here"\n', encoding="utf-8")
    monkeypatch.delenv("SUITE_TEXTS", raising=False)
    with pytest.raises(InputError, match="SUITE_TEXTS"):
        find_suite(str(path))
    monkeypatch.setenv("SUITE_TEXTS", str(texts))
    with pytest.raises(InputError, match="texts"):
        find_suite(str(path))
    texts.mkdir()
    others.mkdir()
    assert find_suite(str(path)).corpus == texts
    assert find_suite(str(path), others).corpus == others
    with pytest.raises(InputError, match="nowhere"):
        find_suite(str(path), tmp_path / "nowhere")
    (tmp_path / "corpus.toml").write_text('environment = ""\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"corpus\.toml"):
        find_suite(str(path))


def test_official_suite_is_balanced() -> None:
    cases = load_suite(SUITES / "official" / "gold.jsonl")
    groups = {case.group_id: case for case in cases if case.variant == "canonical"}
    kinds = Counter(case.kind for case in groups.values())
    assert len(groups) >= 140
    assert len(kinds) == 10
    assert (kinds["unanswerable"] >= 30, kinds["false_premise"] >= 10, kinds["misattribution"] >= 20) == (True,) * 3
    assert sum(Counter(case.group_id for case in cases)[group] > 1 for group in groups) >= 12
    halves = Counter(case.split for case in groups.values())
    assert min(halves.values()) >= 0.4 * len(groups)
    assert len({item.source.partition("#")[0] for case in cases for item in case.evidence}) >= 30


@pytest.mark.corpus
def test_official_suite_is_valid(corpus_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["validate", "official", "--corpus", str(corpus_dir)], load_settings({})) == 0
    assert "没有问题" in capsys.readouterr().out
