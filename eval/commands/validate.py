"""`policyqa eval validate [SUITE]`: check a gold file against its corpus."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.gold import find_suite, gold_schema
from eval.load import load
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "suite", nargs="?", default="sample", metavar="套件", help="套件名或 gold.jsonl 路径（默认 sample）"
    )
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--schema", action="store_true", help="打印一行题目的 JSON Schema，不核对")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """List every problem of the suite; 0 if there is none. Raises InputError if there are some."""
    if args.schema:
        sys.stdout.write(json.dumps(gold_schema(), ensure_ascii=False, indent=1) + "\n")
        return 0
    suite = find_suite(args.suite, args.corpus)
    found = load(suite)
    waiting = [case.id for case in found.cases if not case.reviewed]
    if args.json:
        counts = {
            "rows": found.rows,
            "cases": len(found.cases),
            "bad_rows": found.bad,
            "unreviewed": waiting,
            "problems": found.problems,
        }
        sys.stdout.write(json.dumps({"suite": suite.name, **counts}, ensure_ascii=False) + "\n")
    else:
        for problem in found.problems:
            sys.stdout.write(f"{suite.gold} {problem}\n")
    if found.bad:
        sys.stderr.write(f"{found.rows} 行中有 {found.bad} 行读不了，题组留待改正后核对\n")
    if found.problems:
        raise InputError(f"{suite.gold}：{len(found.problems)} 处有误", "逐条改正后再运行")
    if not args.json:
        if waiting:
            sys.stdout.write(f"{suite.gold}：{len(waiting)} 题未经审核，运行时不计入：{'、'.join(waiting)}\n")
        sys.stdout.write(f"{suite.gold}：{len(found.cases)} 题，{len(found.corpus)} 份语料，没有问题\n")
    return 0
