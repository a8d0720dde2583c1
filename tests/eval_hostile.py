"""A scored run whose question, answer, source and names try to break out of every report."""

from eval.corpus import Paper
from eval.gold import Case
from eval.reports.report import Report
from eval.score import score_trace, summarise
from eval.trace import Record

PAYLOAD = (
    '<script>window.broken=1</script><img src=x onerror="window.broken=2">]]></script><!--'
    "\u202e倒过来\x00\x1b[31m&amp;\u2028|`**[99](javascript:alert(1))"
)
UNSEEN = ("\u202e", "\x00", "\x1b")
CITED = "湖南约30%。"
TEXT = f"前面的话。{PAYLOAD}<script>window.broken=3</script>贵州约65%。中间。{CITED}后面的话。"


def hostile_report() -> Report:
    """Two questions: one wrong with payloads everywhere, one right about another region; the gate fails, one flips."""
    return Report(PAYLOAD, CASES, RECORDS, CORPUS, _summary())


def _case(identifier: str, question: str, scope: str, value: float, quote: str, **changed: object) -> Case:
    fact = {"id": "f", "vital": True, "type": "figure", "value": value, "unit": "%", "comparator": "约"}
    row = {
        "id": identifier, "group_id": identifier, "variant": "canonical", "kind": "number", "question": question,
        "history": [], "answerable": True, "facts": [fact | {"scope": scope, "period": ""}], "must_not": [],
        "evidence": [{"source": "a.md", "quote": quote}], "reviewed": True, "split": "dev",
    }  # fmt: skip
    return Case.model_validate(row | changed)


def _record(case: Case, text: str, quote: str) -> Record:
    start = TEXT.index(quote)
    cited = {
        "id": 1,
        "source": "a.md",
        "title": case.question,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
    }
    said = {
        "question": case.question, "answer": f"- {text} [1]", "abstained": False, "citations": [cited],
        "sentences": [{"text": text, "citations": [1]}], "timings_ms": {"retrieve": 12.5, PAYLOAD: 1.0, "total": 20.0},
    }  # fmt: skip
    return Record.model_validate({"id": case.id, "answer": said, "hits": [], "seconds": 0.02})


HISTORY = [{"role": "user", "content": PAYLOAD}]
CASES = (
    _case("id" + PAYLOAD, "贵州" + PAYLOAD, "贵州", 65, "贵州约65%", history=HISTORY, kind="risk", split="test"),
    _case("right", "湖南是多少？", "湖南", 30, CITED),
)
RECORDS = {
    CASES[0].id: _record(CASES[0], PAYLOAD + "没有。", "中间。"),
    CASES[1].id: _record(CASES[1], CITED, CITED),
}
CORPUS = {"a.md": Paper(TEXT, ())}


def _summary() -> dict[str, object]:
    summary = summarise(score_trace(CASES, RECORDS, CORPUS), {case.id: case for case in CASES})
    summary["metrics"][PAYLOAD] = {"value": 7.5, "n": 2, "interval": None}
    return summary | {
        "gate": ["必过题 " + PAYLOAD],
        "lost": [CASES[0].id],
        "won": ["right"],
        "unreviewed": ["u"],
        "run": {"model": PAYLOAD},
    }
