"""`policyqa eval show ID`: one question of a run with its answer, gold and verdict."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.settings import Settings
from eval.gold import Case
from eval.load import checked, suite_of
from eval.run import last_run, read_settings
from eval.score import score_trace
from eval.trace import Record, read_trace
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("id", metavar="题号", help="例如 mis-001")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--out", metavar="目录", type=Path, help="哪一次运行的记录（默认最近一次）")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print question, answer, gold and verdict of one case of a run, scored again by the code as it is now."""
    identifier, folder = args.id, args.out or last_run()
    suite = suite_of(read_settings(folder), folder, args.corpus)
    every, corpus = checked(suite, unreviewed=True)
    trace = read_trace(folder / "trace.jsonl")
    case = next((case for case in every if case.id == identifier), None)
    if case is None or identifier not in trace:
        raise InputError(f"这次运行中没有题目 {identifier}：{folder}", f"共 {len(trace)} 题，编号见 trace.jsonl")
    record = trace[identifier]
    verdict = score_trace([case], trace, corpus, every)[0].to_json()
    if args.json:
        answer = record.answer.model_dump() if record.answer else None
        found = {"case": case.model_dump(), "answer": answer, "verdict": verdict}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_shown(case, record, verdict)) + "\n")
    return 0


def _shown(case: Case, record: Record, verdict: dict[str, Any]) -> list[str]:
    lines = [f"题目 {case.id}（{case.kind}，{case.variant}）：{case.question}"]
    lines += [f"  {message.role}：{message.content}" for message in case.history]
    lines += ["", record.answer.answer if record.answer else f"出错：{record.error}", ""]
    lines += [f"[{c.id}] {c.source}：{c.quote}" for c in (record.answer.citations if record.answer else ())]
    lines += ["", f"标注：{'可回答' if case.answerable else '不可回答'}"]
    lines += [f"  {'*' if fact.vital else ' '} {fact.model_dump(exclude={'vital', 'type'})}" for fact in case.facts]
    lines.append("判定：" + ("正确" if verdict["correct"] else "不正确"))
    return lines + [f"  - {reason}" for reason in verdict["reasons"]]
