"""An embedder of eight dimensions for tests of the store: fast, deterministic, and it counts how often it is asked."""

import hashlib

import numpy as np


class SmallEmbedder:
    """Texts become unit vectors drawn from their hash; `calls` counts embeddings of passages."""

    name, dimension = "small/8", 8

    def __init__(self):
        self.calls = 0
        self.texts = []

    def _vector(self, text):
        seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
        vector = np.random.default_rng(seed).normal(size=self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)

    def embed_queries(self, texts):
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts, on_progress=None):
        self.calls += 1
        self.texts += texts
        if on_progress:
            on_progress(len(texts))
        return self.embed_queries(texts)

    def embed_passages_with_spans(self, texts, spans, on_progress=None):
        whole = self.embed_passages(texts, on_progress)
        return whole, [
            np.stack([self._vector(text[a:b]) for a, b in inner]) for text, inner in zip(texts, spans, strict=True)
        ]
