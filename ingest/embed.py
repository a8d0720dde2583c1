"""Turn questions and passages into vectors.

The bundled model runs on ONNX Runtime and imports neither torch nor transformers, because those cost seconds at every
start. Any other sentence-transformers model is one name away.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ingest.cache import default_cache_dir
from ingest.errors import InputError, MissingPartError
from ingest.model import MAX_TOKENS, MODEL_NAME, ONNX_FILE, PROMPTS, ensure_bundled_model
from ingest.pieces import Span, UnigramTokenizer

Vectors = npt.NDArray[np.float32]
Kind = Literal["query", "passage"]
OnProgress = Callable[[int], None]  # called with the number of passages done so far
T = TypeVar("T")
BUNDLED_NAME = f"bundled/{MODEL_NAME}"  # what a store remembers: it changes when the vectors do


class Embedder(Protocol):
    """Anything that turns texts into L2-normalised float32 vectors [n, dimension]; the store remembers its name."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def dimension(self) -> int: ...  # noqa: D102

    def embed_queries(self, texts: list[str]) -> Vectors: ...  # noqa: D102

    def embed_passages(self, texts: list[str], on_progress: OnProgress | None = None) -> Vectors: ...  # noqa: D102

    def embed_passages_with_spans(  # noqa: D102
        self, texts: list[str], spans: list[list[Span]], on_progress: OnProgress | None = None
    ) -> tuple[Vectors, list[Vectors]]: ...


def load_embedder(
    name: str = "bundled",
    cache_dir: Path | None = None,
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
) -> Embedder:
    """Return the bundled embedder ("bundled" or its own name), or one for a sentence-transformers name or folder.

    `threads` bounds the bundled one's (default: one per processor that this process may use). Raises MissingPartError when a package is absent, InputError when the model cannot be loaded or built.
    """
    if name in ("bundled", BUNDLED_NAME):
        return OnnxEmbedder(ensure_bundled_model(cache_dir or default_cache_dir(), progress), threads)
    return SentenceTransformerEmbedder(name)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One text after the model: the hidden state of every token, and of the text's own tokens the offsets."""

    hidden: Vectors  # [tokens, dimension] with <s>, prompt and </s>
    first: int  # index of the first token of the text itself
    offsets: list[Span]

    def whole(self) -> Vectors:
        return _unit(self.hidden.mean(axis=0))

    def span(self, start: int, end: int) -> Vectors | None:
        inside = [n for n, (a, b) in enumerate(self.offsets, self.first) if a < end and b > start]
        return _unit(self.hidden[inside].mean(axis=0)) if inside else None

    def tokens(self) -> tuple[Vectors, list[Span]]:
        """Return the vectors and offsets of the tokens that cover a character."""
        kept = [n for n, (start, end) in enumerate(self.offsets) if end > start]
        return _unit(self.hidden[[self.first + n for n in kept]]), [self.offsets[n] for n in kept]


def _unit(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32(1e-12))
    return vectors / lengths


