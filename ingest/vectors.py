"""Chunks to vectors and search words: what the store wants beside the chunks themselves."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.embed import Embedder, OnnxEmbedder, Vectors
from ingest.lexical import words
from ingest.types import Chunk, Document

OnEmbedded = Callable[[int, int], None]  # chunks embedded, chunks in all


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors [n, d] of n chunks, the vectors [k, d] of each one's k sentences, and each one's words, space-joined.

    `tokens` are each one's packed token vectors (ingest.tokens); the bundled embedder alone gives them.
    """

    vectors: Vectors
    sentence_vectors: list[Vectors]
    words: list[str]
    tokens: Sequence[bytes] = ()


def embed_chunks(
    documents: Iterable[tuple[Document, Sequence[Chunk]]], embedder: Embedder, on_embedded: OnEmbedded | None = None
) -> Embedded:
    """Embed the chunks of some documents in one go, each under its title and headings."""
    texts: list[str] = []
    spans: list[list[tuple[int, int]]] = []
    for document, chunks in documents:
        for chunk in chunks:
            text = chunk.embed_text(document.source.title)
            shift = len(text) - len(chunk.text) - chunk.start
            texts.append(text)
            spans.append([(s.start + shift, s.end + shift) for s in chunk.sentences])
    if not texts:
        return Embedded(np.empty((0, embedder.dimension), dtype=np.float32), [], [])
    tokens: Sequence[bytes] = ()
    told = (lambda done: on_embedded(done, len(texts))) if on_embedded else None
    if isinstance(embedder, OnnxEmbedder):
        vectors, sentence_vectors, tokens = embedder.embed_passages_with_tokens(texts, spans, told)
    else:
        vectors, sentence_vectors = embedder.embed_passages_with_spans(texts, spans, told)
    return Embedded(vectors, sentence_vectors, [" ".join(words(text, keep_stop_words=True)) for text in texts], tokens)


def embed_documents(
    documents: Sequence[tuple[Document, Sequence[Chunk]]], embedder: Embedder, on_embedded: OnEmbedded | None = None
) -> list[Embedded]:
    """Embed the chunks of some documents in one go; return what belongs to each."""
    whole, parts, at = embed_chunks(documents, embedder, on_embedded), [], 0
    for _, chunks in documents:
        own = slice(at, at + len(chunks))
        parts.append(Embedded(whole.vectors[own], whole.sentence_vectors[own], whole.words[own], whole.tokens[own]))
        at += len(chunks)
    return parts
