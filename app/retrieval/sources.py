"""What kind of source speaks: the texts that a question admits, the rank of their tiers, and mere lists of files."""

import re
from collections.abc import Sequence

from app.types import Demands, Query
from ingest.facts.regions import relation
from ingest.types import Source

# In units of the fused z-score (docs/quality.md, "Retrieval"): where two passages speak alike, the policy itself comes first.
TIER = {"政策原文": 0.2, "统计": 0.2, "官方解读": 0.1, "自媒体": -0.1}
INVENTORY = 3.0  # what a row of file names and checksums loses: it repeats the words of every title

_FILE = re.compile(
    r"(?<![\w.-])[\w.-]+\.(?:pdf|docx?|xlsx?|pptx?|html?|md|txt|csv|tsv|jsonl?|zip|png|jpe?g|epub|ofd|wps)(?![a-z0-9])",
    re.I,
)
_HASH = re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,128}(?![0-9a-z])", re.I)
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+", re.I)


def admitted(demands: Demands, source: Source, regions: Sequence[str]) -> bool:
    """Whether a passage about `regions` of a source is one that the question admits."""
    if demands.tiers and source.tier not in demands.tiers:
        return False
    if demands.issued:
        year = int(source.issued[:4]) if source.issued[:4].isdigit() else 0
        if not demands.issued[0] <= year <= demands.issued[1]:
            return False
    about = (*regions, *source.regions)
    return not demands.regions or any(relation(a, r) in {"same", "part"} for a in demands.regions for r in about)


def is_inventory(text: str) -> bool:
    """Whether a passage only lists files: half of its table rows name a file or a checksum, or half of it is addresses."""
    rows = [line for line in text.split("\n") if line.startswith("|")] if "|" in text else []
    if rows and 2 * sum(map(len, rows)) > len(text):
        return 2 * sum(bool(_FILE.search(row) or _HASH.search(row)) for row in rows) >= len(rows)
    if "://" not in text and "www." not in text:
        return False
    addresses = sum(len(match[0]) for match in _LINK.finditer(text))
    return 2 * addresses > len(text)


def asks_for_files(query: Query) -> bool:
    """Whether the question itself names a file or a checksum."""
    return bool(_FILE.search(query.original) or _HASH.search(query.original))
