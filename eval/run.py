"""Running a suite: a store of its corpus, every question asked, and a trace of what came back. Scoring is elsewhere."""

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.settings import DEFAULT_STORE, Settings
from eval.answer_cache import AnswerCache, state_of
from eval.asking import HITS, Row, ask_case, ask_in_processes, default_jobs
from eval.gold import Case, Suite
from eval.pipeline import FUSIONS, Pipeline
from eval.trace import write_line
from eval.versions import digests
from ingest.errors import InputError
from ingest.text.split import CHUNK_SIZE

if TYPE_CHECKING:
    from app.engine import Engine

BASE = Path(DEFAULT_STORE).parent
RUNS = BASE / "runs"
ANSWERS = BASE / "eval" / "answers"
# The settings that a reader of a run is shown. An address, a request's extra fields, a sign-in may hold a secret.
_SHOWN = (
    "embed_model", "rerank", "llm_model", "llm_gguf", "llm_context", "llm_timeout", "llm_first_token", "llm_retries",
    "llm_price", "llm_usage",
)  # fmt: skip
_CHANGING = (*_SHOWN, "llm_base_url", "llm_extra")  # all that an answer depends on, for the digest of a state


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask: by how many processes (None: by cores), and whether recorded answers may stand for asking.

    Another pipeline than the project's own is asked afresh by one process, so that its times can be compared.
    """

    jobs: int | None = None
    fresh: bool = False
    pipeline: Pipeline = field(default_factory=Pipeline)


def run_suite(
    suite: Suite,
    cases: Sequence[Case],
    settings: Settings,
    folder: Path,
    on_case: Callable[[], object] = lambda: None,
    on_note: Callable[[str], None] | None = None,
    way: Way = Way(1, fresh=True),
) -> None:
    """Ask every case and write settings.json and trace.jsonl into `folder`, rows in the order of the cases.

    The corpus goes into a store of its own, brought up to date first. A known error in place of an answer is
    recorded and scored as wrong. Raises InputError or StoreError if the store cannot be made, PolicyQAError if a
    process dies.
    """
    from app.build import open_engine
    from app.retrieval.thresholds import using

    # A model has its own store: a store refuses vectors of another. So has a corpus: what two suites of one name do
    # not share would be removed and read again at every turn. In it, what has not changed is not read again.
    # And so has a chunk size.
    pipeline = way.pipeline
    if pipeline != Pipeline():
        way = Way(1, fresh=True, pipeline=pipeline)
    own = replace(settings, store=store_of(suite, settings, pipeline))
    cache = None
    with (
        open_engine(own, writable=True, on_note=on_note, fusion=FUSIONS[pipeline.fusion]) as engine,
        using(pipeline.thresholds),
    ):
        summary = engine.ingest([str(folder) for folder in suite.folders], prune=True, size=pipeline.size)
        if summary.skipped:
            first = summary.skipped[0]
            raise InputError(f"语料 {first['source']} 未能导入：{first['reason']}", "评测要求语料全部可读")
        described = _describe(suite, cases, settings, engine.describe())
        if not way.fresh:
            cache = AnswerCache(ANSWERS, _state(settings, engine))
        recorded = {case.id: row for case in cases if cache and (row := cache.get(case)) is not None}
        pending = [case for case in cases if case.id not in recorded]
        jobs = min(way.jobs or default_jobs(len(pending), settings), max(1, len(pending)))
        described |= pipeline.to_json() | {"index_bytes": _bytes(engine.describe()["store"])}
        described |= {"jobs": jobs, "cached": len(recorded)}
        if jobs == 1:
            asked = (ask_case(engine, case, suite.folders) for case in pending)
            _write(folder, cases, recorded, asked, described, cache, on_case)
            return
    with closing(ask_in_processes(pending, own, suite.folders, jobs)) as asked:
        _write(folder, cases, recorded, asked, described, cache, on_case)


def _write(
    folder: Path,
    cases: Sequence[Case],
    recorded: dict[str, Row],
    asked: Iterator[Row],
    described: dict[str, Any],
    cache: AnswerCache | None,
    on_case: Callable[[], object],
) -> None:
    """Write settings and trace; what was asked is recorded even where something ends the run early."""
    new: list[tuple[Case, Row]] = []
    try:
        for case in cases:
            row = recorded.get(case.id)
            if row is None:
                row = next(asked)
                new.append((case, row))
            described["disturbed"] = described.get("disturbed", 0) + (row["jobs"] > 1)
            write_line(folder / "trace.jsonl", row)
            on_case()
    finally:
        if cache is not None:
            cache.keep(new)
        _write_json(folder / "settings.json", described)


def store_of(suite: Suite, settings: Settings, pipeline: Pipeline) -> Path:
    """Where the index of a suite's corpus is kept: one for each corpus, embedding model and chunk size."""
    cut = "" if pipeline.size == CHUNK_SIZE else f"\n{pipeline.size}"
    texts = "\n".join(str(folder.resolve()) for folder in suite.folders)
    kept_by = hashlib.sha1(f"{settings.embed_model}\n{texts}{cut}".encode(), usedforsecurity=False).hexdigest()[:8]
    return BASE / "eval" / f"{suite.name}-{kept_by}"


