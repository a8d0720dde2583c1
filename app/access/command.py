"""`policyqa user` and `policyqa key`: who may sign in, and with what programs ask. A password comes from the keyboard or standard input, never from the arguments."""

import argparse
import contextlib
import datetime
import getpass
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from app.access import accounts, attempts, keys
from app.access.caller import ROLES
from app.access.ledger import Ledger
from app.settings import Settings
from ingest.errors import InputError

Done = tuple[Any, list[str]]  # as JSON, as text


def add_arguments(user: argparse.ArgumentParser, key: argparse.ArgumentParser) -> None:
    """Say what the two commands take."""
    user.add_argument("action", choices=("list", "add", "password", "grant", "disable", "enable", "unlock", "remove"))
    user.add_argument("name", nargs="?", help="账号名")
    user.add_argument("--role", choices=ROLES, help="add、grant：角色（默认 reader）")
    user.add_argument(
        "--collection", action="append", metavar="集合", help="add、grant：可读的集合，可重复；* 为全部（默认只有公共）"
    )
    key.add_argument("action", choices=("list", "add", "revoke"))
    key.add_argument("name", nargs="?", help="add、list：账号名；revoke：密钥的开头")
    key.add_argument("--label", metavar="说明", default="", help="add：密钥的用途")
    for parser in (user, key):
        parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def run(args: argparse.Namespace, settings: Settings) -> list[str]:
    """Do what was asked and return the lines to print: text, or one of JSON. Raises InputError, AccessError."""
    if settings.accounts is None:
        raise InputError("没有开启账号", "去掉 POLICYQA_ACCOUNTS=off 再运行")
    if args.action != "list" and not args.name:
        what = "密钥的开头" if args.action == "revoke" else "账号名"
        raise InputError(
            f"{args.command} {args.action} 缺少{what}", f"例如 policyqa {args.command} {args.action} zhang.san"
        )
    with contextlib.closing(Ledger(settings.accounts)) as ledger:
        told, text = _ACTIONS[args.command, args.action](ledger, args, settings)
    from app.render import visible  # numpy: not for --help

    return [json.dumps(told, ensure_ascii=False)] if args.json else [visible(line) for line in text]


def _list(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    found = [accounts.known(ledger, args.name)] if args.name else accounts.listed(ledger)
    text = [
        f"{account.name}  {account.role}  {_granted(account)}{'  [已停用]' if account.disabled else ''}"
        for account in found
    ]
    return [_told(account) for account in found], text or ["还没有账号；用 policyqa user add 名字 --role admin 添加"]


def _add(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    granted = accounts.granted(_names(args) or ())
    accounts.check_free(ledger, args.name)  # before anyone types a password
    made = accounts.add(ledger, args.name, _password(), args.role or "reader", granted)
    return _told(made), [f"已添加 {made.name}（{made.role}，{_granted(made)}）"]


def _set_password(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    account = accounts.known(ledger, args.name)
    accounts.set_password(ledger, account.name, _password())
    attempts.forget(ledger, account.name)
    return _told(account), [f"已更改 {account.name} 的口令，此前的登录全部失效"]


def _switch(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    accounts.set_disabled(ledger, args.name, args.action == "disable")
    account = accounts.known(ledger, args.name)
    return _told(account), [f"已{'停用' if account.disabled else '恢复'} {account.name}"]


def _unlock(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    account = accounts.known(ledger, args.name)
    attempts.forget(ledger, account.name)
    return _told(account), [f"{account.name} 可以立即重试登录"]


def _grant(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    names = _names(args)
    if args.role is None and names is None:
        raise InputError(
            "没有说明要改什么", "用 --role 改角色，用 --collection 改可读的集合（* 为全部，公共 为只读公共）"
        )
    account = accounts.grant(ledger, args.name, args.role, accounts.granted(names or ()), change=names is not None)
    return _told(account), [f"已更改 {account.name}（{account.role}，{_granted(account)}）"]


def _remove(ledger: Ledger, args: argparse.Namespace, settings: Settings) -> Done:
    """Delete an account with its keys, sessions and conversations: whoever has its name later begins with nothing."""
    account, gone = accounts.known(ledger, args.name), 0
    if settings.history is not None and settings.history.exists():
        from app.history.book import open_history

        with open_history(settings.history) as book:
            gone = book.of(account.name).drop() if book is not None else 0
    accounts.remove(ledger, account.name)
    return {"removed": account.name, "conversations": gone}, [f"已删除 {account.name} 及其密钥、登录和 {gone} 个对话"]


def _list_keys(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    found = keys.keys_of(ledger, accounts.known(ledger, args.name).name if args.name else "")
    told = [{"prefix": f"pq_{k.prefix}", "account": k.account, "label": k.label, "revoked": k.revoked} for k in found]
    text = [
        f"pq_{k.prefix}…  {k.account}  {_day(k.created)}  {k.label}{'  [已吊销]' if k.revoked else ''}" for k in found
    ]
    return told, text or ["还没有密钥；用 policyqa key add 账号名 添加"]


def _add_key(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    account = accounts.known(ledger, args.name)
    key = keys.make_key(ledger, account.name, args.label)
    return {"account": account.name, "key": key}, [key, "请现在就保存：这个密钥不会再显示"]


def _revoke(ledger: Ledger, args: argparse.Namespace, _: Settings) -> Done:
    prefix = keys.revoke_key(ledger, args.name)
    return {"revoked": f"pq_{prefix}"}, [f"已吊销 pq_{prefix}…"]


_ACTIONS: Mapping[tuple[str, str], Callable[[Ledger, argparse.Namespace, Settings], Done]] = {
    ("user", "list"): _list, ("user", "add"): _add, ("user", "password"): _set_password, ("user", "grant"): _grant,
    ("user", "disable"): _switch, ("user", "enable"): _switch, ("user", "unlock"): _unlock, ("user", "remove"): _remove,
    ("key", "list"): _list_keys, ("key", "add"): _add_key, ("key", "revoke"): _revoke,
}  # fmt: skip


def _granted(account: accounts.Account) -> str:
    if account.collections is None:
        return "全部集合"
    return "、".join(sorted(name or "公共" for name in account.collections))


def _names(args: argparse.Namespace) -> list[str] | None:
    names: list[str] | None = args.collection
    return names


def _password() -> str:
    """A new password, typed twice, or the first line of standard input where nobody types."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("口令：", stream=sys.stderr)
    if first != getpass.getpass("再输一遍：", stream=sys.stderr):
        raise InputError("两次输入的口令不同")
    return first


def _told(account: accounts.Account) -> dict[str, Any]:
    names = None if account.collections is None else sorted(account.collections)
    return {"name": account.name, "role": account.role, "collections": names, "disabled": account.disabled}


def _day(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
