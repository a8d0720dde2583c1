"""Retrieval against gold evidence, by the formulas of `ir_measures`. Pure.

A relevant item is one piece of a case's evidence; a hit finds it if its text holds the whole quote. So passages of another
size, or from another splitter, are measured by the same yardstick. k counts hits: what one hit finds takes successive places.
"""

from collections.abc import Sequence

from eval.corpus import Corpus
from eval.gold import Case, evidence_units
from eval.text import contains
from eval.trace import Hit

DEPTHS = (1, 5, 10)
NAMES = (
    "r_at_1", "r_at_5", "r_at_10", "ndcg_at_10", "success_at_1", "success_at_5", "all_evidence_at_5",
)  # fmt: skip
_ALL = 10_000  # a cut-off that cuts nothing: the hits are cut before


def retrieval(case: Case, hits: Sequence[Hit], corpus: Corpus) -> dict[str, float | None]:
    """Return every retrieval metric of a case by name, each 0..1; all None for a case without evidence.

    r_at_k: pieces of evidence found in the first k hits / pieces. success_at_k: 1 if one of them is found there.
    ndcg_at_10: DCG of the first ten hits, gain 1 for a piece found first there, discount 1/log2(1 + place), over that of the
    ideal order. all_evidence_at_5: 1 if, for every fact, one of the quotes that it follows from is in the first five hits:
    quotes of two sources may state the same fact. Without hits all are 0.
    """
    if not case.evidence:
        return dict.fromkeys(NAMES)
    places = _places(case, hits, corpus)
    found = _measured(len(case.evidence), places)
    first = {item for hit in places[:5] for item in hit}
    whole = all(any(item in first for item in unit) for unit in evidence_units(case))
    return {**found, "all_evidence_at_5": float(whole)}


def _places(case: Case, hits: Sequence[Hit], corpus: Corpus) -> list[list[int]]:
    """For each hit the numbers of the pieces of evidence that it is the first to find."""
    seen: set[int] = set()
    places = []
    for hit in hits:
        text = corpus[hit.source].text[hit.start : hit.end] if hit.source in corpus else ""
        new = [
            n for n, item in enumerate(case.evidence)
            if n not in seen and item.source == hit.source and contains(text, item.quote)
        ]  # fmt: skip
        seen.update(new)
        places.append(new)
    return places


def _measured(pieces: int, places: Sequence[Sequence[int]]) -> dict[str, float | None]:
    import ir_measures  # 0.3 s, so only where retrieval is measured
    from ir_measures import Qrel, R, ScoredDoc, Success, nDCG

    qrels = [Qrel(str(k), str(n), 1) for k in DEPTHS for n in range(pieces)]
    run = [ScoredDoc(str(k), name, float(-at)) for k in DEPTHS for at, name in enumerate(_ranking(places[:k]))]
    recall, success = R @ _ALL, Success @ _ALL
    found = {
        (int(m.query_id), m.measure): float(m.value) for m in ir_measures.iter_calc([recall, nDCG, success], qrels, run)
    }
    return {
        **{f"r_at_{k}": found.get((k, recall), 0.0) for k in DEPTHS},
        "ndcg_at_10": found.get((10, nDCG), 0.0),
        **{f"success_at_{k}": found.get((k, success), 0.0) for k in (1, 5)},
    }


def _ranking(places: Sequence[Sequence[int]]) -> list[str]:
    """What the hits find, in order; a hit that finds nothing new is an item of its own."""
    return [name for rank, new in enumerate(places) for name in (map(str, new) if new else [f"hit {rank}"])]
