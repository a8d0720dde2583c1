"""The documents say what the code does: options, settings, links, and the answer that the READMEs show."""

import argparse
import re
from pathlib import Path

import pytest

from app.build import open_engine
from app.cli import _parser
from app.documents import answer_as_text
from app.operations.command import ACTIONS
from app.settings import Settings
from eval.cli import COMMANDS, parser_of

REPO = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = (
    *READMES,
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "bench/README.md",
    "docs/eval.md",
    "docs/eval.zh-CN.md",
    "docs/llm.md",
    "docs/access.md",
    "docs/api.md",
    "docs/llamaindex.md",
    "docs/operations.md",
    "docs/operations.zh-CN.md",
    "docs/quality.md",
    "docs/security.md",
    "docs/scale.md",
    "docs/deploy/README.md",
)
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(name):
    return (REPO / name).read_text(encoding="utf-8")


def prose_of(name):
    return FENCE.sub("", text_of(name))


def subparsers(parser):
    return next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices


def options_of(parser):
    return {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}


def mentions(text, word):
    return re.search(rf"(?<![A-Za-z0-9_-]){re.escape(word)}(?![A-Za-z0-9_-])", text) is not None


def variables_in_code():
    files = [path for folder in ("app", "ingest", "eval") for path in (REPO / folder).rglob("*.py")]
    return {name for path in files for name in re.findall(r"POLICYQA_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("readme", READMES)
class TestReadme:
    def test_every_command_is_shown(self, readme):
        commands = subparsers(_parser())
        assert len(commands) >= 7
        assert [c for c in commands if not mentions(text_of(readme), f"policyqa {c}")] == []
        choices = {c for a in commands["docs"]._actions for c in a.choices or ()}
        words = [*(f"docs {choice}" for choice in choices), "eval show", "eval validate"]
        words += [f"store {choice}" for choice in ACTIONS]
        assert [w for w in words if not mentions(text_of(readme), w)] == []

    def test_every_option_is_named(self, readme):
        parsers = [*subparsers(_parser()).values(), *(parser_of(word) for word in ("", *COMMANDS))]
        options = {option for parser in parsers for option in options_of(parser)}
        assert "--store" in options and "--baseline" in options
        assert [o for o in sorted(options) if not mentions(text_of(readme), o)] == []

    def test_settings_table_has_what_the_code_reads(self, readme):
        rows = set(re.findall(r"^\| `(POLICYQA_[A-Z_]+)` \|", text_of(readme), re.MULTILINE))
        assert rows == variables_in_code()

    def test_defaults_in_the_settings_table(self, readme):
        table = dict(re.findall(r"^\| `(POLICYQA_[A-Z_]+)` \| `([^`]+)` \|", text_of(readme), re.MULTILINE))
        default = Settings()
        assert table == {
            "POLICYQA_STORE": str(default.store),
            "POLICYQA_HISTORY": str(default.history),
            "POLICYQA_EMBED_MODEL": default.embed_model,
            "POLICYQA_RERANK": default.rerank,
            "POLICYQA_CONCURRENCY": str(default.concurrency),
            "POLICYQA_QUEUE": str(default.queue),
            "POLICYQA_ANSWER_TIMEOUT": f"{default.answer_timeout:g}",
            "POLICYQA_GRACE": f"{default.operating.grace:g}",
            "POLICYQA_LLM_TIMEOUT": f"{default.llm_timeout:g}",
            "POLICYQA_LLM_FIRST_TOKEN": f"{default.llm_first_token:g}",
            "POLICYQA_LLM_RETRIES": str(default.llm_retries),
            "POLICYQA_LLM_CONTEXT": str(default.llm_context),
        }

    def test_shows_the_answer_that_is_given(self, readme, sample_store):
        question = "贵州算力利用率如何"
        block = next(b for b in FENCE.findall(text_of(readme)) if b.startswith(f'$ policyqa ask "{question}"'))
        shown = block.split("\n", 1)[1].split("引文：")[0].strip()
        with open_engine(Settings(store=sample_store)) as engine:
            given = answer_as_text(engine.ask(question)).split("引文：")[0].strip()
        assert shown == given


class TestBothLanguages:
    def test_same_headings(self):
        levels = [[len(m) for m in re.findall(r"^(#+) ", prose_of(name), re.MULTILINE)] for name in READMES]
        assert levels[0] == levels[1] and len(levels[0]) > 8

    def test_same_commands(self):
        """Code blocks are the same but for their comments."""
        english, chinese = ([re.sub(r" *# .*", "", b) for b in FENCE.findall(text_of(name))] for name in READMES)
        assert english == chinese and len(english) >= 5

    def test_same_pictures(self):
        english, chinese = (re.findall(r"docs/img/[\w-]+\.png", text_of(name)) for name in READMES)
        assert english == chinese and len(english) >= 2


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = prose_of(page)
    targets = re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", text)
    local = [a or b for a, b in targets if not (a or b).startswith(("http://", "https://", "#"))]
    assert [t for t in local if not (REPO / page).parent.joinpath(t.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/operations.zh-CN.md"])
def test_metrics_exist(page):
    from app.operations.metrics import Meters

    meters = Meters()
    for name in ("queue_depth", "jobs_waiting", "store_documents", "store_chunks"):  # made where there is a server
        meters.watch(name, name, lambda: 0.0)
    kept = {family.name for family in meters.registry.collect()}
    named = {re.sub("_(total|bucket)$", "", name) for name in re.findall(r"policyqa_[a-z_]+[a-z]", text_of(page))}
    assert named - kept == set() and len(named) > 8


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)\b", text_of(page), re.MULTILINE))
    assert named <= targets


def test_pictures_are_light():
    pictures = list((REPO / "docs" / "img").iterdir())
    assert pictures and max(path.stat().st_size for path in pictures) < 300_000


def test_every_test_that_the_threat_model_names_exists():
    named = re.findall(r"`(tests/test_\w+\.py)::(test_\w+)`", text_of("docs/security.md"))
    assert len(named) > 40
    assert [f"{file}::{name}" for file, name in named if not mentions(text_of(file), f"def {name}")] == []
    rows = [
        line for line in text_of("docs/security.md").splitlines() if line.startswith("| ") and "::test_" not in line
    ]
    assert all(
        re.match(r"\| (?:asset|threat|documents|conversations|secrets|the (?:machine|truth)) ?", row) for row in rows
    ), rows
