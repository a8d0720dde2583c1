"""Files of questions: JSON Lines, each {"id", "question"} and perhaps "history"."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.types import Turn
from ingest.errors import InputError

MAX_LINE = 200_000  # characters


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a question file."""

    id: str
    question: str
    history: tuple[Turn, ...]


def read_questions(path: str) -> list[Question]:
    """Read a question file. Raises InputError naming file and line for the first line that cannot be used."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"读不了问题文件：{path}", "检查路径，文件须为 UTF-8 编码的 JSON Lines") from error
    # Not splitlines: a JSON string may hold U+2028 and the like as they are.
    questions = [
        _question(line, f"{path} 第 {number} 行") for number, line in enumerate(text.split("\n"), 1) if line.strip()
    ]
    if not questions:
        raise InputError(f"问题文件是空的：{path}", '每行一个 {"id": "1", "question": "……"}')
    return questions


def _question(line: str, where: str) -> Question:
    try:
        row = json.loads(line) if len(line) <= MAX_LINE else None
    except (ValueError, RecursionError) as error:  # the latter two of a number or a nesting beyond all bounds
        raise InputError(f"{where}不是 JSON：{error}", "每行一个 JSON 对象") from error
    if not isinstance(row, dict) or not isinstance(row.get("question"), str):
        raise InputError(f"{where}缺少 question", '每行形如 {"id": "1", "question": "……"}')
    return Question(str(row.get("id", "")), row["question"], history_of(row.get("history", []), where))


def history_of(value: Any, where: str) -> tuple[Turn, ...]:
    """Earlier turns from untrusted JSON. Raises InputError for another shape."""
    if not isinstance(value, list) or not all(
        isinstance(t, dict) and t.get("role") in {"user", "assistant"} and isinstance(t.get("content"), str)
        for t in value
    ):
        raise InputError(f"{where}的 history 格式不对", '应为 [{"role": "user"|"assistant", "content": "……"}]')
    return tuple(Turn(t["role"], t["content"]) for t in value)
