"""`policyqa store`: backup, restore, verify, export, import, upgrade. Lines for people, or one JSON object."""

import argparse
import contextlib
import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app.settings import Settings
from ingest.errors import InputError, StoreError
from ingest.location import is_server

ACTIONS = ("verify", "backup", "restore", "export", "import", "upgrade")
SECRET = ("accounts",)  # of what belongs to a store, that which holds secrets
FLEETING = {"accounts": ("sessions",)}  # tables that stay out of a backup: a restore must not revive what has ended
Said = Iterator[str]


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("file", nargs="?", metavar="文件或目录", help="备份或导出的 .tar、.tar.gz 文件，或一个目录")
    command.add_argument("--all", action="store_true", help="restore：已有的资料库、对话记录和账号也一并换成备份里的")
    command.add_argument("--originals", metavar="目录", help="import：把原文件放到这个目录")
    command.add_argument("--no-originals", action="store_true", help="export：不带原文件")
    command.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def run(args: argparse.Namespace, settings: Settings) -> tuple[int, Said]:
    """Do what is asked; return the exit code (0, or 2 where verifying found a problem) and the lines to print."""
    from app.offline import go_offline

    go_offline()
    if args.action in {"backup", "restore", "export", "import"} and not args.file:
        raise InputError(f"store {args.action} 需要一个文件或目录", f"例如 policyqa store {args.action} 备份.tar")
    if args.action in {"backup", "restore", "upgrade"} and is_server(settings.store):
        raise InputError(
            f"store {args.action} 只用于索引目录",
            "Chroma 服务器上的索引用 store export、import，服务器本身由其管理员备份",
        )
    found = _ACTIONS[args.action](args, settings)
    code = 0 if found.get("whole", True) else StoreError.exit_code
    return code, iter([json.dumps(found, ensure_ascii=False)]) if args.json else _told(args.action, found)


def belongings(settings: Settings) -> dict[str, Path]:
    """Return what belongs to a store and lies beside it, by its name in a backup."""
    known = {"library": settings.library, "history": settings.history, "accounts": getattr(settings, "accounts", None)}
    return {name: path for name, path in known.items() if isinstance(path, Path)}


def program() -> str:
    """Return this program's version."""
    try:
        return version("policyqa")
    except PackageNotFoundError:
        return "source"


def _folder(settings: Settings) -> Path:
    assert isinstance(settings.store, Path)
    return settings.store


