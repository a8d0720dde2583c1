"""The local database of conversations: one SQLite file, used by one process, safe to share by threads."""

import contextlib
import copy
import datetime
import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.history.records import Kept, KeptExchange, Rating, answer_from_json
from app.types import Answer, Language
from ingest.errors import InputError, PolicyQAError

FORMAT = 3  # raised when the tables change
MAX_TITLE, MAX_REASON, MAX_LISTED = 80, 500, 500  # characters, characters, conversations
_TABLES = """
CREATE TABLE IF NOT EXISTS conversations(
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, removed TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS exchanges(
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, question TEXT NOT NULL,
    language TEXT NOT NULL, asked TEXT NOT NULL, answer TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
    basis TEXT NOT NULL DEFAULT '{}', rating TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    replaced TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS exchanges_of ON exchanges(conversation);
"""


_OWN = "conversation IN (SELECT id FROM conversations WHERE owner=coalesce(?, owner))"
WITHHELD = "这条回答引用了现在无权查看的资料"
MaySee = Callable[[KeptExchange], bool]


def _all_of_it(_: KeptExchange) -> bool:
    return True


class HistoryError(PolicyQAError):
    """The history cannot be opened or written; answering goes on without it."""


class History:
    """Conversations with their exchanges, oldest exchange first, newest conversation first."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises HistoryError for one that is no history, is newer than this, or cannot be written."""
        self.path = path
        self._owner: str | None = None  # whose conversations these are; None: everyone's
        self._may_see: MaySee = _all_of_it
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=5, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA foreign_keys=ON")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT:
                raise HistoryError(
                    f"对话记录由更新的版本写成：{path}", "升级 policyqa，或用 POLICYQA_HISTORY 换一个文件"
                )
            self._db.executescript(_TABLES)
            if "replaced" not in {row[1] for row in self._db.execute("PRAGMA table_info(exchanges)")}:  # format 1
                self._db.execute("ALTER TABLE exchanges ADD COLUMN replaced TEXT NOT NULL DEFAULT ''")
            if "owner" not in {row[1] for row in self._db.execute("PRAGMA table_info(conversations)")}:  # format 2
                self._db.execute("ALTER TABLE conversations ADD COLUMN owner TEXT NOT NULL DEFAULT ''")
            self._db.execute(f"PRAGMA user_version={FORMAT}")
        except (sqlite3.Error, OSError) as error:
            raise HistoryError(
                f"打不开对话记录 {path}：{error}", "检查文件与权限，或用 POLICYQA_HISTORY 换一个文件"
            ) from error

    def of(self, owner: str, may_see: "MaySee | None" = None) -> "History":
        """Return one person's own history: nobody else's conversations are in it, whatever id they are asked by.

        An answer that rests on what `may_see` does not allow (any more) is kept from them too.
        """
        own = copy.copy(self)  # the same connection and lock
        own._owner, own._may_see = owner, may_see or _all_of_it
        return own

    def close(self) -> None:
        """Close the file; what was said is written already."""
        with self._lock:
            self._db.close()

    def begin(self, conversation: str, question: str, language: Language | None, instead: str = "") -> str:
        """Write a question down before it is answered, so that nothing is lost; return its replay id.

        `conversation` is the id of a kept one, or of one that begins with this question. The question is asked `instead`
        of an earlier exchange: that one and all after it leave the conversation, but stay known by their replay ids.
        """
        now, exchange = _now(), f"r{secrets.token_hex(8)}"
        with self._change() as db:
            written = db.execute(
                "INSERT INTO conversations(id, title, created, updated, owner) VALUES(?,?,?,?,coalesce(?,'')) "
                "ON CONFLICT(id) DO UPDATE SET updated=excluded.updated, removed='' WHERE owner=coalesce(?, owner)",
                (conversation, _title(question), now, now, self._owner, self._owner),
            )
            if not written.rowcount:
                raise HistoryError("这个对话属于另一个账号", "开始一个新对话")
            if instead:
                _replace(db, conversation, instead, question, exchange)
            db.execute(
                "INSERT INTO exchanges(id, conversation, question, language, asked) VALUES(?,?,?,?,?)",
                (exchange, conversation, question, language or "", now),
            )
        return exchange

    def finish(self, exchange: str, answer: Answer, basis: Mapping[str, Any]) -> None:
        """Keep the answer, whole, and what it rested on."""
        written = json.dumps(answer.to_json(), ensure_ascii=False)
        with self._change() as db:
            db.execute(
                f"UPDATE exchanges SET answer=?, error='', basis=? WHERE id=? AND {_OWN}",
                (written, json.dumps(basis, ensure_ascii=False), exchange, self._owner),
            )

    def fail(self, exchange: str, message: str) -> None:
        """Keep why a question was not answered."""
        with self._change() as db:
            failed = f"UPDATE exchanges SET error=? WHERE id=? AND answer='' AND {_OWN}"
            db.execute(failed, (message, exchange, self._owner))

    def rate(self, exchange: str, rating: Rating, reason: str = "") -> None:
        """Keep a reader's verdict; the last one counts, "" takes it back. Raises InputError for an unknown exchange."""
        with self._change() as db:
            done = db.execute(
                f"UPDATE exchanges SET rating=?, reason=? WHERE id=? AND {_OWN}",
                (rating, reason[:MAX_REASON], exchange, self._owner),
            )
        if not done.rowcount:
            raise InputError("找不到这次问答的记录")

    def conversations(self, wanted: str = "") -> list[Kept]:
        """Kept conversations, the one last used first; with `wanted`, those whose title, questions or answers hold it."""
        like = f"%{_literal(wanted)}%"
        rows = self._rows(
            "SELECT c.id, c.title, c.created, c.updated, count(e.id) FROM conversations c LEFT JOIN exchanges e "
            "ON e.conversation=c.id AND e.replaced='' WHERE c.removed='' AND c.owner=coalesce(?, c.owner) AND (c.title LIKE ? ESCAPE '\\' OR EXISTS(SELECT 1 FROM exchanges x "
            "WHERE x.conversation=c.id AND x.replaced='' AND (x.question LIKE ? ESCAPE '\\' OR json_extract(nullif(x.answer,''),'$.answer') "
            "LIKE ? ESCAPE '\\'))) GROUP BY c.id ORDER BY c.updated DESC, c.rowid DESC LIMIT ?",
            (self._owner, like, like, like, MAX_LISTED),
        )
        kept = [Kept(*row) for row in rows]
        # What is hidden by now is not to be found by its words either.
        return [k for k in kept if self._may_see is _all_of_it or not wanted or self._holds(k, wanted.lower())]

    def _holds(self, kept: Kept, wanted: str) -> bool:
        said = [kept.title]
        for exchange in self.exchanges(kept.id):
            said += [exchange.question, exchange.answer.text if exchange.answer else ""]
        return any(wanted in text.lower() for text in said)

    def exchanges(self, conversation: str) -> list[KeptExchange]:
        """The exchanges of a conversation in the order in which they were asked."""
        kept = f"{_SELECT} WHERE conversation=? AND replaced='' AND {_OWN} ORDER BY rowid"
        return [self._shown(row) for row in self._rows(kept, (conversation, self._owner))]

    def before(self, exchange: str) -> list[KeptExchange]:
        """The exchanges that stood in the conversation when this one was asked, also those that were replaced since."""
        rows = self._rows(
            f"{_SELECT} e WHERE EXISTS(SELECT 1 FROM exchanges n WHERE n.id=? AND n.conversation=e.conversation "
            "AND e.rowid<n.rowid AND (e.replaced='' OR n.rowid<(SELECT rowid FROM exchanges WHERE id=e.replaced))) "
            f"AND {_OWN} ORDER BY e.rowid",
            (exchange, self._owner),
        )
        return [self._shown(row) for row in rows]

    def exchange(self, exchange: str) -> KeptExchange | None:
        """One exchange by its replay id."""
        rows = self._rows(f"{_SELECT} WHERE id=? AND {_OWN}", (exchange, self._owner))
        return self._shown(rows[0]) if rows else None

    def figures(self, exchange: str) -> list[dict[str, Any]]:
        """The figures of an answer, as in its JSON."""
        kept = self.exchange(exchange)
        if kept is None or kept.answer is None:
            return []
        rows = self._rows("SELECT answer FROM exchanges WHERE id=? AND answer<>''", (exchange,))
        return list(json.loads(rows[0][0])["figures"]) if rows else []

    def _shown(self, row: tuple[Any, ...]) -> KeptExchange:
        """An exchange, without its answer where that may not be seen."""
        exchange = _exchange(row)
        if exchange.answer is None or self._may_see(exchange):
            return exchange
        return replace(exchange, answer=None, error=WITHHELD, basis={}, reason="")

    def rename(self, conversation: str, title: str) -> None:
        """Give a conversation another title. Raises InputError for an empty one."""
        if not title.strip():
            raise InputError("标题不能为空")
        with self._change() as db:
            named = "UPDATE conversations SET title=? WHERE id=? AND owner=coalesce(?, owner)"
            db.execute(named, (_title(title), conversation, self._owner))

    def remove(self, conversation: str) -> None:
        """Take a conversation out of the list; `restore` brings it back until `purge`."""
        with self._change() as db:
            taken = "UPDATE conversations SET removed=? WHERE id=? AND owner=coalesce(?, owner)"
            db.execute(taken, (_now(), conversation, self._owner))

    def restore(self, conversation: str) -> None:
        """Bring a removed conversation back."""
        with self._change() as db:
            again = "UPDATE conversations SET removed='' WHERE id=? AND owner=coalesce(?, owner)"
            db.execute(again, (conversation, self._owner))

    def purge(self) -> int:
        """Delete what was removed, for good; return how many conversations that were."""
        with self._change() as db:
            gone = "DELETE FROM conversations WHERE removed<>'' AND owner=coalesce(?, owner)"
            return db.execute(gone, (self._owner,)).rowcount

    def drop(self) -> int:
        """Delete all conversations of the owner, for good; return how many those were."""
        with self._change() as db:
            return db.execute("DELETE FROM conversations WHERE owner=coalesce(?, owner)", (self._owner,)).rowcount

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise HistoryError(f"对话记录写不进去：{error}", "检查磁盘空间与权限") from error

    def _rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise HistoryError(f"对话记录读不出来：{error}", "检查文件，或用 POLICYQA_HISTORY 换一个") from error


