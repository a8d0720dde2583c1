"""What a sentence of an answer cites, put together as one piece of evidence for the checks of app.verification."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.types import Evidence, Hit
from eval.corpus import Corpus
from eval.trace import SaidCitation
from ingest.types import Chunk, Sentence, Source


def evidence_of(cited: Sequence[SaidCitation], corpus: Corpus) -> Evidence:
    """Return citations (at least one) as one sentence of evidence: their quotes, a line each, and what ingestion reads there."""
    text, figures, regions = "", [], list[str]()
    for citation in cited:
        shift = len(text) - citation.start
        for read in corpus[citation.source].sentences if citation.source in corpus else ():
            if read.start < citation.end and citation.start < read.end:
                regions += read.regions
                figures += [replace(f, start=f.start + shift, end=f.end + shift) for f in read.figures]
        text += citation.quote + "\n"
    sentence = Sentence(0, len(text), tuple(dict.fromkeys(regions)), tuple(figures))
    source = Source(cited[0].source, "", " ".join(c.title for c in cited), issued=cited[0].date)
    return passage(text, sentence, source)


def passage(text: str, sentence: Sentence, source: Source) -> Evidence:
    """Return a sentence of a text as evidence, without vectors and scores."""
    chunk = Chunk("", "", text, 0, len(text), (sentence,))
    return Evidence(Hit(chunk, np.zeros((1, 1), np.float16), source, 0.0, 0.0, 0.0), sentence, 0.0, 0.0, 0.0)
