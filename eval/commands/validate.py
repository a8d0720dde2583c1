"""`policyqa eval validate [SUITE]`: check a gold file against its corpus."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.gold import find_suite
from eval.load import load
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "suite", nargs="?", default="sample", metavar="套件", help="套件名或 gold.jsonl 路径（默认 sample）"
    )
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """List every problem of the suite; 0 if there is none. Raises InputError if there are some."""
    suite = find_suite(args.suite, args.corpus)
    cases, corpus, problems = load(suite)
    waiting = [case.id for case in cases if not case.reviewed]
    if args.json:
        found = {"suite": suite.name, "cases": len(cases), "unreviewed": waiting, "problems": problems}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        for problem in problems:
            sys.stdout.write(f"{suite.gold} {problem}\n")
    if problems:
        raise InputError(f"{suite.gold}：{len(problems)} 处有误", "逐条改正后再运行")
    if not args.json:
        if waiting:
            sys.stdout.write(f"{suite.gold}：{len(waiting)} 题未经审核，运行时不计入：{'、'.join(waiting)}\n")
        sys.stdout.write(f"{suite.gold}：{len(cases)} 题，{len(corpus)} 份语料，没有问题\n")
    return 0
