"""Token vectors made small enough to keep: what late interaction (MaxSim) compares, in 48 bytes a token.

The bundled model gives every token 384 float32 numbers, 1,536 bytes. Kept are the tokens that carry content (no stop
words, no punctuation), less the mean of all tokens (they share most of their direction), in the 96 directions in which
tokens differ most, as 4-bit numbers of which only the direction counts. Measured on four sets of questions this ranks as well as
the full vectors do (docs/quality.md); `python -m bench.tokens` makes the basis anew.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.lexical import STOP_WORDS, cut, normalise
from ingest.pieces import Span

DIMENSION = 96
BASIS = Path(__file__).parent / "token_basis.npy"  # float16 [1 + 96, 384]: the mean, then the directions
Vectors = npt.NDArray[np.float32]
_LEVELS = 7  # 4 bits: -7..7
_PAIRS = np.array([(byte // 16 - 8, byte % 16 - 8) for byte in range(256)], dtype=np.float32)  # what a byte holds


def content_tokens(offsets: Sequence[Span], text: str) -> list[int]:
    """Indices of the tokens that hold a character of a content word; of all tokens where there is none."""
    bears, at = np.zeros(len(text) + 1, dtype=bool), 0
    for token in cut(text):
        plain = normalise(token)
        bears[at : at + len(token)] = plain not in STOP_WORDS and any(map(str.isalnum, plain))
        at += len(token)
    return [n for n, (start, end) in enumerate(offsets) if bears[start:end].any()] or list(range(len(offsets)))


def reduce(vectors: Vectors, offsets: Sequence[Span], text: str) -> Vectors:
    """The content tokens of a text as unit vectors [n, 96], from the model's [tokens, 384] with their offsets in it."""
    basis = _basis()
    kept = vectors[content_tokens(offsets, text)]
    return _unit((kept - basis[0]) @ basis[1:].T)


def pack(vectors: Vectors, offsets: Sequence[Span], text: str) -> bytes:
    """`reduce`, in 4 bits a number: two numbers a byte, 48 bytes a token."""
    return quantise(reduce(vectors, offsets, text))


def quantise(reduced: Vectors) -> bytes:
    """Unit vectors [n, 96] in 4 bits a number."""
    largest = np.maximum(np.abs(reduced).max(axis=-1, keepdims=True, initial=0), np.float32(1e-12))
    levels = (np.rint(reduced / largest * _LEVELS) + 8).astype(np.uint8)
    return bytes((levels[:, 0::2] << 4 | levels[:, 1::2]).tobytes())


def unpack(data: bytes) -> Vectors:
    """Unit vectors [n, 96] of packed tokens, or of several texts' one behind the other."""
    return _unit(_PAIRS[np.frombuffer(data, dtype=np.uint8)].reshape(-1, DIMENSION))


def max_sim(question: Vectors, texts: Sequence[bytes]) -> Vectors:
    """For each packed text the mean, over the question's tokens [m, 96], of the cosine of the token nearest to it."""
    sizes = [len(text) // (DIMENSION // 2) for text in texts]
    held = [n for n, size in enumerate(sizes) if size]
    scores = np.zeros(len(texts), dtype=np.float32)
    if held and len(question):
        cosines = unpack(b"".join(texts)) @ question.T  # tokens in rows: the maxima below run along memory
        starts = np.cumsum([0, *(sizes[n] for n in held[:-1])])
        scores[held] = np.maximum.reduceat(cosines, starts, axis=0).mean(axis=1)
    return scores


def _unit(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32(1e-12))
    return vectors / lengths


@functools.cache
def _basis() -> Vectors:
    return np.asarray(np.load(BASIS), dtype=np.float32)
