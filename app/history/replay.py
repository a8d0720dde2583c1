"""What an answer rested on, and whether the same question gets the same answer today."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from app.access.caller import Caller
from app.history.book import History
from app.history.records import KeptExchange
from app.types import Answer, Turn
from ingest.errors import InputError
from ingest.prepare import PIPELINE

if TYPE_CHECKING:
    from app.engine import Engine


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded answer beside today's. `changed` names what it rested on that is no longer the same."""

    recorded: KeptExchange
    now: Answer
    same: bool  # word for word, with the same citations
    changed: tuple[str, ...]  # "version", "model", "llm", "pipeline", "store", and titles of cited documents


def basis_of(engine: "Engine", answer: Answer) -> dict[str, Any]:
    """Return what an answer rests on: versions, models, the cited documents' sha256, and a digest of all documents."""
    known = engine.describe()
    hashes = engine.hashes()
    cited = dict.fromkeys(c.doc_id for c in answer.citations)
    whole = hashlib.sha256("\n".join(f"{i} {h}" for i, h in sorted(hashes.items())).encode()).hexdigest()
    return {
        "version": _version(), "model": known["model"], "llm": known["llm"], "pipeline": PIPELINE, "store": whole[:16],
        "documents": {doc_id: hashes.get(doc_id, "") for doc_id in cited},
        "collections": sorted(set(engine.collections_of(cited).values())),
    }  # fmt: skip


def may_see(engine: "Engine", caller: Caller) -> Callable[[KeptExchange], bool]:
    """Return the test whether a caller may see an answer: they may read what it cites, where that is now and where it was."""

    def seen(exchange: KeptExchange) -> bool:
        assert exchange.answer is not None
        now = engine.collections_of(c.doc_id for c in exchange.answer.citations).values()
        return all(map(caller.reads, (*now, *exchange.basis.get("collections", ()))))

    return seen


def own_history(engine: "Engine", book: History, caller: Caller) -> History:
    """A caller's own conversations, without the answers that rest on what they may not read."""
    return book.of(caller.name, None if caller.collections is None else may_see(engine, caller))


def replay(engine: "Engine", history: History, exchange: str) -> Replay:
    """Ask a recorded question again, with the same turns before it. Raises InputError for an unknown id or an unanswered one."""
    recorded = history.exchange(exchange)
    if recorded is None:
        raise InputError(f"没有编号为 {exchange} 的问答记录", "编号在证据包末尾，形如 r0123456789abcdef")
    if recorded.answer is None:
        raise InputError(f"{exchange} 当时没有答完，无从比对", "重新提问即可")
    now = engine.ask(recorded.question, turns(history.before(exchange)), recorded.language)
    same = now.text == recorded.answer.text and _cited(now) == _cited(recorded.answer)
    return Replay(recorded, now, same, _changed(recorded, basis_of(engine, now), engine))


def turns(exchanges: Sequence[KeptExchange]) -> list[Turn]:
    """Answered exchanges as the turns that the engine gets as history."""
    told: list[Turn] = []
    for exchange in exchanges:
        if exchange.answer is not None:
            told += [Turn("user", exchange.question), Turn("assistant", exchange.answer.text)]
    return told


def _cited(answer: Answer) -> list[tuple[str, int, int, str]]:
    return [(c.doc_id, c.start, c.end, c.quote) for c in answer.citations]


def _changed(recorded: KeptExchange, now: dict[str, Any], engine: "Engine") -> tuple[str, ...]:
    then = recorded.basis
    names = [name for name in ("version", "model", "llm", "pipeline", "store") if then.get(name) != now[name]]
    hashes = engine.hashes()
    titles = {c.doc_id: c.title for c in recorded.answer.citations} if recorded.answer else {}
    names += [titles.get(i, i) for i, sha in then.get("documents", {}).items() if hashes.get(i) != sha]
    return tuple(names)


def _version() -> str:
    try:
        return version("policyqa")
    except PackageNotFoundError:  # run from a source tree
        return "source"
