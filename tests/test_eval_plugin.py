"""A suite inside anyone's tests: pytest's own pytester runs pytest with the plugin.

The engine is scripted here; tests/test_eval_docs.py runs the plugin with the real one.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
REPO = Path(__file__).resolve().parent.parent
QUOTE = "规划的数据中心机架超30万个"
TEXT = f"# 贵州简报\n\n贵州{QUOTE}。2025年国内数据中心平均利用率约65%。\n"


FAKE = """
import json
import eval.run

def run_suite(suite, cases, settings, folder, *others, **named):
    text = (suite.corpus / "a.md").read_text(encoding="utf-8")
    start, quote = text.index("贵州规划"), "贵州规划的数据中心机架超30万个。"
    cited = {"id": 1, "source": "a.md", "start": start, "end": start + len(quote), "quote": quote}
    said = {"question": "", "answer": quote + " [1]", "abstained": False, "citations": [cited],
            "sentences": [{"text": quote, "citations": [1]}]}
    rows = [{"id": case.id, "answer": said, "hits": [], "seconds": 0.1} if case.id == "racks" else
            {"id": case.id, "answer": None, "hits": [], "seconds": 0.1, "error": "模型没有应答"} for case in cases]
    (folder / "trace.jsonl").write_text("\\n".join(map(json.dumps, rows)), encoding="utf-8")
    kept = {"suite": suite.name, "gold": str(suite.gold), "gold_sha256": "", "corpus": str(suite.corpus)}
    (folder / "settings.json").write_text(json.dumps(kept), encoding="utf-8")

eval.run.run_suite = run_suite
"""


def row(identifier, question, value, split="dev"):
    fact = {"id": "f", "vital": True, "type": "figure", "value": value, "unit": "个", "comparator": "超"}
    return {
        "id": identifier, "group_id": identifier, "variant": "canonical", "kind": "number", "question": question,
        "history": [], "answerable": True, "facts": [fact | {"scope": "贵州", "period": ""}], "must_not": [],
        "evidence": [{"source": "a.md", "quote": QUOTE}], "reviewed": True, "split": split,
    }  # fmt: skip


@pytest.fixture
def team(pytester, monkeypatch):
    """A project with a test of its own, a suite with a right and a wrong row beside it, and the plugin."""
    # An older install of policyqa may load the plugin by itself.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    (pytester.path / "corpus").mkdir()
    (pytester.path / "corpus" / "a.md").write_text(TEXT, encoding="utf-8")
    rows = [
        row("racks", "贵州规划的数据中心机架有多少个？", 300000),
        row("trap", "火星的机架有多少个？", 300000, "test"),
    ]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
    (pytester.path / "gold.jsonl").write_text(text, encoding="utf-8")
    (pytester.path / "gate.toml").write_text("[hard]\nmisattribution_rate = 0.0\n", encoding="utf-8")
    return pytester


@pytest.fixture
def scripted(team):
    """The same project, with answers that are written down: right about the racks, an error about the rest."""
    team.makeconftest(FAKE)
    return team


def run(team, *arguments):
    """In a process of its own: numpy cannot be imported into one twice."""
    return team.runpytest_subprocess("-p", "eval.pytest_plugin", "-p", "no:cacheprovider", "-rA", *arguments)


def test_rows_are_tests_beside_the_project_s_own(scripted):
    team = scripted
    found = run(team, "--policyqa-suite", "gold.jsonl", "--policyqa-out", "reports", "--junitxml=all.xml")
    found.assert_outcomes(passed=2, failed=1)
    found.stdout.fnmatch_lines(
        ["*: trap*", "未通过：出错：模型没有应答", "问题：火星的机架有多少个？", "回答：模型没有应答"]
    )
    assert "Traceback" not in found.stdout.str() and "pytest_plugin.py" not in found.stdout.str()
    names = {path.name for path in (team.path / "reports" / team.path.name).iterdir()}
    assert {"summary.html", "junit.xml", "summary.md", "trace.jsonl"} <= names
    assert 'name="kind" value="number"' in (team.path / "all.xml").read_text(encoding="utf-8")


def test_with_the_gate_it_decides(scripted):
    team = scripted
    tolerated = run(team, "gold.jsonl", "--policyqa-gate")
    tolerated.assert_outcomes(passed=2, xfailed=1)
    (team.path / "gate.toml").write_text('must_pass = ["trap"]\n[hard]\naccuracy = 1.0\n', encoding="utf-8")
    run(team, "gold.jsonl", "--policyqa-gate").assert_outcomes(passed=1, failed=2)


@pytest.mark.parametrize(
    ("words", "outcomes"),
    [
        (["-k", "trap"], {"failed": 1, "deselected": 2}),  # no gate decides, so nothing is tolerated
        (["-k", "gate"], {"passed": 1, "deselected": 2}),  # it asks what it judges
        (["-k", "trap or gate"], {"passed": 1, "xfailed": 1, "deselected": 1}),
    ],
)
def test_a_gate_tolerates_only_where_it_is_selected(scripted, words, outcomes):
    (scripted.path / "gate.toml").write_text("[hard]\naccuracy = 0.5\n", encoding="utf-8")
    run(scripted, "gold.jsonl", "--policyqa-gate", *words).assert_outcomes(**outcomes)


def test_only_what_is_selected_is_asked(scripted):
    team = scripted
    run(team, "gold.jsonl", "-k", "racks", "--policyqa-out", "r").assert_outcomes(passed=1, deselected=1)
    trace = (team.path / "r" / team.path.name / "trace.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["id"] for line in trace.splitlines()] == ["racks"]
    run(team, "gold.jsonl::trap", "--collect-only", "--policyqa-split", "test").stdout.fnmatch_lines(["*trap*"])


def test_nothing_happens_unasked(team):
    found = run(team)
    found.assert_outcomes(passed=1)
    assert not (team.path / ".policyqa").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--policyqa-suite", "none"], "*没有评测套件：none*"),
        (["broken.gold.jsonl"], "*broken.gold.jsonl 第 1 行：不是 JSON*"),
        (["gold.jsonl", "--policyqa-corpus", "nowhere"], "*没有语料目录：nowhere*"),
    ],
)
def test_bad_input_is_told_in_a_line(team, arguments, told):
    (team.path / "broken.gold.jsonl").write_text("{\n", encoding="utf-8")
    found = run(team, *arguments)
    (found.stdout if arguments[0] != "--policyqa-suite" else found.stderr).fnmatch_lines([told])
    assert found.ret != 0 and "Traceback" not in found.stdout.str() + found.stderr.str()


def test_the_plugin_is_loaded_by_nobody_unasked_and_is_light():
    # A project with a package `eval` of its own could run no test: pytest would look for the plugin in that.
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "pytest11" not in project.get("entry-points", {})
    program = (
        "import sys, eval.pytest_plugin; print(*(sys.modules.keys() & {'app.settings', 'pydantic', 'numpy', 'ingest'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "")