@contextlib.contextmanager
def open_history(path: Path | None) -> Iterator[History | None]:
    """The history at `path`, closed afterwards; None where none is to be kept. Raises HistoryError."""
    if path is None:
        yield None
        return
    history = History(path)
    try:
        yield history
    finally:
        history.close()


def _replace(db: sqlite3.Connection, conversation: str, exchange: str, question: str, by: str) -> None:
    """Take an exchange and those after it out of a conversation; a title that was the first question is the new one.

    `by` is the id of the exchange that takes their place: order is told by it, as clocks tick too seldom and may jump.
    """
    first = db.execute(
        "SELECT id, question FROM exchanges WHERE conversation=? AND replaced='' ORDER BY rowid LIMIT 1",
        (conversation,),
    ).fetchone()
    db.execute(
        "UPDATE exchanges SET replaced=? WHERE conversation=? AND replaced='' AND rowid>="
        "(SELECT rowid FROM exchanges WHERE id=?)",
        (by, conversation, exchange),
    )
    if first and first[0] == exchange:
        renamed = (_title(question), conversation, _title(first[1]))
        db.execute("UPDATE conversations SET title=? WHERE id=? AND title=?", renamed)


_SELECT = "SELECT id, conversation, question, language, asked, answer, error, basis, rating, reason FROM exchanges"


def _exchange(row: tuple[Any, ...]) -> KeptExchange:
    answer = answer_from_json(json.loads(row[5])) if row[5] else None
    return KeptExchange(
        id=row[0], conversation=row[1], question=row[2], language=row[3] or None, asked=row[4], answer=answer,
        error=row[6], basis=json.loads(row[7]), rating=row[8], reason=row[9],
    )  # fmt: skip


def _title(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= MAX_TITLE else plain[: MAX_TITLE - 1] + "…"


def _literal(text: str) -> str:
    """`text` with the signs that LIKE reads as wildcards taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
