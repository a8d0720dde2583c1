"""`policyqa eval grid [SUITE ...]`: run suites over a grid of pipelines and print one table a suite."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.settings import Settings
from eval.cells import NAMES, USUAL, Cell, make_cells, read_values
from eval.gold import Suite, find_suite
from eval.grid import as_table, compare_rows, part_of, run_cell
from eval.load import checked
from eval.run import new_folder
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("suites", nargs="*", default=["sample"], metavar="套件", help="一个或多个套件（默认 sample）")
    parser.add_argument(
        "--set", action="append", default=[], metavar="名=值,值",
        help=f"要比较的取值，首个值为基准，可重复；可用：{'、'.join(NAMES)}；不给则比较融合方式、重排与片段大小",
    )  # fmt: skip
    parser.add_argument(
        "--one-at-a-time", action="store_true", help="每次只改一项，不取全部组合（不给 --set 时即如此）"
    )
    parser.add_argument("--split", choices=("dev", "test"), help="只跑其中一部分")
    parser.add_argument("--limit", type=int, metavar="题数", help="每个套件至多跑多少题，均匀抽取")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--out", metavar="目录", type=Path, help="各次运行的记录放在哪里（默认 .policyqa/runs/时间）")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run every cell on every suite; 0 also where a cell could not run. Raises InputError for what cannot be used."""
    if args.limit is not None and args.limit < 1:
        raise InputError("--limit 要大于 0")
    if args.corpus and len(args.suites) > 1:
        raise InputError("--corpus 只能配一个套件")
    cells = make_cells(read_values(args.set) or USUAL, settings, args.one_at_a_time or not args.set)
    suites = [find_suite(name, args.corpus) for name in args.suites]
    top = new_folder(args.out)
    rows, tables = [], []
    for suite in suites:
        found = compare_rows(_suite_rows(args, suite, cells, top))
        rows += found
        tables.append(f"## {suite.name}\n\n{as_table(found)}")
    markdown = "\n".join(tables)
    (top / "grid.md").write_text(markdown, encoding="utf-8")
    (top / "grid.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({"rows": rows}, ensure_ascii=False) + "\n" if args.json else markdown)
    _note(f"各配置的运行记录：{top}")
    return 0


def _suite_rows(args: argparse.Namespace, suite: Suite, cells: list[Cell], top: Path) -> list[dict[str, Any]]:
    from tqdm import tqdm

    every, corpus = checked(suite)
    cases = part_of([case for case in every if args.split in (None, case.split)], args.limit)
    if not cases:
        raise InputError(f"套件 {suite.name} 没有 {args.split} 部分的题目")
    rows = []
    for number, cell in enumerate(cells, 1):
        folder = new_folder(top / suite.name / f"{number:02d}")
        label = f"{suite.name} {number}/{len(cells)} {cell.name}"
        with tqdm(total=len(cases), unit="题", desc=label, file=sys.stderr, mininterval=1) as bar:
            rows.append(run_cell(cell, suite, cases, every, corpus, folder, bar.update, _note))
    return rows


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
