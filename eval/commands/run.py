"""`policyqa eval [SUITE]`: run a suite, report it and judge it by its gate."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.settings import Settings
from eval.gate import load_baseline, load_gate
from eval.gold import find_suite
from eval.judge import judge
from eval.load import checked
from eval.run import new_folder, run_suite
from ingest.errors import InputError

EXIT_GATE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "suite", nargs="?", default="sample", metavar="套件", help="套件名或 gold.jsonl 路径（默认 sample）"
    )
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--gate", action="store_true", help="按套件的 gate.toml 判定，未过则以 3 退出")
    parser.add_argument("--baseline", metavar="文件", type=Path, help="与以前一次运行的 summary.json 比较")
    parser.add_argument("--split", choices=("dev", "test"), help="只跑其中一部分")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--out", metavar="目录", type=Path, help="运行记录放在哪里（默认 .policyqa/runs/时间）")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the command; 0, or 3 if the gate is not passed. Raises InputError for what cannot be used."""
    from tqdm import tqdm

    suite = find_suite(args.suite, args.corpus)
    gate = load_gate(suite.gate) if args.gate and suite.gate else None
    if args.gate and gate is None:
        raise InputError(f"套件 {suite.name} 没有 gate.toml", "在 gold 文件旁写一个")
    baseline = load_baseline(args.baseline) if args.baseline else None
    every, corpus = checked(suite)
    cases = [case for case in every if args.split in (None, case.split)]
    if not cases:
        raise InputError(f"套件 {suite.name} 没有 {args.split} 部分的题目")
    folder = new_folder(args.out)
    with tqdm(total=len(cases), unit="题", file=sys.stderr) as bar:
        run_suite(suite, cases, settings, folder, on_case=bar.update, on_note=_note)
    summary, markdown = judge(folder, suite.name, cases, every, corpus, gate, baseline)
    if args.json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(markdown)
    _note(f"运行记录：{folder}")
    return _tell(summary)


def _tell(summary: dict[str, Any]) -> int:
    """Say on stderr what changed and whether the gate is passed; return the exit code."""
    for name, label in (("lost", "变错"), ("won", "变对")):
        if summary.get(name):
            _note(f"{label}：{'、'.join(summary[name])}")
    failures = summary.get("gate", [])
    for failure in failures:
        _note(f"门槛未过：{failure}")
    if "gate" in summary and not failures:
        _note("门槛已过")
    return EXIT_GATE if failures else 0


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
