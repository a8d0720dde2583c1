"""`policyqa eval compare A B`: two runs of a suite, what differs and whether that is shown."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.compare import as_markdown, compare, load_side, shared_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), type=Path, help="运行目录、summary.json 或 baseline.json")
    parser.add_argument("--shared-only", action="store_true", help="题目版本不同时，只比没有改动的题目")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print the comparison; 0 whichever is better. Raises InputError for what cannot be compared."""
    a, b = load_side(args.a), load_side(args.b)
    found = compare(a, b, shared_ids(a, b, args.shared_only))
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if args.json else as_markdown(found))
    return 0
