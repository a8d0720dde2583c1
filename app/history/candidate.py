"""An answer as a candidate for the evaluation suite: written for review, never merged by itself."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.history.records import KeptExchange
from ingest.errors import InputError

MAX_FACTS = 4  # quoted or figure facts proposed; a reviewer keeps those that matter
_COMPARATORS = frozenset(("", "超", "约", "近", "不足", "以上", "以下", "至少", "至多"))
_PERIOD = re.compile(r"\d{4}(?:Q[1-4]|H[12]|-\d{4})?|十[一二三四五六]五")


def candidate(
    exchange: KeptExchange, before: Sequence[KeptExchange], figures: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return a gold row (the format of `policyqa eval`) that proposes what the answer cites as what it must say.

    `figures` are the answer's, as in its JSON. `reviewed` is false: whether the answer is right is what the review
    decides. Raises InputError for an exchange without an answer.
    """
    answer = exchange.answer
    if answer is None:
        raise InputError("没有答完的问题不能转成测试题", "重新提问，得到回答后再试")
    quotes = [{"source": c.source, "quote": c.quote, "page": c.page} for c in answer.citations]
    facts = _figure_facts(figures) or [
        {"id": f"f{n}", "vital": n == 1, "type": "text", "any": [quote["quote"]]}
        for n, quote in enumerate(quotes[:MAX_FACTS], 1)
    ]
    answerable = not answer.abstained and bool(facts)
    identifier = f"cand-{exchange.id}"
    return {
        "id": identifier, "group_id": identifier, "variant": "canonical",
        "kind": "unanswerable" if not answerable else "number" if facts[0]["type"] == "figure" else "lookup",
        "question": exchange.question, "history": _turns(before), "answerable": answerable,
        "facts": facts if answerable else [], "must_not": [], "evidence": quotes, "reviewed": False, "split": "dev",
    }  # fmt: skip


def append(path: Path, row: dict[str, Any]) -> bool:
    """Add a row to the candidates' file; False where it is there already. Raises InputError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if any(json.loads(line)["id"] == row["id"] for line in known if line.strip()):
            return False
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"写不进候选题文件 {path}：{error}", "检查文件内容与权限") from error
    return True


def _figure_facts(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = []
    for figure in figures:
        if not figure["scope"] or isinstance(figure["value"], list) or figure["comparator"] not in _COMPARATORS:
            continue
        fact = {
            "id": f"f{len(facts) + 1}", "vital": not facts, "type": "figure", "value": figure["value"], "unit": figure["unit"],
            "comparator": figure["comparator"], "scope": figure["scope"].partition("、")[0],
            "period": figure["period"] if _PERIOD.fullmatch(figure["period"]) else "",
        }  # fmt: skip
        facts.append(fact)
    return facts[:MAX_FACTS]


def _turns(before: Sequence[KeptExchange]) -> list[dict[str, str]]:
    turns = []
    for exchange in before:
        if exchange.answer is not None:
            turns += [
                {"role": "user", "content": exchange.question},
                {"role": "assistant", "content": exchange.answer.text},
            ]
    return turns
