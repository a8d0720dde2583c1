"""`policyqa eval mutate [SUITE]`: make right answers wrong, and see which of them scoring still calls right."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from app.settings import Settings
from eval.answer_mutants import ANSWER_OPERATORS
from eval.corpus import known_scopes
from eval.gold import Case, find_suite
from eval.kill import WANTED, Killed, kill_rates
from eval.load import checked
from eval.rights import right_answers
from eval.trace import Record, read_trace
from ingest.errors import InputError

EXIT_SURVIVED = 3
_SHOWN = 3  # survivors printed for an operator; --json has them all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "suite", nargs="?", default="sample", metavar="套件", help="套件名或 gold.jsonl 路径（默认 sample）"
    )
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--run", metavar="目录", type=Path, help="除标注外，也用这次运行中答对的回答")
    parser.add_argument("--most", metavar="数", type=int, default=200, help="每种改法最多评多少个（默认 200）")
    parser.add_argument(
        "--operator", action="append", choices=ANSWER_OPERATORS, metavar="改法", help="只用这些改法，可重复"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the command; 0, or 3 if an operator's kill rate is too low. Raises InputError for what cannot be used."""
    if args.most < 1:
        raise InputError(f"--most 应为正整数，不是 {args.most}")
    suite = find_suite(args.suite, args.corpus)
    cases, corpus = checked(suite)
    known = known_scopes(cases)
    rights, wrong = right_answers(cases, _records(args.run, cases), corpus, known)
    if not rights:
        raise InputError(f"套件 {suite.name} 没有判为正确的回答，无从改错", "先看 policyqa eval validate")
    rows = []
    for row in kill_rates(rights, corpus, known, args.most, args.operator or ()):
        rows.append(row)
        if not args.json:
            sys.stdout.write("\n".join(_shown(row)) + "\n")
    passed = all(row.passed for row in rows)
    if args.json:
        found = {"suite": suite.name, "right": len(rights), "not_right": wrong, "wanted": WANTED, "passed": passed}
        sys.stdout.write(json.dumps({**found, "operators": [row.to_json() for row in rows]}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"{len(rights)} 个正确的回答，另有 {wrong} 个本就判为不正确，未用\n")
    return 0 if passed else EXIT_SURVIVED


def _records(folder: Path | None, cases: Sequence[Case]) -> dict[str, Record]:
    if folder is None:
        return {}
    records = read_trace(folder / "trace.jsonl")
    unknown = set(records) - {case.id for case in cases}
    if unknown:
        raise InputError(f"{folder} 不是这个套件的运行：没有题目 {sorted(unknown)[0]}", "给出同一套件的运行目录")
    return records


def _shown(row: Killed) -> list[str]:
    share = "没有可改之处" if row.rate.value is None else f"{row.rate.value:.3f}（{row.rate.successes}/{row.rate.n}）"
    lines = [f"{row.operator}\t{share}{'' if row.passed else f'，低于 {WANTED:g}'}"]
    lines += [f"  未识破 {m.case.id}：{m.before[:60]} → {m.after[:60]}" for m in row.survivors[:_SHOWN]]
    rest = len(row.survivors) - _SHOWN
    return [*lines, f"  另有 {rest} 个"] if rest > 0 else lines
