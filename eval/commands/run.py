"""`policyqa eval [SUITE]`: run a suite, report it and judge it by its gate."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.settings import Settings
from eval.gate import check, flips, load_baseline, load_gate
from eval.gold import find_suite
from eval.load import checked, unreviewed_ids
from eval.report import as_markdown
from eval.run import new_folder, run_suite
from eval.score import score_trace, summarise
from eval.trace import check_complete, read_trace
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
    parser.add_argument("--unreviewed", action="store_true", help="也计入 reviewed 为 false 的题目")
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
    every, corpus = checked(suite, args.unreviewed)
    left_out = [] if args.unreviewed else unreviewed_ids(suite)
    if left_out:
        _note(f"{len(left_out)} 题未经审核，没有计入（--unreviewed 可计入）：{'、'.join(left_out[:10])}")
    cases = [case for case in every if args.split in (None, case.split)]
    if not cases:
        raise InputError(f"套件 {suite.name} 没有 {args.split} 部分的题目")
    if gate is not None:
        skipped = {case.id for case in every} - {case.id for case in cases}
        gate = gate.model_copy(update={"must_pass": tuple(i for i in gate.must_pass if i not in skipped)})
    folder = new_folder(args.out)
    with tqdm(total=len(cases), unit="题", file=sys.stderr) as bar:
        run_suite(suite, cases, settings, folder, on_case=bar.update, on_note=_note)
    trace = read_trace(folder / "trace.jsonl")
    check_complete(trace, (case.id for case in cases), folder / "trace.jsonl")
    summary = summarise(score_trace(cases, trace, corpus, every), {case.id: case for case in cases})
    summary["run"] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    summary["unreviewed"] = left_out
    if baseline is not None:
        summary["lost"], summary["won"] = flips(summary, baseline)
    if gate is not None:
        summary["gate"] = check(summary, gate, baseline)
    markdown = as_markdown(summary, f"评测 {suite.name}")
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(markdown, encoding="utf-8")
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
