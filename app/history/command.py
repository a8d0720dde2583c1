"""`policyqa history`: what was asked in the page, exported as an evidence pack, asked again, removed."""

import argparse
import json
from pathlib import Path
from typing import Any

from app.build import open_engine
from app.documents import find_documents
from app.history.book import History
from app.history.candidate import append, candidate
from app.history.replay import replay
from app.pack.export import as_bytes, make_pack
from app.render import visible
from app.settings import Settings
from ingest.errors import InputError

_NAMES = {"version": "程序版本", "model": "向量模型", "llm": "大模型", "pipeline": "处理流程", "store": "资料库"}


def run(args: argparse.Namespace, settings: Settings) -> list[str]:
    """Do what was asked and return the lines to print: text, or one of JSON. Raises InputError, HistoryError, StoreError."""
    if settings.history is None:
        raise InputError("没有开启对话记录", "去掉 POLICYQA_HISTORY=off 再运行")
    if args.action != "list" and not args.id:
        raise InputError(f"history {args.action} 缺少编号", "用 policyqa history list 查看编号")
    history = History(settings.history)
    try:
        if args.action == "list":
            return _listed(history, args.json)
        if args.action == "export":
            return _exported(history, settings, args.id, args.out, args.json)
        if args.action == "remove":
            _conversation(history, args.id)
            history.remove(args.id)
            history.purge()
            return [json.dumps({"removed": args.id})] if args.json else [f"已删除 {args.id}"]
        if args.action == "candidate":
            return _proposed(history, args.id, args.out, args.json)
        return _replayed(history, settings, args.id, args.json)
    finally:
        history.close()


def _listed(history: History, as_json: bool) -> list[str]:
    kept = history.conversations()
    if as_json:
        rows = [{"id": k.id, "title": k.title, "updated": k.updated, "exchanges": k.exchanges} for k in kept]
        return [json.dumps(rows, ensure_ascii=False)]
    return [visible(f"{k.id}  {k.updated[:16]}  {k.exchanges:3d} 问  {k.title}") for k in kept] or ["还没有对话记录"]


def _exported(history: History, settings: Settings, wanted: str, out: str | None, as_json: bool) -> list[str]:
    """Write a conversation, or one answer by its replay id, as Markdown or Word, told by the file's suffix."""
    target = Path(out or f"{wanted}.md")
    if target.suffix not in {".md", ".docx"}:
        raise InputError(f"不支持的格式：{target.name}", "--out 要以 .md 或 .docx 结尾")
    pack = make_pack(history, wanted, lambda ids: find_documents(settings, ids))
    if pack is None:
        raise InputError(f"没有编号为 {wanted} 的对话或回答，或其中没有答完的问题", "用 policyqa history list 查看编号")
    try:
        target.write_bytes(as_bytes(pack, target.suffix[1:]))
    except OSError as error:
        raise InputError(f"写不进 {target}：{error.strerror or error}", "检查目录与权限") from error
    told = {"file": str(target), "answers": len(pack.sections), "notes": len(pack.notes)}
    text = f"已写入 {target}：{len(pack.sections)} 个回答，{len(pack.notes)} 条注释"
    return [json.dumps(told, ensure_ascii=False)] if as_json else [text]


def _proposed(history: History, exchange: str, out: str | None, as_json: bool) -> list[str]:
    """Propose an answer for the evaluation suite: one line in a file of candidates, for review."""
    kept = history.exchange(exchange)
    if kept is None:
        raise InputError(f"没有编号为 {exchange} 的回答", "编号在证据包末尾，形如 r0123456789abcdef")
    target = Path(out or "candidates.jsonl")
    row = candidate(kept, history.before(exchange), history.figures(exchange))
    added = append(target, row)
    told = {"file": str(target), "id": row["id"], "added": added}
    text = f"已把候选题 {row['id']} 写入 {target}，审阅后再并入套件" if added else f"{target} 里已有 {row['id']}"
    return [json.dumps(told, ensure_ascii=False)] if as_json else [text]


def _replayed(history: History, settings: Settings, exchange: str, as_json: bool) -> list[str]:
    with open_engine(settings) as engine:
        result = replay(engine, history, exchange)
    if as_json:
        told: dict[str, Any] = {
            "id": exchange,
            "same": result.same,
            "changed": list(result.changed),
            "now": result.now.to_json(),
        }
        return [json.dumps(told, ensure_ascii=False)]
    changed = "、".join(_NAMES.get(name, name) for name in result.changed)
    lines = ["与记录逐字一致" if result.same else "与记录不同，现在的回答是：\n\n" + visible(result.now.text)]
    return [*lines, f"有变化的：{changed}"] if changed else lines


def _conversation(history: History, conversation: str) -> str:
    """Title of a conversation; raises InputError where there is none of that id."""
    for kept in history.conversations():
        if kept.id == conversation:
            return kept.title
    raise InputError(f"没有编号为 {conversation} 的对话", "用 policyqa history list 查看编号")
