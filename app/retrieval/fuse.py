"""One score from several: z-scores over the candidates, weighted by what each side can know of the question."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from app.retrieval.find import Found
from app.retrieval.plan import Plan
from app.retrieval.sources import INVENTORY, TIER, asks_for_files, is_inventory
from app.types import Query
from ingest.facts.regions import relation
from ingest.types import Source

DENSE_WEIGHT = 0.7
REGION_BONUS = 0.6  # in units of the fused z-score; calibrated on the sample suite's dev part
REGION_BONUS_CROSS = 1.2  # across languages cosines are flat and words few, so the region says more


# One score a candidate from the plan, the cosines [n] and the BM25 scores [n] (0 where no word matches).
Fusion = Callable[[Plan, Sequence[float], Sequence[float]], np.ndarray]


def adaptive(plan: Plan, dense: Sequence[float], lexical: Sequence[float]) -> np.ndarray:
    """Weighted sum of both sides' z-scores.

    Words count only as far as the corpus knows them: an English question on Chinese texts is left to the dense side
    (plain rank fusion would ruin it), unless the glossary gives it Chinese words.
    """
    return DENSE_WEIGHT * z_scores(dense) + (1 - DENSE_WEIGHT) * plan.known * z_scores(lexical)


def fuse(
    query: Query, plan: Plan, found: Found, sources: Mapping[str, Source], fusion: Fusion = adaptive
) -> dict[str, float]:
    """Both sides' scores as one, a bonus for chunks about a region that was asked about, and what their source is."""
    ids = list(found.rows)
    fused = fusion(plan, [found.dense[i] for i in ids], [found.lexical.get(i, 0.0) for i in ids])
    files = asks_for_files(query)
    scores = {}
    for i, score in zip(ids, fused, strict=True):
        row = found.rows[i]
        scores[i] = float(score) + _region_bonus(row.regions, query) + TIER.get(sources[row.doc_id].tier, 0.0)
        if not files and is_inventory(row.text):
            scores[i] -= INVENTORY
    return scores


def z_scores(values: Sequence[float]) -> np.ndarray:
    """Values less their mean, in units of their spread; zeros where they do not differ."""
    array = np.asarray(values, dtype=np.float64)
    spread = float(array.std()) if array.size else 0.0
    return (array - array.mean()) / spread if spread > 1e-9 else np.zeros_like(array)


def _region_bonus(regions: Sequence[str], query: Query) -> float:
    if not any(relation(a, r) in {"same", "part"} for a in query.regions for r in regions):
        return 0.0
    return REGION_BONUS_CROSS if query.text.isascii() else REGION_BONUS
