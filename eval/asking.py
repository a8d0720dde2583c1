"""Asking the questions of a suite: one row of the trace a case, in one process or in several that share the store.

Several processes only read: the store was brought up to date and closed before they open it, and they hold its lock
together, so nobody writes meanwhile (a reader beside a writer would see stale vectors).
"""

import multiprocessing
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.settings import Settings
from app.types import Turn
from eval.corpus import relative_source
from eval.gold import Case
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    from app.engine import Engine

HITS = 10
MOST_JOBS = 8  # unless more are asked for: each holds the model and its part of the store
WORTH = 100  # questions from which a process more pays for its start (two seconds) with the default answerer
Row = dict[str, Any]


def default_jobs(pending: int, settings: Settings) -> int:
    """Return how many processes to ask with: by cores and by how much there is to ask; a model file is held once only."""
    from ingest.embed import usable_processors

    if settings.llm_gguf is not None:
        return 1
    return max(1, min(usable_processors(), MOST_JOBS, pending // WORTH))


def ask_case(engine: "Engine", case: Case, folders: Sequence[Path], jobs: int = 1) -> Row:
    """Return a case's row: answer and hits with sources relative to the folders of texts, seconds of `ask`, or a known error.

    `jobs` is how many processes ask meanwhile: what they do disturbs the times.
    """
    history = [Turn(message.role, message.content) for message in case.history]
    row: Row = {"id": case.id, "answer": None, "hits": [], "seconds": 0.0, "error": "", "jobs": jobs, "cached": False}
    began = time.perf_counter()
    try:
        answer = engine.ask(case.question, history).named(case.id).to_json()
        row["seconds"] = round(time.perf_counter() - began, 4)
        for citation in answer["citations"]:
            citation["source"] = relative_source(citation["source"], *folders)
        row["answer"] = answer
        for hit in engine.search(case.question, HITS, history):
            source, score = relative_source(hit.source.path, *folders), round(hit.score, 4)
            row["hits"].append({"source": source, "start": hit.chunk.start, "end": hit.chunk.end, "score": score})
    except PolicyQAError as error:
        row["error"] = str(error)
    return row


def ask_in_processes(
    cases: Sequence[Case], settings: Settings, folders: Sequence[Path], jobs: int
) -> Generator[Row, None, None]:
    """Yield the rows in the cases' order, asked by `jobs` processes that open the store for reading.

    Raises PolicyQAError if one of them dies (out of memory, killed), and what opening the store raises.
    """
    # Not forked: the threads of the model's runtime and of the vector store do not survive that.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_prepare, initargs=(settings, tuple(folders), jobs))
    asked = 0
    try:
        for row in pool.map(_ask, cases, chunksize=4):
            yield row
            asked += 1
    except BrokenProcessPool as error:
        raise PolicyQAError(
            f"评测的一个进程意外结束：{len(cases)} 题中收到 {asked} 题的回答", "内存不足时常见；用 --jobs 1 重试"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """What a process of the pool holds for as long as it lives."""

    opened = ExitStack()
    given: tuple[Settings, Sequence[Path], int]
    engine: "Engine | None" = None


def _prepare(settings: Settings, folders: Sequence[Path], jobs: int) -> None:
    _Worker.given = (settings, folders, jobs)


def _ask(case: Case) -> Row:
    from app.build import open_engine

    settings, folders, jobs = _Worker.given
    if _Worker.engine is None:  # here and not in _prepare, whose errors a pool does not tell
        _Worker.engine = _Worker.opened.enter_context(open_engine(settings))
    return ask_case(_Worker.engine, case, folders, jobs)
