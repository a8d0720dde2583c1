"""Whether a model's sentence says something that neither its sources nor the question say.

A sentence of a model's mostly repeats its topic (甲县数据中心……), so that its wording overlaps with any source on that topic
whatever it goes on to claim (……已经关闭). What counts is the words that are new and not everybody's.
"""

import re
from collections.abc import Sequence

from app.types import Evidence, Query
from ingest.facts.regions import find_regions
from ingest.lexical import cut, frequency, normalise

# Occurrences in jieba's dictionary from which a word carries no claim of its own (通过 35063, 实现 15301; 关闭 1892).
COMMON = 4000
# Share of a clause's own words that may be new; three words of which one is new are a claim about the other two.
ALLOWED = 0.3
_CLAUSE = re.compile(r"[，,；;。！!？?：:（）()、\n]")
# Numbers and dates are checked as such, whatever they are written in.
_COUNTED = re.compile(r"[零〇一二两三四五六七八九十百千万亿几多余约近超分之个名家项条件次年月日底末初份季度元\d.%]+")
_HAN_WORD = re.compile(r"[㐀-鿿]{2,}")


def adds_claims(text: str, cited: Sequence[Evidence], query: Query) -> bool:
    """Whether a clause of a Chinese sentence consists of new words by more than ALLOWED. Other languages: False."""
    sources = [part for e in cited for part in (e.text, e.hit.source.title, *e.hit.chunk.headings)]
    plain = normalise(text)
    # Whose a statement is (我国, 全国, 该省) is checked by the verifier; its names are not new here.
    known = normalise("\n".join([*sources, query.text, *(mention.text for mention in find_regions(plain))]))
    return any(_new_share(clause, known) > ALLOWED for clause in _CLAUSE.split(plain))


def _new_share(clause: str, known: str) -> float:
    own = [w for w in cut(clause) if _HAN_WORD.fullmatch(w) and frequency(w) < COMMON and not _COUNTED.fullmatch(w)]
    new = [word for word in own if word not in known]
    return len(new) / len(own) if own else 0.0
