"""`policyqa eval report [FOLDER]`: the reports of a run made again from its trace, without asking anything."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.gate import load_baseline, load_gate
from eval.gold import find_suite
from eval.judge import judge
from eval.load import checked
from eval.run import last_run, sha256
from eval.trace import read_trace
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("folder", nargs="?", type=Path, metavar="运行目录", help="哪一次运行（默认最近一次）")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--baseline", metavar="文件", type=Path, help="与以前一次运行的 summary.json 比较")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Score the trace by the code and the gate as they are now and write all reports; 0, whatever the gate says.

    Raises InputError for a folder that is no run, or whose gold file has changed since.
    """
    folder = args.folder or last_run()
    described = folder / "settings.json"
    if not described.is_file():
        raise InputError(f"不是评测的运行目录：{folder}", "给出 policyqa eval 留下的目录，如 .policyqa/runs/ 下的一个")
    kept = json.loads(described.read_text(encoding="utf-8"))
    suite = find_suite(kept["gold"], args.corpus or Path(kept["corpus"]))
    if sha256(suite.gold) != kept["gold_sha256"]:
        raise InputError(f"{suite.gold} 在这次运行之后改动过：{folder}", "重新运行 policyqa eval")
    every, corpus = checked(suite)
    asked = read_trace(folder / "trace.jsonl")
    gate = load_gate(suite.gate) if suite.gate else None
    baseline = load_baseline(args.baseline) if args.baseline else None
    cases = [case for case in every if case.id in asked]
    summary, _ = judge(folder, kept["suite"], cases, every, corpus, gate, baseline)
    if args.json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{folder / 'summary.html'}\n")
    return 0
