"""`policyqa eval report [FOLDER]`: the reports of a run made again from its trace, without asking anything."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.load import checked, suite_of
from eval.outcome import conclude, find_judges
from eval.run import last_run, read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("folder", nargs="?", type=Path, metavar="运行目录", help="哪一次运行（默认最近一次）")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument(
        "--baseline", metavar="文件", type=Path, help="与这份 baseline.json 或以前一次运行的 summary.json 比较"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Score by the code, the gate and the baseline as they are now and write all reports; 0, whatever the gate says.

    Raises InputError for a folder that is no run, or whose gold file has changed since.
    """
    folder = args.folder or last_run()
    described = read_settings(folder)
    suite = suite_of(described, folder, args.corpus)
    every, corpus = checked(suite, unreviewed=True)
    asked = described.get("rows") or {case.id for case in every if case.reviewed}
    every = tuple(case for case in every if case.reviewed or case.id in asked)
    cases = [case for case in every if case.id in asked]
    judges = find_judges(suite, every, suite.gate is not None, args.baseline).for_part(cases)
    summary = conclude(suite, cases, every, corpus, folder, judges)
    told = json.dumps(summary, ensure_ascii=False) if args.json else str(folder / "summary.html")
    sys.stdout.write(told + "\n")
    return 0
