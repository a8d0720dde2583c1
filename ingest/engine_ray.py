"""Ingestion on Ray: workers read, cut and embed files; this process decides what is read, links, and commits in order.

Workers read files by their path, so every node must see them where this machine does (a shared file system) and have
the same policyqa installed; a web page is fetched by this process into its temporary folder, so addresses want that
folder shared as well. What is on the way is bounded: few files are read ahead, and a worker whose documents are
not yet wanted waits with a few groups of chunks done.
"""

import contextlib
import functools
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ingest.embed import Embedder, usable_processors
from ingest.errors import InputError, MissingPartError, PolicyQAError, UnreadableFileError
from ingest.prepare import PIPELINE, Item, Prepared, Read, prepare_file
from ingest.text.split import ChunkSize
from ingest.vectors import embed_documents
from ingest.walk import Found

_GROUP_CHUNKS = 64  # chunks embedded and sent together
_GROUPS_AHEAD = 4  # groups that a worker has done before they are wanted
_FILES_AHEAD = 4  # files sent, per worker, before the first of them has been taken
_RETRIES = 1  # for a file whose worker died
_START = 300.0  # seconds until every worker has its model
_STORE = 256 << 20  # bytes of shared memory for a cluster of our own


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a file could not be read, as it travels."""

    message: str
    hint: str


class _Worker:
    """A process of the cluster with its own embedder."""

    def __init__(self, load: Callable[[], Embedder], environment: dict[str, str]) -> None:
        os.environ.update(environment)
        # Not called here: what a constructor raises, Ray tells as the death of the worker.
        self._load = functools.cache(load)

    def about(self) -> tuple[str, int, int]:
        """The model, its dimension and the version of reading and cutting: they must be the driver's."""
        return self._load().name, self._load().dimension, PIPELINE

    def read(self, found: Found, size: ChunkSize) -> Iterator[list[Item | _Refusal]]:
        """Yield a file's documents in groups, embedded."""
        group: list[Item | _Refusal] = []
        try:
            for item in prepare_file(found, size):
                group.append(item)
                if sum(len(i.chunks) for i in group if isinstance(i, Prepared)) >= _GROUP_CHUNKS:
                    yield self._embedded(group)
                    group = []
        except UnreadableFileError as error:
            group.append(_Refusal(error.message, error.hint))
        yield self._embedded(group)

    def _embedded(self, group: list[Item | _Refusal]) -> list[Item | _Refusal]:
        bare = [item for item in group if isinstance(item, Prepared)]
        made = iter(embed_documents([(item.document, item.chunks) for item in bare], self._load()))
        return [replace(item, embedded=next(made)) if isinstance(item, Prepared) else item for item in group]


@contextlib.contextmanager
def reading_on_ray(load: Callable[[], Embedder], embedder: Embedder, address: str | None = None) -> Iterator[Read]:
    """Yield a way of reading files on a Ray cluster: the one at `address`, or one of this machine's processors.

    `load` makes each worker's embedder and travels to it; it must make the same as `embedder`. Raises
    MissingPartError without Ray, InputError where the cluster cannot be used.
    """
    ray = _import()
    ours = not ray.is_initialized()
    if ours:
        _start(ray, address)
    try:
        workers = _hire(ray, load, embedder)
        yield lambda files, size: _Reading(ray, workers, files, size).documents()
    finally:
        if ours:
            ray.shutdown()


def _import() -> Any:
    # Before the import: it reads them then. No usage statistics, no warning about a future default.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingPartError("没有安装 Ray", 'pip install "policyqa[ray]"') from error
    return ray


