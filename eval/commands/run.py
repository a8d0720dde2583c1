"""`policyqa eval [SUITE]`: run a suite, report it and judge it by its gate."""

import argparse
import sys
from pathlib import Path

from app.settings import Settings
from eval.gold import AbsentCorpusError, Suite, find_suite
from eval.load import checked
from eval.outcome import conclude, find_judges, keep_as_baseline, note, print_summary, tell
from eval.run import Way, new_folder, run_suite
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "suite", nargs="?", default="sample", metavar="套件", help="套件名或 gold.jsonl 路径（默认 sample）"
    )
    parser.add_argument("--split", choices=("dev", "test"), help="只跑其中一部分")
    parser.add_argument("--unreviewed", action="store_true", help="也计入 reviewed 为 false 的题目")
    parser.add_argument("--out", metavar="目录", type=Path, help="运行记录放在哪里（默认 .policyqa/runs/时间）")
    parser.add_argument("--jobs", metavar="N", type=_jobs, help="用几个进程提问（默认按核数）")
    parser.add_argument("--fresh", action="store_true", help="不用记录下的回答，逐题重问")
    parser.add_argument("--skip-absent", action="store_true", help="语料不在本机时说明原因并以 0 退出")
    add_judging(parser)


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add what is done with a scored run: also the arguments of `eval score`."""
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    then = parser.add_mutually_exclusive_group()
    then.add_argument("--gate", action="store_true", help="按套件的 gate.toml 和 baseline.json 判定，未过则以 3 退出")
    then.add_argument("--write-baseline", action="store_true", help="把结果写成套件的 baseline.json")
    parser.add_argument(
        "--baseline", metavar="文件", type=Path, help="与这份 baseline.json 或以前一次运行的 summary.json 比较"
    )
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the command; 0, or 3 if the gate is not passed. Raises InputError for what cannot be used."""
    from tqdm import tqdm

    if args.write_baseline and args.split:
        raise InputError("基线要按整个套件写", "去掉 --split")
    suite = _present(args)
    if suite is None:
        return 0
    every, corpus = checked(suite, args.unreviewed)
    judges = find_judges(suite, every, args.gate, args.baseline)
    cases = [case for case in every if args.split in (None, case.split)]
    if not cases:
        raise InputError(f"套件 {suite.name} 没有 {args.split} 部分的题目")
    judges = judges.for_part(cases)
    folder = new_folder(args.out)
    with tqdm(total=len(cases), unit="题", file=sys.stderr, mininterval=1) as bar:
        run_suite(suite, cases, settings, folder, bar.update, note, Way(args.jobs, args.fresh))
    summary = conclude(suite, cases, every, corpus, folder, judges)
    print_summary(summary, folder, args.json)
    if args.write_baseline:
        note(f"基线已写入：{keep_as_baseline(suite, summary)}")
    return tell(summary, judges)


def _present(args: argparse.Namespace) -> Suite | None:
    """Return the suite; None, and a line that says why, where its texts are not here and that is no error."""
    try:
        return find_suite(args.suite, args.corpus)
    except AbsentCorpusError as error:
        if not args.skip_absent:
            raise
        note(f"跳过：{error}")
        return None


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError("至少 1 个进程")
    return jobs
