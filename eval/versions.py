"""Versions of a gold file, row by row: which questions two runs share, and which of them were changed in between."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eval.gold import Case

# What a verdict depends on. Fields that are left at their default say nothing, so that a format that grows changes no row.
_JUDGED = {"kind", "question", "history", "answerable", "facts", "must_not", "evidence"}


def digests(cases: Iterable[Case]) -> dict[str, str]:
    """Return id -> 12 hex digits that change with whatever the row's verdict depends on."""
    return {case.id: _digest(case) for case in cases}


def _digest(case: Case) -> str:
    judged = case.model_dump_json(include=_JUDGED, exclude_defaults=True)
    return hashlib.sha256(judged.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Drift:
    """How one version of a gold file differs from an earlier one, in ids: `changed` are in both, and not the same."""

    new: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.removed or self.changed)

    def __str__(self) -> str:
        parts = (("新增", self.new), ("删去", self.removed), ("改动", self.changed))
        return "，".join(f"{word} {len(ids)} 题（{'、'.join(ids)}）" for word, ids in parts if ids)


def drift(now: Mapping[str, str], before: Mapping[str, str]) -> Drift:
    """Compare two versions, id -> digest. A digest of "" (a record of before there were any) is like any other."""
    return Drift(
        tuple(i for i in now if i not in before),
        tuple(i for i in before if i not in now),
        tuple(i for i in now if i in before and now[i] and before[i] and now[i] != before[i]),
    )