def _start(ray: Any, address: str | None) -> None:
    own: dict[str, Any] = {"address": address}
    if not address:
        own = {
            "address": "local", "num_cpus": usable_processors(), "object_store_memory": _STORE, "include_dashboard": False,
        }  # fmt: skip
    try:
        ray.init(**own, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray's own, gRPC's, ConnectionError, ValueError
        where = f"连不上 Ray 集群 {address}" if address else "Ray 启动失败"
        raise InputError(f"{where}：{_first_line(error)}", "检查 --address；本机可先运行 ray status") from error


def _hire(ray: Any, load: Callable[[], Embedder], embedder: Embedder) -> list[Any]:
    """Start one worker per processor of the cluster and see that they are as this process is."""
    kind = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_RETRIES)(_Worker)
    offline = {
        name: value for name, value in os.environ.items() if name.startswith("HF_HUB_") or name == "DO_NOT_TRACK"
    }
    count = max(1, int(ray.cluster_resources().get("CPU", 1)))
    workers = [kind.remote(load, offline) for _ in range(count)]
    try:
        about = ray.get([worker.about.remote() for worker in workers], timeout=_START)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, PolicyQAError):
            raise cause from error
        raise InputError(
            f"Ray 的工作进程没有就绪：{_last_line(error)}", "各节点要装有相同版本的 policyqa，并有空闲的处理器"
        ) from error
    for found in about:
        if found != (embedder.name, embedder.dimension, PIPELINE):
            raise InputError(f"Ray 节点上的程序或模型与本机不同：{found}", "各节点要装有相同版本的 policyqa")
    return workers


class _Reading:
    """Files on their way to workers and back."""

    def __init__(self, ray: Any, workers: list[Any], files: Iterable[Found], size: ChunkSize) -> None:
        self._ray, self._files, self._size = ray, iter(files), size
        self._idle = deque(workers)
        self._busy: dict[Any, Any] = {}  # what tells that a file is done -> its worker
        self._sent: deque[tuple[Found, Any]] = deque()  # in the files' order
        self._ahead = _FILES_AHEAD * len(workers)

    def documents(self) -> Iterator[tuple[Found, Iterator[Item]]]:
        """Yield files in their order with their documents."""
        while True:
            self._send()
            if not self._sent:
                if not self._busy:
                    return
                # A file's last group may come before the word that its worker is free.
                self._free(self._ray.wait([*self._busy], num_returns=1, fetch_local=False)[0])
                continue
            found, stream = self._sent.popleft()
            groups = self._groups(stream)
            yield found, self._items(found, groups)
            with contextlib.suppress(self._ray.exceptions.RayError):
                for _ in groups:  # not wanted after all; but the worker waits until they are taken
                    pass

    def _send(self) -> None:
        """Give idle workers the next files."""
        while self._idle and len(self._sent) < self._ahead:
            found = next(self._files, None)
            if found is None:
                return
            worker = self._idle.popleft()
            read = worker.read.options(num_returns="streaming", _generator_backpressure_num_objects=_GROUPS_AHEAD)
            stream = read.remote(replace(found, path=found.path.absolute()), self._size)
            self._busy[stream.completed()] = worker
            self._sent.append((found, stream))

    def _free(self, done: Iterable[Any]) -> None:
        """Hold the workers of files that are done for idle."""
        for reference in done:
            self._idle.append(self._busy.pop(reference))

    def _groups(self, stream: Any) -> Iterator[list[Any]]:
        """Yield what a worker makes of a file, and keep the others at work meanwhile."""
        while True:
            self._send()
            ready, _ = self._ray.wait([stream, *self._busy], num_returns=1, fetch_local=False)
            self._free([done for done in ready if done is not stream])
            if stream not in ready:
                continue
            try:
                reference = next(stream)
            except StopIteration:
                return
            yield self._ray.get(reference)

    def _items(self, found: Found, groups: Iterator[list[Any]]) -> Iterator[Item]:
        key = found.key
        try:
            for item in (item for group in groups for item in group):
                if isinstance(item, _Refusal):
                    raise UnreadableFileError(item.message, item.hint)
                if isinstance(item, Prepared) and item.file != key:
                    raise UnreadableFileError("Ray 节点看到的路径与本机不同", "各节点要在同一路径看到这些文件")
                yield item
        except self._ray.exceptions.RayTaskError:
            raise  # a mistake of ours: it is told as one
        except self._ray.exceptions.RayError as error:
            raise UnreadableFileError(
                f"读取它的工作进程 {_RETRIES + 1} 次意外退出", "文件可能使解析器崩溃或占满内存"
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0][:200]


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[-1][:200]
