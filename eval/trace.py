"""What a run leaves behind for scoring: one row a case, with the answer as `ask --json` gives it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.errors import InputError


class _Part(BaseModel):
    """The contract may grow: fields that scoring does not read are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SaidSentence(_Part):
    """A sentence of the answer and the ids of its citations."""

    text: str
    citations: tuple[int, ...]


class SaidCitation(_Part):
    """A citation: `quote` should be the source's text at [start, end)."""

    id: int
    source: str
    title: str = ""
    date: str = ""
    start: int
    end: int
    quote: str


class SaidFigure(_Part):
    """A figure of the answer's table; a range has two values."""

    value: float | tuple[float, float]
    unit: str
    comparator: str
    scope: str
    period: str
    citation: int


class SaidUsage(_Part):
    """Tokens that a model took for the answer; `cost` in the currency of its price, None where no price is set."""

    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None


class Said(_Part):
    """An answer in the form of `ask --json`."""

    question: str
    answer: str
    abstained: bool
    abstain_reason: str = ""
    sentences: tuple[SaidSentence, ...]
    citations: tuple[SaidCitation, ...]
    figures: tuple[SaidFigure, ...] = ()
    model: str = ""
    timings_ms: dict[str, float] = {}
    usage: SaidUsage | None = None


class Hit(_Part):
    """A retrieved passage: source and [start, end) in its text."""

    source: str
    start: int
    end: int


class Record(_Part):
    """What happened to one case: an answer, or a known error in its place. `seconds` is wall time of `ask`."""

    id: str
    answer: Said | None
    hits: tuple[Hit, ...]
    seconds: float
    error: str = ""


def write_line(path: Path, row: dict[str, Any]) -> None:
    """Append a row to a JSON Lines file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_trace(path: Path) -> dict[str, Record]:
    """Read a trace by case id. Raises InputError naming file and line of a row that cannot be used."""
    if not path.is_file():
        raise InputError(f"没有运行记录：{path}", "先运行 policyqa eval")
    records: dict[str, Record] = {}
    for number, line in enumerate(path.read_bytes().rstrip(b"\n").split(b"\n"), 1):
        try:
            record = Record.model_validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path} 第 {number} 行：{error.errors()[0]['msg']}", "记录已损坏，请重新运行") from error
        if record.id in records:
            raise InputError(f"{path} 第 {number} 行：编号 {record.id} 重复")
        records[record.id] = record
    return records


def check_complete(records: dict[str, Record], ids: Iterable[str], path: Path) -> None:
    """Raise InputError unless the trace holds exactly the cases `ids`."""
    wanted = set(ids)
    missing, extra = wanted - set(records), set(records) - wanted
    if missing or extra:
        raise InputError(
            f"{path} 与题目不符：缺 {len(missing)} 题，多 {len(extra)} 题（如 {sorted(missing | extra)[0]}）",
            "题目已改动，请重新运行 policyqa eval",
        )
