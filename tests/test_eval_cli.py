"""`policyqa eval` with the real engine on a suite of two rows: files written, exit codes, show."""

import json
from pathlib import Path

import pytest
from eval_suite import TEXT, _row, write_suite

from app.settings import load_settings
from eval.cli import run_arguments
from eval.corpus import relative_source
from eval.trace import read_trace
from ingest.errors import InputError


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_suite(tmp_path)


def test_run_gate_baseline_and_show(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings({})
    assert run_arguments([str(suite), "--json", "--gate"], settings) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["n"], summary["gate"], summary["metrics"]["accuracy"]["value"]) == (2, [], 1.0)
    (folder,) = Path(".policyqa/runs").iterdir()
    reports = {"summary.json", "summary.md", "summary.html", "junit.xml"}
    assert {path.name for path in folder.iterdir()} == {"settings.json", "trace.jsonl", *reports}
    record = read_trace(folder / "trace.jsonl")["racks"]
    assert record.answer is not None
    assert {citation.source for citation in record.answer.citations} == {hit.source for hit in record.hits} == {"a.md"}

    assert run_arguments(["show", "racks"], settings) == 0
    shown = capsys.readouterr().out
    assert "超30万个" in shown
    assert "判定：正确" in shown

    baseline = folder / "summary.json"
    (suite.parent / "gate.toml").write_text("[hard]\naccuracy = 0.5\n", encoding="utf-8")
    out = suite.parent / "out"
    assert run_arguments([str(suite), "--gate", "--baseline", str(baseline), "--out", str(out)], settings) == 3
    captured = capsys.readouterr()
    assert captured.out.startswith("# 评测")
    assert "硬性要求 accuracy" in captured.err
    with pytest.raises(InputError, match="不是空的"):
        run_arguments([str(suite), "--out", str(out)], settings)

    suite.write_text(suite.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="改动"):
        run_arguments(["show", "racks"], settings)


def test_problems_stop_a_run_before_anything_is_asked(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = suite.read_text(encoding="utf-8").replace("国内数据中心平均利用率约65%", "国内约65%")
    suite.write_text(rows, encoding="utf-8")
    settings = load_settings({})
    for arguments in (["validate", str(suite)], [str(suite)]):
        with pytest.raises(InputError, match=r"gold\.jsonl"):
            run_arguments(arguments, settings)
    assert "第 2 行 rate" in capsys.readouterr().out
    assert not Path(".policyqa").exists()


@pytest.mark.parametrize("arguments", [["show", "x"], ["nothing"], ["sample", "--baseline", "none.json"]])
def test_bad_arguments_are_one_line(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        run_arguments(arguments, load_settings({}))
    assert "\n" not in str(caught.value)


def test_source_outside_the_corpus_stays_as_given(tmp_path: Path) -> None:
    inside = tmp_path / "sub" / "a.md"
    assert relative_source(str(inside), tmp_path) == "sub/a.md"
    assert relative_source("/elsewhere/a.md", tmp_path) == "/elsewhere/a.md"
    beside = tmp_path.parent / "more"
    assert relative_source(str(beside / "sub" / "b.md"), tmp_path, beside) == "distractors/sub/b.md"
    assert relative_source(str(inside), tmp_path, beside) == "sub/a.md"


def test_distractors_are_ingested_searched_and_quoted(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = suite.parent / "distractors"
    folder.mkdir()
    with pytest.raises(InputError, match="distractors"):  # an empty folder is a mistake, not a suite without them
        run_arguments(["validate", str(suite)], load_settings({}))
    (folder / "b.md").write_text(TEXT.replace("贵州", "宁夏").replace("30万", "20万"), encoding="utf-8")
    row = _row("other", "宁夏规划的数据中心机架有多少个？", (200000, "个", "超"), "宁夏", "规划的数据中心机架超20万个")
    row["evidence"][0]["source"] = "distractors/b.md"
    suite.write_text(suite.read_text(encoding="utf-8") + "\n" + json.dumps(row), encoding="utf-8")
    out = suite.parent / "out"
    assert run_arguments([str(suite), "--json", "--out", str(out)], load_settings({})) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"]["value"] == 1.0
    record = read_trace(out / "trace.jsonl")["other"]
    assert record.answer is not None
    assert {citation.source for citation in record.answer.citations} == {"distractors/b.md"}
    assert {hit.source for hit in record.hits} == {"a.md", "distractors/b.md"}


def test_usage_error_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_arguments(["--bogus"], load_settings({}))
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["show"], ["sample", "x"], ["validate", "sample", "x"], ["show", "a", "b"]])
def test_words_too_few_or_too_many_are_one_line_and_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_arguments(arguments, load_settings({}))
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
