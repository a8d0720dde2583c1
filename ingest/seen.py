"""A store as readers of some collections see it: what is in the others does not exist, for no read of the catalogue.

The catalogue is narrowed in ingest.seen_views; the neighbours that Chroma names are looked up in it here. Counts, rarities
of words and relations between documents are those of what is seen, so an answer tells nothing of the rest.
"""

import contextlib
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ingest.store import Store

FEW = 5000  # chunks up to which Chroma is told all ids that it may name: 13 ms for 4,000 of 100,000
_SPARE = 1.5  # more neighbours than an even spread would need


class SeenStore(Store):
    """A store for reading, with some collections only. Made by `Store.seen_by`; the whole store must stay open."""

    def __init__(self, whole: Store, collections: Collection[str]) -> None:
        super().__init__(whole.folder, whole._data, whole.catalog.seen_by(collections))
        self.name = whole.name
        self._whole = whole

    def _vectors(self) -> Any:
        return self._whole._vectors()

    def close(self) -> None:
        """Close the catalogue's connection; the vectors are the whole store's."""
        self.catalog.close()

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """Read one state of the catalogue while the block runs."""
        with self._whole.one_state(), self.catalog.one_state():
            yield

    def nearest(self, vector: np.ndarray, k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d] of those that are seen: (chunk id, cosine), best first."""
        if regions:
            return self._whole.nearest_of(vector, k, self.catalog.region_ids(regions))
        seen, there = self.catalog.count()[1], self._whole.catalog.count()[1]
        if seen <= FEW:
            return self._whole.nearest_of(vector, k, self.catalog.all_ids())
        wanted = math.ceil(k * there / seen * _SPARE)
        while True:
            found = self._whole.nearest_of(vector, wanted, None)
            held = self.catalog.held([chunk_id for chunk_id, _ in found])
            known = [pair for pair in found if pair[0] in held]
            if len(known) >= k or len(found) < wanted:
                return known[:k]
            wanted *= 2
