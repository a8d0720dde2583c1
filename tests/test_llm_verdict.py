"""What the rules have found undisclosed stays so, whatever a model makes of the sources' figures."""

import re
from types import SimpleNamespace

import pytest

from app.build import open_engine
from app.engine import Engine
from app.generation.backend import Backend, Limits, Opened
from app.settings import load_settings
from app.understanding.understand import understand
from eval.gold import find_suite, load_suite
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import display

# A false premise is left out: a true figure may correct it.
CASES = [
    c for c in load_suite(find_suite("sample").gold)
    if not c.answerable and not c.history and c.variant == "canonical" and c.kind != "false_premise"
]  # fmt: skip


class Claimer:
    """A model that gives every figure it is shown to the region and measure that was asked about."""

    def __init__(self, subject):
        self.subject = subject
        self.said = []

    def stream_chat(self, messages, **_):
        for line in messages[1].content.splitlines():
            if not (found := re.match(r"\[(\d+)\] \([^\n]*?\) (.*)", line)):
                continue
            for quantity in find_quantities(found[2]):
                figure = found[2][quantity.start : quantity.end]
                for form in ("{0}为{1}[{2}]。\n", "{0}约{1}[{2}]。\n", "资料显示，{0}达到{1}[{2}]。\n"):
                    self.said.append(form.format(self.subject, figure, found[1]))
                    yield SimpleNamespace(delta=self.said[-1])


@pytest.fixture(scope="module")
def plain(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        yield engine


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_an_abstention_is_never_turned_into_a_figure(plain, case):
    expected = plain.ask(case.question)
    query = understand(case.question)
    region = display(query.regions[0], "zh") if query.regions else "该地"
    llm = Claimer(region + (query.heads[0] if query.heads else "的规模"))
    answer = Engine(plain.store, plain.embedder, Backend("m", lambda: Opened(llm), Limits(20.0)), plain.reranker).ask(
        case.question
    )
    assert (answer.abstained, answer.abstain_reason) == (expected.abstained, expected.abstain_reason)
    if expected.abstained:
        own = [s.text for s in answer.sentences if s.text not in {e.text for e in expected.sentences}]
        assert own == [], own
        assert answer.text == expected.text


def test_the_suite_has_such_questions():
    assert len(CASES) >= 15


def test_a_comparison_keeps_what_the_rules_found_for_each_side(plain):
    """One sentence on one side is no reason to lose the other."""

    class OneSided:
        def stream_chat(self, messages, **_):
            for line in messages[1].content.splitlines():
                if (found := re.match(r"\[(\d+)\] \(广东[^\n]*?\) (.*)", line)) is not None:
                    yield SimpleNamespace(delta=f"{found[2].rstrip('。')}[{found[1]}]。\n")
                    return

    question = "比较广东和浙江的路线"
    expected = plain.ask(question)
    answer = Engine(plain.store, plain.embedder, Backend("m", lambda: Opened(OneSided()), Limits(20.0))).ask(question)
    assert answer.model == "m"
    assert {c.quote for c in expected.citations} <= {c.quote for c in answer.citations}