def new_folder(out: Path | None) -> Path:
    """Make and return the folder of a run: `out`, which must be empty or absent, or a new one named by the time."""
    folder = out or RUNS / datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"输出目录不是空的：{folder}", "换一个目录")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"建不了输出目录：{folder}：{error.strerror}", "换一个目录") from error
    return folder


def last_run() -> Path:
    """Return the newest finished run folder. Raises InputError if there is none."""
    finished = sorted(path.parent for path in RUNS.glob("*/summary.json"))
    if not finished:
        raise InputError("还没有评测记录", "先运行 policyqa eval")
    return finished[-1]


def read_settings(folder: Path) -> dict[str, Any]:
    """Return the settings.json of a run folder. Raises InputError where it is none, or damaged."""
    path = folder / "settings.json"
    try:
        described: Any = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(described[name], str) for name in ("suite", "gold", "gold_sha256", "corpus")):
            raise ValueError(path)
    except OSError as error:
        raise InputError(f"不是运行记录的目录：{folder}：没有可读的 settings.json", "给出一次运行的目录") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"运行记录已损坏：{path}", "重新运行 policyqa eval") from error
    return dict(described)


def _state(settings: Settings, engine: "Engine") -> str:
    named = (settings.embed_model, settings.rerank, settings.llm_gguf)
    models = [Path(name) for name in named if name and Path(name).exists()]
    changing = {name: str(getattr(settings, name)) for name in _CHANGING}
    return state_of({**changing, "hits": HITS}, engine.store.catalog.fingerprint(), models)


def _shown(settings: Settings) -> dict[str, str]:
    """The settings of a run without what may be secret: of the model's address its host only."""
    try:
        host = urlsplit(settings.llm_base_url).hostname or ""
    except ValueError:  # an IPv6 address left open
        host = ""
    return {**{name: str(getattr(settings, name)) for name in _SHOWN}, "llm_host": host}


def _describe(suite: Suite, cases: Sequence[Case], settings: Settings, engine: dict[str, Any]) -> dict[str, Any]:
    return {
        "suite": suite.name, "gold": str(suite.gold), "gold_sha256": sha256(suite.gold),
        "corpus": str(suite.corpus), "settings": _shown(settings),
        "model": engine["model"], "llm": engine["llm"], "documents": engine["documents"], "chunks": engine["chunks"],
        "cores": os.cpu_count(), "python": platform.python_version(),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "rows": digests(cases),
    }  # fmt: skip


def _bytes(store: str) -> int:
    return sum(path.stat().st_size for path in Path(store).rglob("*") if path.is_file())


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
