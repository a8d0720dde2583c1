"""The second look at the best candidates: late interaction over kept token vectors, or a cross-encoder; or none."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from app.types import Query
from ingest.embed import Embedder, OnnxEmbedder
from ingest.errors import InputError, MissingPartError
from ingest.store import Store

DEPTH = 30  # candidates that are looked at again


class Reranker(Protocol):
    """Anything that scores chunks for a question. Its z-scores join the fused score with `weight`."""

    @property
    def weight(self) -> float: ...  # noqa: D102

    def scores(self, query: Query, ids: Sequence[str]) -> list[float] | None:
        """One score a chunk, higher is better; None where it has nothing to go by."""


def make_reranker(name: str, store: Store, embedder: Embedder) -> Reranker | None:
    """Return the reranker of a setting: late, none, or a cross-encoder's name or folder.

    Raises MissingPartError without sentence-transformers, InputError for a cross-encoder that cannot be loaded.
    """
    if name == "none":
        return None
    if name == "late":
        return LateInteraction(store, embedder) if isinstance(embedder, OnnxEmbedder) else None
    return CrossEncoderReranker(store, name)


class LateInteraction:
    """MaxSim over the bundled model's own token vectors, which are made at ingest and kept (ingest.tokens)."""

    weight = 0.5

    def __init__(self, store: Store, embedder: OnnxEmbedder) -> None:
        self._store, self._embedder = store, embedder

    def scores(self, query: Query, ids: Sequence[str]) -> list[float] | None:
        """The mean cosine of the question's content tokens to the nearest token of each chunk.

        None in a store that was made without token vectors; a chunk that has none scores as the mean of the others.
        """
        from ingest.tokens import max_sim, reduce

        packed = self._store.catalog.tokens(ids)
        if not packed:
            return None
        ((vectors, offsets),) = self._embedder.token_vectors([query.text], "query")
        found = max_sim(reduce(vectors, offsets, query.text), [packed.get(chunk_id, b"") for chunk_id in ids])
        mean = float(np.mean([s for s, chunk_id in zip(found, ids, strict=True) if chunk_id in packed]))
        return [float(s) if chunk_id in packed else mean for s, chunk_id in zip(found, ids, strict=True)]


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder by name or folder; loads with the first question."""

    weight = 1.0  # it reads both texts together: as much as all that was known before

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._model: Any = None

    def scores(self, query: Query, ids: Sequence[str]) -> list[float] | None:
        """The model's scores of (question, title and headings with the chunk)."""
        chunks = self._store.catalog.chunks(ids)
        sources = self._store.catalog.sources(chunk.doc_id for chunk, _ in chunks.values())
        texts = [chunks[i][0].embed_text(sources[chunks[i][0].doc_id].title) for i in ids]
        asked = query.as_typed or query.text
        found = np.asarray(self._load().predict([(asked, text) for text in texts], show_progress_bar=False))
        return [float(score) for score in found.reshape(len(texts), -1)[:, 0]]

    def _load(self) -> Any:
        if self._model is None:
            try:
                from sentence_transformers import CrossEncoder
            except ImportError as error:
                hint = "请运行 pip install sentence-transformers，或改用 POLICYQA_RERANK=late"
                raise MissingPartError("缺少 sentence-transformers，无法使用重排模型", hint) from error
            try:
                self._model = CrossEncoder(self._name)
            except (OSError, ValueError, RuntimeError) as error:  # what the hub client and the readers of folders raise
                reason = str(error).strip().split("\n")[0]
                raise InputError(
                    f"无法加载重排模型：{self._name}（{reason}）",
                    "检查 POLICYQA_RERANK 的名称或目录，或改用 late（内置）、none（不重排）",
                ) from error
        return self._model
