"""Whether a model's sentence says something that neither its sources nor the question say.

A sentence of a model's mostly repeats its topic (甲县数据中心……), so that its wording overlaps with any source on that topic
whatever it goes on to claim (……已经关闭). What counts is the words that are new and not everybody's.
"""

import re
from collections.abc import Sequence

from app.types import Evidence, Query
from ingest.lexical import cut, frequency, normalise

# Occurrences in jieba's dictionary from which a word carries no claim of its own (通过 35063, 实现 15301; 关闭 1892).
COMMON = 4000
# Share of a clause's own words that may be new; three words of which one is new are a claim about the other two.
ALLOWED = 0.3
_CLAUSE = re.compile(r"[，,；;。！!？?：:（）()、\n]")
_HAN_WORD = re.compile(r"[㐀-鿿]{2,}")


def adds_claims(text: str, cited: Sequence[Evidence], query: Query) -> bool:
    """Whether a clause of a Chinese sentence consists of new words by more than ALLOWED. Other languages: False."""
    sources = [part for e in cited for part in (e.text, e.hit.source.title, *e.hit.chunk.headings)]
    known = normalise("\n".join([*sources, query.text]))
    return any(share > ALLOWED for clause in _CLAUSE.split(normalise(text)) if (share := _new_share(clause, known)))


def _new_share(clause: str, known: str) -> float:
    own = [word for word in cut(clause) if _HAN_WORD.fullmatch(word) and frequency(word) < COMMON]
    new = [word for word in own if word not in known]
    return len(new) / len(own) if own else 0.0
