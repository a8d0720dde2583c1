"""`policyqa eval gen DOCUMENT|FOLDER`: candidates for gold rows, for a person to review."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.history.candidate import append
from app.settings import Settings
from eval.propose.choose import problems_of, propose
from eval.propose.material import Material, read_material, stored_material
from eval.propose.variants import with_variants
from ingest.errors import InputError
from ingest.location import as_location

DEFAULT_FILE = "candidates.jsonl"  # as `policyqa history candidate` names it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("documents", type=Path, metavar="文档|目录", help="从哪些文档出题；题中来源相对于该目录")
    parser.add_argument("--store", metavar="索引", help="另与此索引中的全部文档核对：别处已有答案的不作为无答案题")
    parser.add_argument(
        "-n", dest="count", type=int, default=40, metavar="题数", help="至多多少组（默认 40，变体不计）"
    )
    parser.add_argument("--out", type=Path, default=Path(DEFAULT_FILE), metavar="文件", help=f"默认 {DEFAULT_FILE}")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Write candidates, all with reviewed = false, behind what the file holds; 0. Raises InputError, StoreError."""
    if not args.documents.exists():
        raise InputError(f"没有这个文档或目录：{args.documents}")
    if args.count < 1:
        raise InputError("-n 要大于 0")
    own = read_material(args.documents)
    corpus = _with_store(own, args.store, settings, args.documents) if args.store else own
    rows, dropped = propose(own, corpus, args.count)
    backend = None
    if settings.has_llm:
        from app.generation.backend import make_backend

        backend = make_backend(settings)
    every = list(with_variants(rows, backend))
    groups = _sound(every, corpus)
    written = sum(append(args.out, row) for row in groups)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
    found: dict[str, Any] = {
        "file": str(args.out), "candidates": len(rows), "rows": len(groups), "written": written,
        "known": len(groups) - written, "dropped": dropped + len(every) - len(groups), "by_kind": counts,
    }  # fmt: skip
    if args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        kinds = "、".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        sys.stdout.write(
            f"{args.out}：{len(rows)} 组候选题（{kinds}），连同变体 {len(groups)} 行，新写入 {written} 行；"
            f"另有 {found['dropped']} 行未过核对\n用 policyqa eval review {args.out} 逐题审核；未经审核的题目不计入任何评测\n"
        )
    return 0


def _sound(rows: list[dict[str, Any]], corpus: Material) -> list[dict[str, Any]]:
    """The rows without the groups that `eval validate` would have something against."""
    by_group: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_group.setdefault(row["group_id"], []).append(row)
    return [row for group in by_group.values() if not problems_of(group, corpus) for row in group]


def _with_store(own: Material, store: str, settings: Settings, documents: Path) -> Material:
    from app.build import open_engine

    folder = documents if documents.is_dir() else documents.parent
    with open_engine(replace(settings, store=as_location(store), llm_gguf=None, llm_base_url="")) as engine:
        kept = stored_material(engine, folder)
    return Material((*own.statements, *kept.statements), {**kept.texts, **own.texts}, {**kept.pages, **own.pages})
