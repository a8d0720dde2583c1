"""`policyqa eval review FILE`: go through candidates in the terminal; what is accepted goes into a gold file."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.settings import Settings
from eval.gold import Case, load_suite
from ingest.errors import InputError

_HELP = "[a]收下 [e]改问题 [f]改事实 [d]丢弃 [s]跳过 [q]退出 > "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("file", type=Path, metavar="候选题文件", help="eval gen、history candidate 或页面写出的文件")
    parser.add_argument("--out", type=Path, default=Path("gold.jsonl"), metavar="文件", help="收下的题目写入哪里")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Ask about every group of candidates; 0. Raises InputError for files that cannot be read."""
    if not args.file.is_file():
        raise InputError(f"没有候选题文件：{args.file}", "先运行 policyqa eval gen")
    known = {case.id for case in load_suite(args.out)} if args.out.is_file() and args.out.stat().st_size else set()
    groups: dict[str, list[dict[str, Any]]] = {}
    for case in load_suite(args.file):
        groups.setdefault(case.group_id, []).append(case.model_dump(mode="json"))
    accepted = dropped = 0
    for number, (name, group) in enumerate(list(groups.items()), 1):
        decision, rows = _decide(group, f"{number}/{len(groups) + accepted + dropped}")
        if decision == "q":
            break
        if decision == "s":
            continue
        if decision == "a":
            if twice := known & {row["id"] for row in rows}:
                raise InputError(f"{args.out} 中已有题号 {sorted(twice)[0]}", "换一个 --out，或丢弃这一题")
            _write(args.out, [row | {"reviewed": True} for row in rows], "a")
            accepted += 1
        else:
            dropped += 1
        # What is decided is no candidate any more; so a review can stop anywhere and go on later.
        del groups[name]
        _write(args.file, [row for rest in groups.values() for row in rest], "w")
    sys.stdout.write(f"收下 {accepted} 组，丢弃 {dropped} 组，还剩 {len(groups)} 组\n")
    return 0


def _decide(group: list[dict[str, Any]], place: str) -> tuple[str, list[dict[str, Any]]]:
    """Show a group and ask until it is decided: a, d, s or q, and the rows as they are then."""
    rows = group
    while True:
        sys.stdout.write("\n".join(_shown(rows, place)) + "\n" + _HELP)
        sys.stdout.flush()
        line = sys.stdin.readline()
        word = line.strip().lower() if line else "q"
        if word in {"a", "d", "s", "q"}:
            return word, rows
        if word in {"e", "f"}:
            sys.stdout.write("新的问题（空行不改）：" if word == "e" else "新的事实，JSON 数组（空行不改）：")
            sys.stdout.flush()
            rows = _edited(rows, word, sys.stdin.readline().strip())


def _edited(rows: list[dict[str, Any]], what: str, text: str) -> list[dict[str, Any]]:
    """The rows with another question (its variants fall away: they say the old one) or other facts."""
    if not text:
        return rows
    try:
        if what == "e":
            changed = [row | {"question": text} for row in rows if row["variant"] == "canonical"] or rows[:1]
        else:
            changed = [row | {"facts": json.loads(text)} for row in rows]
        return [Case.model_validate(row).model_dump(mode="json") for row in changed]
    except ValueError as error:  # JSON's and pydantic's
        sys.stdout.write(f"没有改：{str(error).splitlines()[0]}\n")
        return rows


def _shown(rows: list[dict[str, Any]], place: str) -> list[str]:
    first = rows[0]
    lines = ["", f"—— {place} {first['id']}（{first['kind']}，{'可回答' if first['answerable'] else '不可回答'}）"]
    lines += [f"{row['variant']}：{_plain(row['question'])}" for row in rows]
    lines += [f"  事实：{json.dumps(fact, ensure_ascii=False)}" for fact in first["facts"]]
    lines += [f"  不得出现：{_plain(text)}" for text in first["must_not"]]
    return lines + [f"  依据 {_plain(item['source'])}：{_plain(item['quote'])}" for item in first["evidence"]]


def _plain(text: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _write(path: Path, rows: list[dict[str, Any]], mode: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = mode == "a" and path.is_file() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open(mode, encoding="utf-8") as file:
        file.write("\n" if whole else "")
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