class OnnxEmbedder:
    """The bundled multilingual-e5-small in int8 on ONNX Runtime; loads on first use, may be shared between threads.

    One text is one run on one thread, and the texts of a call are spread over `threads` threads (default: the
    processors this process may use). Measured against padded batches on two cores this is faster, wastes nothing on
    padding, and a text's vector does not depend on its neighbours.
    """

    dimension = 384

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self.name = BUNDLED_NAME
        self._folder = folder
        self._threads = threads or usable_processors()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, UnigramTokenizer, dict[Kind, list[int]]] | None = None
        self._recent: tuple[str, _Encoded] | None = None  # the last question

    def embed_queries(self, texts: list[str]) -> Vectors:
        """Return [n, 384], each question with the model's "query: " prompt."""
        return self._stack(self._each(texts, lambda text: self._encode(text, "query").whole()), len(texts))

    def embed_passages(self, texts: list[str], on_progress: OnProgress | None = None) -> Vectors:
        """Return [n, 384], each text with the model's "passage: " prompt; what lies beyond 512 tokens is not read."""
        each = self._each(texts, lambda text: self._encode(text, "passage").whole(), on_progress)
        return self._stack(each, len(texts))

    def embed_passages_with_spans(
        self, texts: list[str], spans: list[list[Span]], on_progress: OnProgress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Return the passage vectors [n, 384] and, from the same runs, the vectors [k, 384] of spans in each text.

        A span's vector is the normalised mean of its tokens, read in the context of the passage. A span without
        tokens (blank, or wholly beyond the 512 tokens that are read) gets the passage's vector.
        """
        whole, parts, _ = self._passages(texts, spans, on_progress, lambda encoded, text: b"")
        return whole, parts

    def embed_passages_with_tokens(
        self, texts: list[str], spans: list[list[Span]], on_progress: OnProgress | None = None
    ) -> tuple[Vectors, list[Vectors], list[bytes]]:
        """Return `embed_passages_with_spans` and, from the same runs, each text's packed tokens (ingest.tokens)."""
        from ingest.tokens import pack

        return self._passages(texts, spans, on_progress, lambda encoded, text: pack(*encoded.tokens(), text))

    def _passages(
        self,
        texts: list[str],
        spans: list[list[Span]],
        on_progress: OnProgress | None,
        packed: Callable[[_Encoded, str], bytes],
    ) -> tuple[Vectors, list[Vectors], list[bytes]]:
        def one(job: tuple[str, list[Span]]) -> tuple[Vectors, Vectors, bytes]:
            encoded = self._encode(job[0], "passage")
            whole = encoded.whole()
            parts = [encoded.span(*span) for span in job[1]]
            vectors = self._stack([whole if part is None else part for part in parts], len(parts))
            return whole, vectors, packed(encoded, job[0])

        made = list(self._each(list(zip(texts, spans, strict=True)), one, on_progress))
        whole = self._stack([each[0] for each in made], len(made))
        return whole, [each[1] for each in made], [each[2] for each in made]

    def token_vectors(self, texts: list[str], kind: Kind) -> list[tuple[Vectors, list[Span]]]:
        """Return for each text the normalised vectors [tokens, 384] of its own tokens, with their offsets in it.

        For late interaction (MaxSim). Prompt and special tokens are left out, and so is a word-start mark that covers
        no character.
        """
        return list(self._each(texts, lambda text: self._encode(text, kind).tokens()))

    def _encode(self, text: str, kind: Kind) -> _Encoded:
        # A question is asked for as a whole and for its tokens: one run serves both.
        recent = self._recent
        if kind == "query" and recent is not None and recent[0] == text:
            return recent[1]
        encoded = self._run(text, kind)
        if kind == "query":
            self._recent = text, encoded
        return encoded

    def _run(self, text: str, kind: Kind) -> _Encoded:
        session, tokenizer, prompts = self._load()
        prompt = prompts[kind]
        ids, offsets = tokenizer.encode(text, MAX_TOKENS - len(prompt) - 2)
        row = np.array([[0, *prompt, *ids, 2]], dtype=np.int64)
        (hidden,) = session.run(None, {"input_ids": row})
        return _Encoded(hidden[0], 1 + len(prompt), offsets)

    def _load(self) -> tuple[Any, UnigramTokenizer, dict[Kind, list[int]]]:
        with self._lock:
            if self._loaded is None:
                tokenizer = UnigramTokenizer(self._folder)
                prompts: dict[Kind, list[int]] = {
                    "query": tokenizer.encode(PROMPTS["query"], MAX_TOKENS)[0],
                    "passage": tokenizer.encode(PROMPTS["passage"], MAX_TOKENS)[0],
                }
                self._loaded = self._session(), tokenizer, prompts
            return self._loaded

    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            hint = "请运行 pip install onnxruntime"
            raise MissingPartError("缺少 ONNX Runtime，无法运行内置向量模型", hint) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(self._folder / ONNX_FILE)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def _each(
        self, jobs: Sequence[Any], work: Callable[[Any], T], on_progress: OnProgress | None = None
    ) -> Iterator[T]:
        """Yield work(job) in order, computed on the threads; a failure or Ctrl-C drops the jobs not yet begun."""
        pool = ThreadPoolExecutor(self._threads) if len(jobs) > 1 and self._threads > 1 else None
        try:
            for done, result in enumerate(pool.map(work, jobs) if pool else map(work, jobs), 1):
                yield result
                if on_progress:
                    on_progress(done)
        finally:
            if pool:
                pool.shutdown(cancel_futures=True)

    def _stack(self, vectors: Any, count: int) -> Vectors:
        out = np.empty((count, self.dimension), dtype=np.float32)
        for row, vector in enumerate(vectors):
            out[row] = vector
        return out


def usable_processors() -> int:
    """Return the number of processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class SentenceTransformerEmbedder:
    """Any sentence-transformers model by name or folder, with the prompts that its own configuration gives."""

    def __init__(self, name: str) -> None:
        """Load the model; HF_HUB_OFFLINE and the other hub settings are sentence-transformers' own."""
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            hint = "请运行 pip install sentence-transformers，或改用内置模型 bundled"
            raise MissingPartError("缺少 sentence-transformers", hint) from error
        try:
            self._model = SentenceTransformer(name)
        except (OSError, ValueError, RuntimeError) as error:  # what the hub client and the readers of folders raise
            reason = str(error).strip().split("\n")[0]
            raise InputError(
                f"无法加载向量模型：{name}（{reason}）",
                "请检查名称或目录；无法访问模型仓库时，可先下载到本地再给出目录，或改用内置模型 bundled",
            ) from error
        self.name = name
        self._lock = threading.Lock()  # its tokenizer is not to be used by two threads at once
        self.dimension = int(self._model.encode(["x"]).shape[1])
        # Chosen here because encode_document takes the "document" prompt, which is "" where a model names it "passage".
        prompts = self._model.prompts or {}
        self._query_prompt = prompts.get("query") or None
        self._passage_prompt = next(filter(None, map(prompts.get, ("document", "passage", "corpus"))), None)

    def embed_queries(self, texts: list[str]) -> Vectors:
        """Return [n, dimension]."""
        return self._encode(self._model.encode_query, texts, self._query_prompt, None)

    def embed_passages(self, texts: list[str], on_progress: OnProgress | None = None) -> Vectors:
        """Return [n, dimension]."""
        return self._encode(self._model.encode_document, texts, self._passage_prompt, on_progress)

    def embed_passages_with_spans(
        self, texts: list[str], spans: list[list[Span]], on_progress: OnProgress | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Return passage vectors and span vectors; the spans are embedded by themselves, in a second pass.

        A blank span gets its passage's vector.
        """
        whole = self.embed_passages(texts, on_progress)
        cut = [[text[start:end].strip() for start, end in ours] for text, ours in zip(texts, spans, strict=True)]
        flat = self.embed_passages([part for parts in cut for part in parts])
        out, at = [], 0
        for vector, parts in zip(whole, cut, strict=True):
            rows = flat[at : at + len(parts)].copy()
            rows[[n for n, part in enumerate(parts) if not part]] = vector
            out.append(rows)
            at += len(parts)
        return whole, out

    def _encode(
        self, encode: Callable[..., Any], texts: list[str], prompt: str | None, on_progress: OnProgress | None
    ) -> Vectors:
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), 32):  # a question may wait for its turn
            part = texts[start : start + 32]
            with self._lock:
                out[start : start + len(part)] = encode(
                    part, prompt=prompt, normalize_embeddings=True, show_progress_bar=False
                )
            if on_progress:
                on_progress(start + len(part))
        return out
