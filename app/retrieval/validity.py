"""Whether a text is still in force: told by what the documents of the store say of themselves and of one another."""

import datetime
from collections.abc import Mapping

from ingest.catalog import Catalog
from ingest.facts.relations import is_past, status
from ingest.types import Source

# What a text loses in units of the fused z-score: enough to stand below its successor, not enough to vanish where
# nothing else speaks to the question.
_BEHIND = {"已废止": 1.0, "已失效": 1.0, "已被修订": 1.0, "征求意见稿": 0.5}


def validities(catalog: Catalog, sources: Mapping[str, Source], today: datetime.date) -> dict[str, str]:
    """The validity of some documents on a day: one of ingest.facts.fields.VALIDITIES with who repealed or changed it.

    For example 已废止（被《某办法》取代）; 已失效（有效期至2025-07-31） for a text past its own last day; "" where nothing tells.
    """
    day = today.isoformat()
    acted = [r for r in catalog.relations() if r.to_id in sources and r.kind in {"replaces", "amends"}]
    by = catalog.sources({r.from_id for r in acted})
    told = {}
    for doc_id, source in sources.items():
        found = status(doc_id, source, acted, day)
        kind = {"已废止": "replaces", "已被修订": "amends"}.get(found)
        names = [by[r.from_id].title for r in acted if (r.to_id, r.kind) == (doc_id, kind) and r.from_id in by]
        if found == "已废止" and not names and is_past(source, day) and source.validity != "已废止":
            told[doc_id] = f"已失效（有效期至{source.repealed}）"
            continue
        verb = "取代" if kind == "replaces" else "修改"
        told[doc_id] = f"{found}（被{_quoted(names[-1])}{verb}）" if names and names[-1] != source.title else found
    return told


def behind(validity: str) -> float:
    """How far a text of this validity ranks behind one in force."""
    return _BEHIND.get(validity.partition("（")[0], 0.0)


def _quoted(title: str) -> str:
    return title if title.startswith("《") else f"《{title.replace('《', '〈').replace('》', '〉')}》"
