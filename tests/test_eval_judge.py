"""LLM judges over a real socket: a readable verdict is scored, an unreadable one and an error are unscored, counts add up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eval_answers import SUITE, Line, Made
from fake_llm import DONE, Scripted, chunk, serving

from app.settings import Settings, load_settings
from eval.cli import run_arguments
from eval.judge import read_grade, read_verdict
from eval.run import sha256
from ingest.errors import InputError

SCALE = ("01_guizhou.md", "2025年，贵州算力产业的规模突破120亿元，场景化服务在其中的占比达40%。")
ANSWERS = [
    Made("num-003", (Line("2025年，贵州算力产业的规模突破120亿元。", (SCALE,)),)),
    Made("num-004", (Line("场景化服务占40%。", (SCALE,)),)),
    Made("una-001", (), abstained=True, lead="资料未披露江苏的AI产业规模。"),
]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    settings = {"gold": str(SUITE.gold), "corpus": str(SUITE.corpus), "gold_sha256": sha256(SUITE.gold)}
    (tmp_path / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    rows = [{"id": made.case, "answer": made.to_json(), "hits": [], "seconds": 0.1, "error": ""} for made in ANSWERS]
    rows.append({"id": "num-001", "answer": None, "hits": [], "seconds": 0.1, "error": "超时"})
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "trace.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@contextmanager
def judge_saying(*replies: str, statuses: tuple[Any, ...] = ()) -> Iterator[tuple[Settings, Scripted]]:
    """Settings of a model that says the replies one after the other, the last for ever."""
    left = list(replies)
    server = Scripted(lambda body: chunk(left.pop(0) if len(left) > 1 else left[0]), DONE, statuses=statuses)
    with serving(server) as address:
        names = {"BASE_URL": address, "MODEL": "m", "TIMEOUT": "20", "RETRIES": "0"}
        yield load_settings({f"POLICYQA_LLM_{name}": value for name, value in names.items()}), server


def judged(folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[Any, list[dict[str, Any]]]:
    assert run_arguments(["judge", str(folder), "--json"], settings) == 0
    lines = (folder / "judge.jsonl").read_text(encoding="utf-8").splitlines()
    return json.loads(capsys.readouterr().out)["metrics"], [json.loads(line) for line in lines]


def test_readable_and_unreadable_verdicts(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replies = ("是\n都有依据。", "5\n一致。", "很难说，yes 和 no 都有道理。", "我给四分", "10")
    with judge_saying(*replies) as (settings, server):
        metrics, rows = judged(run_folder, settings, capsys)
    assert metrics["faithfulness"] == {"mean": 1.0, "scored": 1, "unscored": 3, "n": 4}
    assert metrics["correctness"] == {"mean": 5.0, "scored": 1, "unscored": 3, "n": 4}
    assert [(row["id"], row["metric"], row["score"]) for row in rows if row["score"] is not None] == [
        ("num-003", "faithfulness", 1.0), ("num-003", "correctness", 5.0),
    ]  # fmt: skip
    assert {row["unscored"] for row in rows} == {"", "裁决读不懂", "没有引文可以对照", "没有回答"}
    asked = [request["messages"][-1]["content"] for request in server.requests]
    assert SCALE[1] in asked[0]
    assert "判断一段回答是否完全有引文依据" in asked[0]
    assert "资料没有答案" in asked[-1]


def test_no_is_zero_and_counts(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_saying("否\n数字不是它的。", "2\n有错。", "是", "4") as (settings, _):
        metrics, _ = judged(run_folder, settings, capsys)
    assert metrics["faithfulness"] == {"mean": 0.5, "scored": 2, "unscored": 2, "n": 4}
    assert metrics["correctness"]["scored"] + metrics["correctness"]["unscored"] == metrics["correctness"]["n"] == 4


def test_error_of_the_model_is_unscored(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_saying("是", statuses=((500, "", "{}"),) * 9) as (settings, _):
        metrics, rows = judged(run_folder, settings, capsys)
    assert all(cell["mean"] is None and cell["unscored"] == 4 for cell in metrics.values())
    assert any("服务端出错" in row["unscored"] for row in rows)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("YES", 1.0), ("**是**\n因为…", 1.0), ("否。\n", 0.0), ("\nNo.", 0.0), ("不是", None), ("是否有依据不清楚", None),
        ("yes and no", None), ("Empty Response", None), ("", None), ("notable", None),
    ],
)  # fmt: skip
def test_verdict(reply: str, verdict: float | None) -> None:
    assert read_verdict(reply) == verdict


@pytest.mark.parametrize(
    ("reply", "grade"), [("4", 4.0), ("4.5\n好", 4.5), ("5分", 5.0), ("3/5", 3.0), ("5.5", None), ("0", None), ("10", None), ("好", None)]
)  # fmt: skip
def test_grade(reply: str, grade: float | None) -> None:
    assert read_grade(reply)[0] == grade


def test_without_a_model_or_a_run_it_is_one_line(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有设置大模型"):
        run_arguments(["judge", str(run_folder)], load_settings({}))
    (tmp_path / "settings.json").write_text("[]", encoding="utf-8")
    with judge_saying("是") as (settings, _), pytest.raises(InputError, match="不是运行目录"):
        run_arguments(["judge", str(tmp_path)], settings)
