"""The scorer tested by mutation: wrong answers made of right ones are caught, right ones in other words are not."""

import json
from pathlib import Path

import pytest
from eval_answers import Line, Made, judge, sample_cases, sample_corpus

from app.settings import load_settings
from eval.answer_mutants import ANSWER_OPERATORS
from eval.cli import run_arguments
from eval.corpus import known_scopes
from eval.kill import WANTED, kill_rates
from eval.rights import Right, made_of_gold, right_answers
from eval.trace import Said

PARAPHRASES = Path(__file__).parent / "data" / "paraphrases.tsv"
# What has to have material in the sample suite and the paraphrases together.
MEANT = {
    "digit", "unit", "%/百分点", "comparator", "region", "national as provincial", "provincial as national", "year",
    "negation", "denial", "wrong citation", "dropped citation", "duplicated citation", "undisclosed", "indicator swapped", "refusal", "answering the unanswerable",
}  # fmt: skip


def paraphrases() -> list[Made]:
    """The hand-written answers of the file."""
    made: list[Made] = []
    for row in PARAPHRASES.read_text(encoding="utf-8").splitlines():
        if row.startswith("#"):
            continue
        case, text, *cites = row.split("\t")
        line = Line(text, tuple(_cite(*pair) for pair in zip(cites[::2], cites[1::2], strict=True)))
        if case:
            made.append(Made(case.lstrip("~"), (line,), abstained=case.startswith("~")))
        else:
            made[-1] = Made(made[-1].case, (*made[-1].lines, line), abstained=made[-1].abstained)
    return made


def _cite(number: str, part: str) -> tuple[str, str]:
    source = next(name for name in sample_corpus() if name.startswith(number))
    text = sample_corpus()[source].text
    spans = (text[s.start : s.end] for s in sample_corpus()[source].sentences)
    return source, next(sentence for sentence in spans if part in sentence)


def test_right_answers_in_other_words_are_not_killed() -> None:
    made = paraphrases()
    assert len(made) >= 40
    assert sum(answer.case.endswith("-en") for answer in made) >= 12
    killed = [(answer.case, verdict.reasons) for answer in made if not (verdict := judge(answer)).correct]
    assert killed == []


def test_every_operator_is_killed() -> None:
    cases, corpus = tuple(sample_cases().values()), sample_corpus()
    known = known_scopes(cases)
    rights, wrong = right_answers(cases, {}, corpus, known)
    assert wrong <= 0.05 * len(rights)
    rights += [Right(sample_cases()[made.case], Said.model_validate(made.to_json())) for made in paraphrases()]
    rows = list(kill_rates(rights, corpus, known, 40))
    assert {row.operator: [m.after for m in row.survivors] for row in rows if not row.passed} == {}
    assert {row.operator for row in rows if row.rate.n} >= MEANT
    assert sum(row.rate.n for row in rows) >= 600
    assert all(row.rate.successes + len(row.survivors) == row.rate.n <= row.made for row in rows)


@pytest.mark.parametrize("name", ["wrong citation", "dropped citation", "duplicated citation", "refusal"])
def test_mutants_differ_from_the_answer_they_are_made_of(name: str) -> None:
    case = sample_cases()["cmp-004"]
    right = Right(case, made_of_gold(case, sample_corpus()))
    mutants = list(ANSWER_OPERATORS[name](right, sample_corpus()))
    assert mutants
    assert all(mutant.said != right.said for mutant in mutants)


def test_command_reports_survivors_and_exits_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["mutate", "--json", "--most", "20", "--operator", "digit", "--operator", "negation"]
    assert run_arguments(arguments, load_settings({})) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["suite"], report["passed"], report["wanted"]) == ("sample", True, WANTED)
    assert [row["operator"] for row in report["operators"]] == ["digit", "negation"]
    assert all(row["killed"] + len(row["survivors"]) == row["mutants"] for row in report["operators"])

    # A scorer that looks for no word turned around: negations survive, and the command says so.
    monkeypatch.setattr("eval.faults.find_twists", lambda *_: [])
    assert run_arguments(arguments, load_settings({})) == 3
    report = json.loads(capsys.readouterr().out)
    assert [row["passed"] for row in report["operators"]] == [True, False]
    assert report["operators"][1]["survivors"][0].keys() == {"case", "before", "after"}
