"""`policyqa eval compare`: a winner only where one is shown, and never across versions of the gold."""

import json

import pytest

from app.settings import load_settings
from eval.baseline import from_summary, write_baseline
from eval.cli import run_arguments
from eval.compare import as_markdown, compare, load_side, shared_ids
from ingest.errors import InputError

RATE = {"successes": 1, "n": 1}


def _summary(right, seconds=0.1, suite="s", rows=None, misattributed=()):
    cases = [
        {"id": name, "group_id": name.split("-")[0], "correct": ok, "misattributed": name in misattributed,
         "abstained": False, "recall5": 1.0, "fact_recall": float(ok), "supported": RATE, "markers": RATE, "quotes": RATE,
         "seconds": seconds}
        for name, ok in right.items()
    ]  # fmt: skip
    digests = {name: "1" for name in right} | (rows or {})
    value = sum(right.values()) / len(right)
    metrics = {"accuracy": {"value": value, "n": len(right)}, "robustness": {"value": 0.5, "n": 2}}
    sha = "".join(digests.values())
    return {
        "metrics": metrics,
        "cases": cases,
        "run": {"suite": suite, "gold_sha256": sha, "rows": digests, "disturbed": 0},
    }


def _right(wrong):
    return {f"g{i}-{j}": i not in wrong for i in range(20) for j in range(3)}


@pytest.fixture
def run_of(tmp_path):
    def write(name, summary):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        return tmp_path / name

    return write


def _compared(a, b):
    first, second = load_side(a), load_side(b)
    return compare(first, second, shared_ids(first, second, unchanged_only=False))


def test_four_of_twenty_groups_are_no_winner_and_nine_are(run_of):
    base = run_of("a", _summary(_right(range(9))))
    few = _compared(base, run_of("b", _summary(_right(range(4, 9)))))
    assert few["mcnemar"]["rows"] == {"only_a": 0, "only_b": 12, "p": pytest.approx(2 / 2**12, abs=1e-6)}
    assert few["mcnemar"]["groups"] == {"only_a": 0, "only_b": 4, "p": 0.125}  # twelve rows, but four groups
    assert few["metrics"]["accuracy"]["better"] == ""
    assert "| `accuracy` | 0.550 | 0.750 | +0.200 |" in as_markdown(few)
    assert "未见差异" in next(line for line in as_markdown(few).splitlines() if "`accuracy`" in line)

    many = _compared(base, run_of("c", _summary(_right(()), seconds=0.2)))
    assert many["metrics"]["accuracy"]["better"] == "b"
    assert many["metrics"]["accuracy"]["interval"][0] > 0
    assert many["only_a"] == [] and len(many["only_b"]) == 27
    assert many["latency_ratio"] == 2.0
    assert "B 较好" in as_markdown(many)


def test_less_misattribution_is_better(run_of):
    wrong = [f"g{i}-0" for i in range(10)]
    found = _compared(run_of("a", _summary(_right(()), misattributed=wrong)), run_of("b", _summary(_right(()))))
    assert found["metrics"]["misattribution_rate"]["better"] == "b"
    assert found["metrics"]["misattribution_rate"]["difference"] == pytest.approx(-1 / 6, abs=1e-3)


def test_a_baseline_stands_for_its_run(run_of, tmp_path, capsys):
    summary = _summary(_right({1}))
    write_baseline(tmp_path / "baseline.json", from_summary(summary))
    folder = run_of("b", _summary(_right({2})))
    arguments = ["compare", str(tmp_path / "baseline.json"), str(folder / "summary.json"), "--json"]
    assert run_arguments(arguments, load_settings({})) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["groups"], found["latency_ratio"]) == (60, 20, None)
    assert found["only_a"] == ["g2-0", "g2-1", "g2-2"] and found["only_b"] == ["g1-0", "g1-1", "g1-2"]
    assert found["mcnemar"]["groups"] == {"only_a": 1, "only_b": 1, "p": 1.0}


def test_changed_rows_stop_a_comparison_unless_they_are_left_out(run_of):
    a = load_side(run_of("a", _summary(_right({1}))))
    b = load_side(run_of("b", _summary(_right({1, 2}), rows={"g2-0": "2", "g1-1": "2"})))
    with pytest.raises(InputError, match="2 题改动过：g1-1、g2-0"):
        shared_ids(a, b, unchanged_only=False)
    ids = shared_ids(a, b, unchanged_only=True)
    found = compare(a, b, ids)
    assert (found["n"], found["left_out"], found["only_a"]) == (58, 2, ["g2-1", "g2-2"])
    assert "robustness" not in found["metrics"]  # of other cases in each


@pytest.mark.parametrize(
    ("other", "match"),
    [(_summary({"x-1": True}), "没有共有的题目"), (_summary(_right(()), suite="t"), "套件不同：s、t")],
)
def test_what_cannot_be_compared_is_said(run_of, other, match):
    a, b = load_side(run_of("a", _summary(_right(())))), load_side(run_of("b", other))
    with pytest.raises(InputError, match=match):
        shared_ids(a, b, unchanged_only=False)


def test_names_in_the_report_are_escaped(run_of):
    folder = run_of("<b>x_y|z", _summary({"g<i>-1": True, "h-1": False}))
    text = as_markdown(_compared(folder, run_of("b", _summary({"g<i>-1": False, "h-1": True}))))
    assert "<b>" not in text and "<i>" not in text
