"""`policyqa ingest`: bring files and addresses into the index, here or by the server that has it open."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator

from tqdm import tqdm

from app.settings import Settings
from ingest.collections import as_collection
from ingest.errors import InputError
from ingest.summary import Summary
from ingest.walk import find_files


def run(args: argparse.Namespace, settings: Settings, note: Callable[[str], None]) -> Iterator[str]:
    """Ingest what was named; yield what goes to standard output, the rest goes to `note`. Raises PolicyQAError."""
    if args.address and args.engine != "ray":
        raise InputError("--address 只用于 --engine ray", "加上 --engine ray，或去掉 --address")
    collection = None if args.collection is None else as_collection(args.collection)
    for _ in find_files(args.paths):  # a wrong path must be told before a model is loaded
        pass
    summary = _ingested(args, settings, collection, note)
    if args.json:
        yield json.dumps(summary.to_json(), ensure_ascii=False)
    else:
        yield (
            f"新增 {summary.added}，更新 {summary.updated}，未变 {summary.unchanged}，移除 {summary.removed}，"
            f"跳过 {len(summary.skipped)}；{summary.chunks} 段，{summary.chars} 字，{summary.seconds:.1f} 秒"
        )
    for flagged in summary.flagged:
        note(f"注意 {flagged['source']}：{flagged['health']}")
    for linked in summary.linked:
        note(f"正文相同 {linked['source']}：已链接到 {linked['same_as']}，不重复收录")
    for skipped in summary.skipped:
        note(f"跳过 {skipped['source']}：{skipped['reason']}")
    if not (summary.added or summary.updated or summary.unchanged or summary.removed):
        raise InputError("没有导入任何文档", "检查路径下是否有可读的文件" if not summary.skipped else "原因见上")


def _ingested(
    args: argparse.Namespace, settings: Settings, collection: str | None, note: Callable[[str], None]
) -> Summary:
    """Ingest here, or have it done by the server that has the index open."""
    from app.operations.control_client import server_of

    with contextlib.ExitStack() as opened:

        def progress(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.set_postfix_str(name[-40:], refresh=False)
            bar.update(done - bar.n)

        if server := server_of(settings.store):
            if args.engine != "local":
                raise InputError("网页服务正在使用索引，不能用 --engine ray", "去掉 --engine ray，或先停止网页服务")
            note(f"网页服务（进程 {server.pid}）正在使用索引，由它导入")
            bar = opened.enter_context(tqdm(unit="文件", file=sys.stderr))
            private = settings.allow_private_urls
            return server.ingest(args.paths, args.prune, collection, settings.embed_model, private, progress)
        from app.build import open_engine, open_reading

        engine = opened.enter_context(open_engine(settings, writable=True, on_note=note))
        read = opened.enter_context(open_reading(settings, engine.embedder, args.engine, args.address))
        bar = opened.enter_context(tqdm(unit="文件", file=sys.stderr))
        return engine.ingest(args.paths, args.prune, progress, read, settings.allow_private_urls, collection=collection)
