"""`policyqa eval score DIR`: score the trace of a run again, without a model, and judge it by the gate."""

import argparse
from pathlib import Path

from app.settings import Settings
from eval.commands.run import add_judging
from eval.load import checked, suite_of
from eval.outcome import conclude, find_judges, keep_as_baseline, note, print_summary, tell
from eval.run import read_settings
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("folder", metavar="目录", type=Path, help="一次运行的记录")
    add_judging(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Score and write the summary anew; 0, or 3 if the gate is not passed. Raises InputError for what cannot be used."""
    described = read_settings(args.folder)
    suite = suite_of(described, args.folder, args.corpus)
    every, corpus = checked(suite, unreviewed=True)
    judges = find_judges(suite, every, args.gate, args.baseline)
    asked = described.get("rows") or {case.id for case in every if case.reviewed}
    every = tuple(case for case in every if case.reviewed or case.id in asked)
    cases = [case for case in every if case.id in asked]
    if args.write_baseline and len(cases) < len(every):
        raise InputError(f"{args.folder} 只跑了 {len(every)} 题中的 {len(cases)} 题", "基线要按整个套件写")
    judges = judges.for_part(cases)
    summary = conclude(suite, cases, every, corpus, args.folder, judges)
    print_summary(summary, args.folder, args.json)
    if args.write_baseline:
        note(f"基线已写入：{keep_as_baseline(suite, summary)}")
    return tell(summary, judges)
