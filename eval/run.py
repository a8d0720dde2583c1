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
from eval.trace import write_line
from ingest.errors import InputError, PolicyQAError

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
) -> None:
    """Ask every case and write settings.json and trace.jsonl into `folder`.

    The corpus goes into a store of its own, brought up to date first. A known error in place of an answer is
    recorded and scored as wrong. Raises InputError or StoreError if the store cannot be made.
    """
    from app.build import open_engine

    # A model has its own store: a store refuses vectors of another. So has a corpus: what two suites of one name do
    # not share would be removed and read again at every turn. In it, what has not changed is not read again.
    texts = "\n".join(str(folder.resolve()) for folder in suite.folders)
    kept_by = hashlib.sha1(f"{settings.embed_model}\n{texts}".encode()).hexdigest()[:8]
    own = replace(settings, store=BASE / "eval" / f"{suite.name}-{kept_by}")
    with open_engine(own, writable=True, on_note=on_note) as engine:
        summary = engine.ingest([str(folder) for folder in suite.folders], prune=True)
        if summary.skipped:
            first = summary.skipped[0]
            raise InputError(f"语料 {first['source']} 未能导入：{first['reason']}", "评测要求语料全部可读")
        _write_json(folder / "settings.json", _describe(suite, settings, engine.describe()))
        for case in cases:
            write_line(folder / "trace.jsonl", _ask(engine, case, suite.folders))
            on_case()


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


def _ask(engine: "Engine", case: Case, folders: Sequence[Path]) -> dict[str, Any]:
    history = [Turn(message.role, message.content) for message in case.history]
    row: dict[str, Any] = {"id": case.id, "answer": None, "hits": [], "seconds": 0.0, "error": ""}
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


def _describe(suite: Suite, settings: Settings, engine: dict[str, Any]) -> dict[str, Any]:
    kept = {key: str(value) for key, value in asdict(settings).items() if key not in {"llm_api_key", "store", "cache"}}
    return {
        "suite": suite.name, "gold": str(suite.gold), "gold_sha256": sha256(suite.gold),
        "corpus": str(suite.corpus), "settings": kept,
        "model": engine["model"], "llm": engine["llm"], "documents": engine["documents"], "chunks": engine["chunks"],
        "cores": os.cpu_count(), "python": platform.python_version(),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }  # fmt: skip


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
