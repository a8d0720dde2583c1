"""A suite inside anyone's tests: one pytest item for every gold row, and one for the gate.

`pytest -p eval.pytest_plugin --policyqa-suite path/gold.jsonl` collects a suite beside the tests that are run anyway; so
does naming a file `gold.jsonl` or `*.gold.jsonl` as an argument. Without either the plugin does nothing and imports nothing
of the harness. It is no entry point: that would end every pytest of a project with a package `eval` of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eval.corpus import Corpus
    from eval.gold import Case, Suite
    from eval.trace import Record

_ASKED = pytest.StashKey[frozenset[Path]]()


class _Wrong(Exception):
    """Told to the reader as it is, without a traceback."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of the questions of a suite. `gate` is what fails it, None where the gate is no test of this session."""

    verdicts: "dict[str, dict[str, Any]]"
    records: "dict[str, Record]"
    gate: list[str] | None
    must_pass: tuple[str, ...]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("policyqa", "policyqa: a suite of questions as tests")
    group.addoption(
        "--policyqa-suite", action="append", default=[], metavar="GOLD", help="a gold.jsonl, or a bundled suite's name"
    )
    group.addoption("--policyqa-split", choices=("dev", "test"), help="only this part of the suite")
    group.addoption("--policyqa-corpus", metavar="DIR", type=Path, help="the suite's texts, if not beside it")
    group.addoption(
        "--policyqa-gate", action="store_true",
        help="let the suite's gate.toml decide: wrong answers that it tolerates do not fail",
    )  # fmt: skip
    group.addoption("--policyqa-out", metavar="DIR", type=Path, help="reports go to DIR/SUITE (default .policyqa/runs)")


def pytest_configure(config: pytest.Config) -> None:
    """Note which files are suites, and have those of --policyqa-suite collected."""
    named = [_path_of(name) for name in config.getoption("--policyqa-suite")]
    given = [Path(argument.partition("::")[0]) for argument in config.args]
    given = [path for path in given if f".{path.name}".endswith(".gold.jsonl") and path.is_file()]
    config.args += [str(path) for path in named if path.resolve() not in {other.resolve() for other in given}]
    config.stash[_ASKED] = frozenset(path.resolve() for path in (*named, *given))


def _path_of(name: str) -> Path:
    from eval.gold import find_suite
    from ingest.errors import InputError

    try:
        return Path(name) if Path(name).is_file() else find_suite(name).gold
    except InputError as error:
        raise pytest.UsageError(f"--policyqa-suite: {error}") from error


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "SuiteFile | None":
    """Collect the suites that were asked for."""
    if file_path.resolve() not in parent.config.stash[_ASKED]:
        return None
    file: SuiteFile = SuiteFile.from_parent(parent, path=file_path)
    return file


class SuiteFile(pytest.File):
    """A gold file; its questions are asked once, when the first of its tests runs.

    Those that are still selected then; all of the split where the gate is selected, for it judges no chance part.
    """

    suite: "Suite"
    every: "tuple[Case, ...]"
    cases: "list[Case]"
    corpus: "Corpus"
    ran: Ran | Exception | None = None

    def collect(self) -> "Iterator[Row | Gate]":
        """Yield an item for every row of the split, and one for the gate."""
        from eval.gold import find_suite
        from eval.load import checked
        from eval.reports.words import visible
        from ingest.errors import PolicyQAError

        split, gated = (self.config.getoption(f"--policyqa-{name}") for name in ("split", "gate"))
        try:
            self.suite = find_suite(str(self.path), self.config.getoption("--policyqa-corpus"))
            self.every, self.corpus = checked(self.suite)
        except PolicyQAError as error:
            raise self.CollectError(str(error)) from error
        if gated and self.suite.gate is None:
            raise self.CollectError(f"{self.suite.gold}: no gate.toml beside it")
        self.cases = [case for case in self.every if split in (None, case.split)]
        for case in self.cases:
            yield Row.from_parent(self, name=visible(case.id), case=case)
        if gated:
            yield Gate.from_parent(self, name="gate")

    def result(self) -> Ran:
        """Return what came of the run, made at the first call. Raises what the run raised, at every call."""
        if self.ran is None:
            try:
                self.ran = self._run()
            except Exception as error:  # told by every test of the suite, not by the first alone
                self.ran = error
        if isinstance(self.ran, Exception):
            raise self.ran
        return self.ran

    def _run(self) -> Ran:
        from app.settings import load_settings
        from eval.outcome import conclude, find_judges
        from eval.run import Way, new_folder, run_suite
        from eval.trace import read_trace

        selected = [item for item in self.session.items if item.parent is self]
        gated = any(isinstance(item, Gate) for item in selected)
        cases = self.cases if gated else [item.case for item in selected if isinstance(item, Row)]
        if not cases:
            raise _Wrong(f"{self.suite.gold}: no row in this split for the gate to judge")
        out = self.config.getoption("--policyqa-out")
        judges = find_judges(self.suite, self.every, gated, None).for_part(cases)
        folder = new_folder(out and out / self.suite.name)
        run_suite(self.suite, cases, load_settings(), folder, way=Way())
        summary = conclude(self.suite, cases, self.every, self.corpus, folder, judges)
        verdicts = {verdict["id"]: verdict for verdict in summary["cases"]}
        must_pass = judges.gate.must_pass if judges.gate else ()
        return Ran(verdicts, read_trace(folder / "trace.jsonl"), summary.get("gate"), must_pass)


class Row(pytest.Item):
    """One question; passes if the answer is right. Where the gate is a test beside it, what that tolerates is expected."""

    parent: SuiteFile

    def __init__(self, *, case: "Case", **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.extra_keyword_matches |= {case.kind, case.variant, case.split}

    def runtest(self) -> None:
        """Fail with question, answer and reasons."""
        ran = self.parent.result()
        verdict, record = ran.verdicts[self.case.id], ran.records[self.case.id]
        self.user_properties += [("kind", self.case.kind), ("variant", self.case.variant), ("seconds", record.seconds)]
        if verdict["correct"]:
            return
        if ran.gate is not None and self.case.id not in ran.must_pass:
            pytest.xfail("；".join(verdict["reasons"]))
        said = record.answer.answer if record.answer else record.error
        reasons = "；".join(verdict["reasons"])
        raise _Wrong(f"未通过：{reasons}\n\n问题：{self.case.question}\n\n回答：{said}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell a wrong answer and a known error in words; anything else with its traceback."""
        return _told(self, excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the row stands in its file."""
        return self.path, self.case.line - 1, f"{self.parent.suite.name}: {self.name}"


class Gate(pytest.Item):
    """The suite's gate; fails with a line for each thing that is not reached."""

    parent: SuiteFile

    def runtest(self) -> None:
        """Fail if the gate is not passed."""
        if failures := self.parent.result().gate:
            raise _Wrong("\n".join(failures))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell the failures in words."""
        return _told(self, excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the gate stands."""
        return self.parent.suite.gate or self.path, None, f"{self.parent.suite.name}: gate"


def _told(item: Row | Gate, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    from eval.reports.words import visible
    from ingest.errors import PolicyQAError

    return visible(str(excinfo.value)) if isinstance(excinfo.value, _Wrong | PolicyQAError) else ""
