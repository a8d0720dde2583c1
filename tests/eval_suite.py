"""A suite of two rows on one short text, written into a folder: enough to run the whole of `policyqa eval` in a second."""

import json
from pathlib import Path
from typing import Any

TEXT = "# 贵州简报\n\n贵州规划的数据中心机架超30万个。2025年国内数据中心平均利用率约65%。\n"


def _row(identifier: str, question: str, number: tuple[float, str, str], scope: str, quote: str) -> dict[str, Any]:
    value, unit, comparator = number
    fact = {"id": "f", "vital": True, "type": "figure", "value": value, "unit": unit, "comparator": comparator}
    return {
        "id": identifier, "group_id": identifier, "variant": "canonical", "kind": "number", "question": question,
        "history": [], "answerable": True, "facts": [fact | {"scope": scope, "period": ""}], "must_not": [],
        "evidence": [{"source": "a.md", "quote": quote}], "reviewed": True, "split": "dev",
    }  # fmt: skip


def write_suite(folder: Path) -> Path:
    """Write corpus, gold.jsonl and gate.toml; return the gold file."""
    (folder / "corpus").mkdir()
    (folder / "corpus" / "a.md").write_text(TEXT, encoding="utf-8")
    rows = [
        _row("racks", "贵州规划的数据中心机架有多少个？", (300000, "个", "超"), "贵州", "规划的数据中心机架超30万个"),
        _row("rate", "2025年全国数据中心平均利用率是多少？", (65, "%", "约"), "全国", "国内数据中心平均利用率约65%"),
    ]
    gold = folder / "gold.jsonl"
    gold.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    (folder / "gate.toml").write_text('must_pass = ["racks"]\n[hard]\nmarker_validity = 1.0\n', encoding="utf-8")
    return gold
