"""The sample suite keeps the size and the mixture that it was made with, so that its numbers go on meaning the same."""

from collections import Counter

from eval.corpus import load_corpus
from eval.gate import load_gate
from eval.gold import Case, Suite, find_problems, find_suite, load_suite

SUITE = find_suite("sample")
CASES = load_suite(SUITE.gold)
CANONICAL = [case for case in CASES if case.variant == "canonical"]


def _groups() -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in CASES:
        groups.setdefault(case.group_id, []).append(case)
    return groups


def test_there_are_enough_questions_of_every_sort() -> None:
    assert len(CASES) >= 400
    kinds = Counter(case.kind for case in CANONICAL)
    assert len(kinds) == 10
    assert min(kinds.values()) >= 10
    assert kinds["unanswerable"] >= 45
    assert kinds["misattribution"] + kinds["false_premise"] >= 40
    assert all(case.reviewed for case in CASES)


def test_there_are_enough_groups_of_five_ways_to_ask() -> None:
    ways = [{case.variant for case in group} for group in _groups().values()]
    assert sum(len(found) >= 5 for found in ways) >= 40
    asked = Counter(way for found in ways for way in found)
    assert min(asked.values()) >= 20
    for group in _groups().values():  # a variant that is the canonical question again tests nothing
        assert len({(case.question, case.history) for case in group}) == len(group)


def test_conversations_are_long_enough() -> None:
    spoken = [case for case in CASES if case.history]
    assert len(spoken) >= 40
    assert sum(len(case.history) >= 4 for case in spoken) >= 5
    assert {case.variant for case in spoken} == {"follow-up"}
    for case in spoken:
        assert [message.role for message in case.history] == ["user", "assistant"] * (len(case.history) // 2)


def test_the_parts_are_alike() -> None:
    for cases in (CASES, CANONICAL):
        parts = Counter(case.split for case in cases)
        assert min(parts.values()) >= 0.45 * len(cases)
    for kind in {case.kind for case in CANONICAL}:
        parts = Counter(case.split for case in CANONICAL if case.kind == kind)
        assert min(parts["dev"], parts["test"]) >= 0.3 * sum(parts.values()), kind


def test_distractors_lie_beside_the_corpus_and_say_that_they_are_invented() -> None:
    assert SUITE.distractors is not None
    files = sorted(SUITE.distractors.iterdir())
    assert len(files) >= 16
    for path in files:
        head = path.read_text(encoding="utf-8").split("---")[1]
        assert "虚构" in head, path.name
    own = {case.id for case in CASES for item in case.evidence if item.source.startswith("distractors/")}
    assert 10 <= len(own) <= 0.1 * len(CASES)  # they are asked about, but what they are for is to be in the way


def test_the_suite_is_valid_with_its_distractors_and_not_without() -> None:
    texts = {source: paper.text for source, paper in load_corpus(*SUITE.folders).items()}
    assert find_problems(CASES, texts) == []
    alone = {source: text for source, text in texts.items() if not source.startswith("distractors/")}
    assert any("distractors/" in problem for problem in find_problems(CASES, alone))


def test_must_pass_questions_are_there() -> None:
    assert SUITE.gate is not None
    gate = load_gate(SUITE.gate)
    assert set(gate.must_pass) <= {case.id for case in CASES}
    assert {"mis-001", "mis-001-en", "mis-001-trad", "mis-001-typo", "mis-001-para", "mis-001-fu"} <= set(
        gate.must_pass
    )


def test_a_suite_needs_no_distractors() -> None:
    assert Suite("own", SUITE.corpus, SUITE.gold, None).folders == (SUITE.corpus,)
