"""A pipeline as a run varies it beside the settings: fusion, chunk size, thresholds. None of them is a user's setting."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from app.retrieval.fuse import Fusion, adaptive, z_scores
from app.retrieval.plan import Plan
from app.retrieval.thresholds import Thresholds
from ingest.text.split import CHUNK_SIZE, ChunkSize

RRF = 60  # the usual constant of reciprocal rank fusion


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The project's own choices unless given."""

    fusion: str = "adaptive"  # a key of FUSIONS
    size: ChunkSize = CHUNK_SIZE
    thresholds: Thresholds = field(default_factory=Thresholds)

    def to_json(self) -> dict[str, Any]:
        """Return what a run's settings.json keeps of it."""
        return {"fusion": self.fusion, "chunk": str(self.size), "thresholds": asdict(self.thresholds)}


def dense_only(plan: Plan, dense: Sequence[float], lexical: Sequence[float]) -> np.ndarray:
    """The embedder's word alone. Both sides still propose candidates; this is how they are ranked."""
    return z_scores(dense)


def words_only(plan: Plan, dense: Sequence[float], lexical: Sequence[float]) -> np.ndarray:
    """BM25's word alone. Both sides still propose candidates; this is how they are ranked."""
    return z_scores(lexical)


def rank_fusion(plan: Plan, dense: Sequence[float], lexical: Sequence[float]) -> np.ndarray:
    """Reciprocal rank fusion, sum of 1 / (60 + rank) over both sides, whatever the question's language.

    Given as z-scores: what is added later (a region's bonus, a source's tier) is measured in them.
    """
    return z_scores(list(_reciprocal(dense) + _reciprocal(lexical, floor=0.0)))


def _reciprocal(scores: Sequence[float], floor: float = -np.inf) -> np.ndarray:
    """1 / (RRF + rank) of each score, best first; 0 for one that is not above `floor`: not on that side's list."""
    values = np.asarray(scores, dtype=np.float64)
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return np.where(values > floor, 1 / (RRF + ranks), 0.0)


FUSIONS: dict[str, Fusion] = {
    "adaptive": adaptive,
    "dense": dense_only,
    "words": words_only,
    "rrf": rank_fusion,
}
