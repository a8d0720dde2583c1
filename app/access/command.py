"""`policyqa accounts`: who may sign in. A password comes from the keyboard or standard input, never from the arguments."""

import argparse
import datetime
import getpass
import json
import sys
from typing import Any

from app.access import accounts, attempts, keys
from app.access.ledger import Ledger
from app.render import visible
from app.settings import Settings
from ingest.errors import InputError


def run(args: argparse.Namespace, settings: Settings) -> list[str]:
    """Do what was asked and return the lines to print: text, or one of JSON. Raises InputError, AccessError."""
    if settings.accounts is None:
        raise InputError("没有开启账号", "去掉 POLICYQA_ACCOUNTS=off 再运行")
    if args.action != "list" and not args.name:
        raise InputError(f"accounts {args.action} 缺少账号名", f"例如 policyqa accounts {args.action} zhang.san")
    ledger = Ledger(settings.accounts)
    try:
        told, text = _ACTIONS[args.action](ledger, args)
    finally:
        ledger.close()
    return [json.dumps(told, ensure_ascii=False)] if args.json else [visible(line) for line in text]


def _list(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    held = [(account, keys.keys_of(ledger, account.name)) for account in accounts.listed(ledger)]
    told = [
        {**_told(account), "keys": [{"prefix": f"pq_{k.prefix}", "label": k.label, "revoked": k.revoked} for k in own]}
        for account, own in held
    ]
    text = []
    for account, own in held:
        names = "全部集合" if account.collections is None else "、".join(sorted(n or "公共" for n in account.collections))
        text.append(f"{account.name}  {account.role}  {names}{'  [已停用]' if account.disabled else ''}")
        text += [f"    pq_{k.prefix}…  {_day(k.created)}  {k.label}{'  [已吊销]' if k.revoked else ''}" for k in own]
    return told, text or ["还没有账号；用 policyqa accounts add 名字 --role admin 添加"]


def _add(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    made = accounts.add(ledger, args.name, _password(), args.role or "reader", accounts.granted(_names(args) or ()))
    return _told(made), [f"已添加 {made.name}（{made.role}）"]


def _passwd(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    account = accounts.known(ledger, args.name)
    accounts.set_password(ledger, account.name, _password())
    attempts.forget(ledger, account.name)
    return _told(account), [f"已更改 {account.name} 的口令，此前的登录全部失效"]


def _disable(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    accounts.set_disabled(ledger, args.name, not args.undo)
    account = accounts.known(ledger, args.name)
    return _told(account), [f"已{'停用' if account.disabled else '恢复'} {account.name}"]


def _grant(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    names = _names(args)
    if args.role is None and names is None:
        raise InputError("没有说明要改什么", "用 --role 改角色，用 --collection 改可读的集合（* 为全部，公共 为只读公共）")
    account = accounts.grant(ledger, args.name, args.role, accounts.granted(names or ()), change=names is not None)
    return _told(account), [f"已更改 {account.name}（{account.role}）"]


def _key(ledger: Ledger, args: argparse.Namespace) -> tuple[Any, list[str]]:
    if args.revoke:
        keys.revoke_key(ledger, args.name)
        return {"revoked": args.name}, [f"已吊销 {args.name}"]
    key = keys.make_key(ledger, args.name, args.label or "")
    return {"account": args.name, "key": key}, [key, "请现在就保存：这个密钥不会再显示"]


_ACTIONS = {"list": _list, "add": _add, "passwd": _passwd, "disable": _disable, "grant": _grant, "key": _key}



def _names(args: argparse.Namespace) -> list[str] | None:
    return args.collection


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
