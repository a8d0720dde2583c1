"""Make the basis in which token vectors are kept (ingest/token_basis.npy), from the sample suite's own texts.

    python -m bench.tokens [--out FILE]

The mean of the content tokens' vectors, and the 96 directions in which they vary most about it. A basis of the same size
made from the official texts ranks no better (docs/quality.md), so the texts that come with the project will do.
"""
# ruff: noqa: T201

import argparse
from pathlib import Path

import numpy as np

from eval.gold import find_suite
from ingest.cache import default_cache_dir
from ingest.embed import OnnxEmbedder
from ingest.model import ensure_bundled_model
from ingest.prepare import prepare_document
from ingest.tokens import BASIS, DIMENSION, content_tokens
from ingest.walk import find_files


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=BASIS)
    options = parser.parse_args()
    texts = []
    for found in find_files([str(find_suite("sample").corpus)]):
        document, chunks = prepare_document(found.path, found.path.name)
        texts += [chunk.embed_text(document.source.title) for chunk in chunks]
    embedder = OnnxEmbedder(ensure_bundled_model(default_cache_dir()))
    tokens = [
        vectors[content_tokens(offsets, text)]
        for text, (vectors, offsets) in zip(texts, embedder.token_vectors(texts, "passage"), strict=True)
    ]
    every = np.concatenate(tokens)
    mean = every.mean(axis=0)
    values, directions = np.linalg.eigh((every - mean).T @ (every - mean))
    basis = np.concatenate([mean[None], directions[:, ::-1][:, :DIMENSION].T])
    np.save(options.out, basis.astype(np.float16))
    share = float(values[::-1][:DIMENSION].sum() / values.sum())
    print(f"{len(every)} tokens of {len(texts)} passages; {DIMENSION} directions hold {share:.0%} of their variance")


if __name__ == "__main__":
    main()