def _verify(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.backup import verify_backup
    from ingest.checking import check_store
    from ingest.store import open_store

    if args.file:
        looked = verify_backup(Path(args.file), Path(args.file))
        return {**looked.checked.to_json(), "backup": str(looked.path), "made": looked.manifest["made"]}
    with open_store(settings.store, cache=settings.cache) as store:
        return {"store": store.name, **check_store(store).to_json()}


def _backup(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.backup import backup

    others = belongings(settings)
    made = backup(_folder(settings), others, Path(args.file), program(), fleeting=FLEETING)
    present = [name for name in made.manifest["others"] if name in SECRET]
    return {
        "backup": str(made.path), "made": made.manifest["made"], "documents": made.checked.documents,
        "chunks": made.checked.chunks, "files": len(made.manifest["files"]),
        "bytes": sum(int(file["size"]) for file in made.manifest["files"].values()),
        "with": sorted(made.manifest["others"]), "secrets": present, "fingerprint": made.checked.fingerprint,
    }  # fmt: skip


def _restore(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.backup import restore

    done = restore(Path(args.file), _folder(settings), belongings(settings), args.all)
    return {
        "restored": [str(path) for path in done.placed], "kept": [str(path) for path in done.kept],
        "left": [str(path) for path in done.left], "accounts": belongings(settings).get("accounts") in done.placed, "made": done.backup.manifest["made"],
        "documents": done.backup.checked.documents, "chunks": done.backup.checked.chunks,
        "fingerprint": done.backup.checked.fingerprint,
    }  # fmt: skip


def _export(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.portable import export
    from ingest.store import open_store

    with open_store(settings.store, cache=settings.cache) as store:
        made = export(store, Path(args.file), not args.no_originals, program())
    kept = ("documents", "chunks", "originals", "format", "model")
    return {"export": args.file, **{name: made[name] for name in kept}}


def _import(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.checking import check_store
    from ingest.portable import described, import_into
    from ingest.store import open_store

    parcel = Path(args.file)
    made = described(parcel)
    originals = Path(args.originals) if args.originals else None
    opened = open_store(settings.store, made["model"], int(made["dimension"]), writable=True, cache=settings.cache)
    with opened as store:
        put, there = import_into(store, parcel, originals or parcel, originals)
    with open_store(settings.store, cache=settings.cache) as store:
        checked = check_store(store, originals=False)
        return {"store": store.name, "imported": put, "unchanged": there, **checked.to_json()}


def _upgrade(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from ingest.backup import backup
    from ingest.upgrade import format_of, upgrade

    folder = _folder(settings)
    before = format_of(folder)
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    kept = Path(args.file) if args.file else folder.with_name(f"{folder.name}-format{before}-{moment}.tar")
    # Not verified: only the release that made it could open it. Its files are hashed as every backup's are.
    passed = upgrade(folder, lambda: _unchecked(backup, folder, kept))
    return {"store": str(folder), "from": before, "passed": passed, "backup": str(kept) if passed else ""}


def _unchecked(backup: Callable[..., Any], folder: Path, kept: Path) -> None:
    backup(folder, {}, kept, program(), check=False)


_ACTIONS: Mapping[str, Callable[[argparse.Namespace, Settings], dict[str, Any]]] = {
    "verify": _verify, "backup": _backup, "restore": _restore, "export": _export, "import": _import,
    "upgrade": _upgrade,
}  # fmt: skip


def _told(action: str, found: dict[str, Any]) -> Said:
    if action in {"verify", "import"}:
        if action == "import":
            yield f"已导入 {found['imported']} 份文档，{found['unchanged']} 份已有"
        where = found.get("backup") or found.get("store")
        state = "完整" if found["whole"] else f"有 {len(found['problems']) + found['more_problems']} 处问题"
        yield f"{where}：{state}；{found['documents']} 份文档，{found['chunks']} 段，{found['vectors']} 条向量，格式 {found['format']}"
        words = {"same": "未变", "changed": "有改动", "gone": "已不在原处", "web": "网页"}
        if found["originals"]:
            yield "原文件：" + "，".join(f"{words[state]} {count}" for state, count in found["originals"].items())
        yield from (f"- {problem}" for problem in found["problems"])
    elif action == "backup":
        beside = f"，连同 {'、'.join(found['with'])}" if found["with"] else ""
        yield f"已备份到 {found['backup']}：{found['documents']} 份文档，{found['chunks']} 段，{found['bytes'] / 1e6:.1f} MB{beside}"
        if found["secrets"]:
            yield f"注意：其中的 {'、'.join(found['secrets'])} 含口令与密钥的散列，请妥善保管"
    elif action == "restore":
        yield f"已恢复 {'、'.join(found['restored'])}：{found['documents']} 份文档，{found['chunks']} 段（备份于 {found['made']}）"
        yield from (f"原有内容留在 {path}" for path in found["kept"])
        yield from (f"{path} 已存在，没有改动；要一并恢复请加 --all" for path in found["left"])
        if found["accounts"]:
            yield "注意：账号、口令与密钥回到备份时的样子；此后停用的账号、吊销的密钥要重新停用、吊销"
    elif action == "export":
        yield f"已导出到 {found['export']}：{found['documents']} 份文档，{found['chunks']} 段，{found['originals']} 个原文件"
    elif not found["passed"]:
        yield f"{found['store']} 已是格式 {found['from']}，无需升级"
    else:
        yield f"{found['store']} 已由格式 {found['from']} 升级到 {found['passed'][-1]}；原样备份在 {found['backup']}"


def last_backup(folder: Path) -> tuple[datetime.datetime, str] | None:
    """When a store was last backed up, and where to; None where it never was."""
    from ingest.backup import STAMP

    with contextlib.suppress(OSError, ValueError):
        moment, _, where = (folder / STAMP).read_text(encoding="utf-8").strip().partition(" ")
        return datetime.datetime.fromisoformat(moment), where
    return None
