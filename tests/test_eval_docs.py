"""docs/eval.md: the recipe runs as it stands there, its words are those of the program; the workflow files are sound."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from app.settings import load_settings
from eval.baseline import Baseline
from eval.cli import COMMANDS, parser_of, run_arguments
from eval.gate import Gate, check
from eval.gold import Case, CaseKind
from eval.score import measure
from ingest.errors import InputError

REPO = Path(__file__).resolve().parent.parent
PAGES = ("docs/eval.md", "docs/eval.zh-CN.md")
TEXT = {page: (REPO / page).read_text(encoding="utf-8") for page in PAGES}
FILES = re.compile(r"^`(eval/[^`]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(page):
    return dict(FILES.findall(TEXT[page]))


def commands_of(page):
    lines = "".join(SHELL.findall(TEXT[page])).splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def test_both_languages_have_the_same_recipe():
    english, chinese = PAGES
    assert files_of(english) == files_of(chinese) and len(files_of(english)) == 4
    assert commands_of(english) == commands_of(chinese) and len(commands_of(english)) == 7
    tables = [re.findall(r"`([a-z_0-9A-Z]+)`", re.sub(r"```.*?```", "", TEXT[page], flags=re.DOTALL)) for page in PAGES]
    assert set(tables[0]) == set(tables[1])


def test_a_template_for_every_kind():
    cases = [Case.model_validate_json(line) for line in files_of(PAGES[0])["eval/gold.jsonl"].splitlines()]
    assert {case.kind for case in cases} == set(CaseKind.__args__)
    assert {"en", "follow-up"} < {case.variant for case in cases} and all(case.reviewed for case in cases)


def test_the_recipe_runs(tmp_path, monkeypatch, capsys):
    """Every command of the page in its order, in a new folder: validate, run, show, report, baseline, gate, pytest."""
    for name, text in files_of(PAGES[0]).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # an older install may load it by itself
    shown = []
    for program, *words in commands_of(PAGES[0]):
        if program == "policyqa":
            assert words[0] == "eval" and run_arguments(words[1:], load_settings({})) == 0, words
            captured = capsys.readouterr()
            shown.append(captured.out + captured.err)
        else:
            command = [sys.executable, "-m", "pytest", *words]
            shown.append(subprocess.run(command, capture_output=True, text=True, encoding="utf-8").stdout)
    assert "没有问题" in shown[0] and "判定：正确" in shown[2] and "门槛已过" in shown[5] and "13 passed" in shown[6]
    assert "12 题，12 题正确" in shown[1] and (tmp_path / "eval" / "baseline.json").is_file()
    for folder in ("first", "second", "reports/eval"):
        names = {path.name for path in (tmp_path / folder).iterdir()}
        assert {"summary.html", "summary.md", "junit.xml", "summary.json", "trace.jsonl", "settings.json"} <= names

    changed = tmp_path / "eval" / "corpus" / "guizhou.md"
    changed.write_text(changed.read_text(encoding="utf-8").replace("约65%", "约66%"), encoding="utf-8")
    with pytest.raises(InputError, match=r"第 10 行 mis-001：guizhou\.md 中没有原文"):
        run_arguments(["eval/gold.jsonl", "--gate"], load_settings({}))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_failing_gate_says_is_what_the_page_shows(page):
    correct = {"num-001": False, "mis-001": False, "list-001": True}
    cases = [
        {"id": name, "group_id": name, "correct": right, "misattributed": name == "mis-001", "abstained": False}
        for name, right in correct.items()
    ]
    metrics = {"misattribution_rate": {"value": 1 / 12, "n": 12}, "accuracy": {"value": 10 / 12, "n": 12}}
    gate = Gate(hard={"misattribution_rate": 0.0}, floors={"accuracy": 0.9}, must_pass=("mis-001",))
    held = {name: {"correct": not right} for name, right in correct.items()}
    said = check({"metrics": metrics, "cases": cases}, gate, Baseline.model_validate({"cases": held}))
    block = next(block for block in re.findall(r"```text\n(.*?)```", TEXT[page], re.DOTALL) if "门槛未过" in block)
    assert [line.removeprefix("门槛未过：") for line in block.splitlines()] == said


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_is_explained(page):
    names = {re.sub(r"^latency_[a-z]+_(p\d+)$", r"latency_STAGE_\1", name) for name in measure([], {})}
    assert [name for name in sorted(names) if f"`{name}`" not in TEXT[page]] == []


class TestWorkflows:
    def scripts(self):
        """The shell lines of every workflow file, by its name."""
        github = yaml.safe_load((REPO / "docs/ci/github-actions.yml").read_text(encoding="utf-8"))
        gitlab = yaml.safe_load((REPO / "docs/ci/gitlab-ci.yml").read_text(encoding="utf-8"))
        jenkins = (REPO / "docs/ci/Jenkinsfile").read_text(encoding="utf-8")
        return {
            "github": [step["run"] for step in github["jobs"]["eval"]["steps"] if "run" in step],
            "gitlab": gitlab["policyqa-eval"]["script"],
            "jenkins": [part for line in re.findall(r"sh '(.+)'", jenkins) for part in line.split(" && ")],
        }

    @pytest.mark.parametrize("service", ["github", "gitlab", "jenkins"])
    def test_commands_are_the_program_s(self, service):
        lines = [shlex.split(line) for line in self.scripts()[service]]
        run = [words[1:] for words in lines if words[0].endswith("policyqa")]
        assert [words[0] for words in run] == ["eval", "eval"]
        parsed = []
        for _, *words in run:
            known = words[0] if words[0] in COMMANDS else ""
            parsed.append(parser_of(known).parse_args(words[1:] if known else words))
        assert parsed[1].gate and str(parsed[1].out) == "eval-report"
        assert any("pip install" in " ".join(words) for words in lines)

    @pytest.mark.parametrize("file", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"])
    def test_what_is_installed_is_a_file_that_the_recipe_says_how_to_make(self, file, tmp_path):
        """Not a name: it is nobody's on the public index, and could be a stranger's tomorrow."""
        text = (REPO / "docs/ci" / file).read_text(encoding="utf-8")
        (package,) = re.findall(r"POLICYQA_PACKAGE(?:: | = ')([^\s']+)", text)
        project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (folder,) = re.findall(r"python -m pip wheel --no-deps --wheel-dir (\w+) \.$", text, re.MULTILINE)
        made = tmp_path / folder / f"{project['name']}-{project['version']}-py3-none-any.whl"
        made.parent.mkdir()
        made.touch()
        (line,) = re.findall(r"pip (install \S*POLICYQA_PACKAGE\S*?)'?(?: }|$)", text, re.MULTILINE)
        said = subprocess.run(
            ["sh", "-c", f"echo {line}"],
            cwd=tmp_path,
            env={"POLICYQA_PACKAGE": package},
            capture_output=True,
            text=True,
        )
        assert said.stdout.split() == ["install", f"{folder}/{made.name}"]

    def test_reports_are_published_whatever_the_gate_says(self):
        github = yaml.safe_load((REPO / "docs/ci/github-actions.yml").read_text(encoding="utf-8"))
        after = [
            step for step in github["jobs"]["eval"]["steps"] if "eval-report" in str(step) and "--out" not in str(step)
        ]
        assert len(after) == 3 and all("!cancelled()" in step["if"] for step in after)
        assert any("GITHUB_STEP_SUMMARY" in step.get("run", "") for step in after)
        kept = yaml.safe_load((REPO / "docs/ci/gitlab-ci.yml").read_text(encoding="utf-8"))["policyqa-eval"][
            "artifacts"
        ]
        assert kept["when"] == "always" and kept["reports"]["junit"] == "eval-report/junit.xml"
        jenkins = (REPO / "docs/ci/Jenkinsfile").read_text(encoding="utf-8")
        assert jenkins.index("always {") < jenkins.index("junit testResults: 'eval-report/junit.xml'")
        assert jenkins.count("{") == jenkins.count("}")
