"""Running a suite: a store of its corpus, every question asked, and a trace of what came back. Scoring is elsewhere."""

import datetime
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.settings import DEFAULT_STORE, Settings
from app.types import Turn
from eval.corpus import relative_source
from eval.gold import Case, Suite
from eval.pipeline import FUSIONS, Pipeline
from eval.trace import write_line
from ingest.errors import InputError, PolicyQAError
from ingest.text.split import CHUNK_SIZE

if TYPE_CHECKING:
    from app.engine import Engine

HITS = 10
BASE = Path(DEFAULT_STORE).parent
RUNS = BASE / "runs"


def run_suite(
    suite: Suite,
    cases: Sequence[Case],
    settings: Settings,
    folder: Path,
    on_case: Callable[[], object] = lambda: None,
    on_note: Callable[[str], None] | None = None,
    pipeline: Pipeline | None = None,
) -> None:
    """Ask every case and write settings.json and trace.jsonl into `folder`.

    The corpus goes into a store of its own, brought up to date first. A known error in place of an answer is
    recorded and scored as wrong. Raises InputError or StoreError if the store cannot be made.
    """
    from app.build import open_engine
    from app.retrieval.thresholds import using

    # A model has its own store: a store refuses vectors of another. So has a corpus: what two suites of one name do
    # not share would be removed and read again at every turn. In it, what has not changed is not read again.
    pipeline = pipeline or Pipeline()
    own = replace(settings, store=_store_of(suite, settings, pipeline))
    with (
        open_engine(own, writable=True, on_note=on_note, fusion=FUSIONS[pipeline.fusion]) as engine,
        using(pipeline.thresholds),
    ):
        summary = engine.ingest([str(suite.corpus)], prune=True, size=pipeline.size)
        if summary.skipped:
            first = summary.skipped[0]
            raise InputError(f"语料 {first['source']} 未能导入：{first['reason']}", "评测要求语料全部可读")
        write_json(folder / "settings.json", _describe(suite, settings, engine.describe()) | pipeline.to_json())
        for case in cases:
            write_line(folder / "trace.jsonl", _ask(engine, case, suite.corpus))
            on_case()


def _store_of(suite: Suite, settings: Settings, pipeline: Pipeline) -> Path:
    cut = "" if pipeline.size == CHUNK_SIZE else f"\n{pipeline.size}"
    kept_by = hashlib.sha1(f"{settings.embed_model}\n{suite.corpus.resolve()}{cut}".encode()).hexdigest()[:8]
    return BASE / "eval" / f"{suite.name}-{kept_by}"


def new_folder(out: Path | None) -> Path:
    """Make and return the folder of a run: `out`, which must be empty or absent, or a new one named by the time."""
    folder = out or RUNS / datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"输出目录不是空的：{folder}", "换一个目录")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last_run() -> Path:
    """Return the newest finished run folder. Raises InputError if there is none."""
    finished = sorted(path.parent for path in RUNS.glob("*/summary.json"))
    if not finished:
        raise InputError("还没有评测记录", "先运行 policyqa eval")
    return finished[-1]


def _ask(engine: "Engine", case: Case, corpus: Path) -> dict[str, Any]:
    history = [Turn(message.role, message.content) for message in case.history]
    row: dict[str, Any] = {"id": case.id, "answer": None, "hits": [], "seconds": 0.0, "error": ""}
    began = time.perf_counter()
    try:
        answer = engine.ask(case.question, history).named(case.id).to_json()
        row["seconds"] = round(time.perf_counter() - began, 4)
        for citation in answer["citations"]:
            citation["source"] = relative_source(citation["source"], corpus)
        row["answer"] = answer
        for hit in engine.search(case.question, HITS, history):
            source, score = relative_source(hit.source.path, corpus), round(hit.score, 4)
            row["hits"].append({"source": source, "start": hit.chunk.start, "end": hit.chunk.end, "score": score})
    except PolicyQAError as error:
        row["error"] = str(error)
    return row


def _describe(suite: Suite, settings: Settings, engine: dict[str, Any]) -> dict[str, Any]:
    kept = {key: str(value) for key, value in asdict(settings).items() if key not in {"llm_api_key", "store", "cache"}}
    return {
        "suite": suite.name, "gold": str(suite.gold), "gold_sha256": sha256(suite.gold),
        "corpus": str(suite.corpus), "settings": kept,
        "model": engine["model"], "llm": engine["llm"], "documents": engine["documents"], "chunks": engine["chunks"],
        "index_bytes": _bytes(engine["store"]),
        "cores": os.cpu_count(), "python": platform.python_version(),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }  # fmt: skip


def _bytes(store: str) -> int:
    return sum(path.stat().st_size for path in Path(store).rglob("*") if path.is_file())


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file for people and programs."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
