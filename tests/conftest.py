"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# In CI the examples are the same in every run, so that a failure there can be made again; elsewhere they vary and find more.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
    settings.load_profile("ci")

REPO = Path(__file__).resolve().parent.parent


def _material(env: str, folder: str) -> Path:
    path = Path(os.environ.get(env, REPO.parent / "shared" / folder))
    if not path.is_dir():
        reason = f"test material absent: {folder} (set {env})"
        if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """Official texts kept beside the repository; absent for most users."""
    return _material("POLICYQA_TEST_CORPUS", "corpus")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Public Chinese question-answering sets kept beside the repository; absent for most users."""
    return _material("POLICYQA_TEST_DATA", "data")


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory) -> Path:
    """Folder of a store that holds the bundled sample corpus, made by the real embedder. Open it for reading only."""
    from ingest.embed import load_embedder
    from ingest.pipeline import ingest_paths
    from ingest.store import open_store

    folder = tmp_path_factory.mktemp("sample") / "store"
    embedder = load_embedder()
    with open_store(folder, embedder.name, embedder.dimension, writable=True) as store:
        summary = ingest_paths([str(REPO / "eval" / "suites" / "sample" / "corpus")], store, embedder)
    assert summary.added > 10 and not summary.skipped
    return folder


@pytest.fixture(scope="session")
def api(sample_store, tmp_path_factory):
    """The whole server over the sample corpus: address, engine, library."""
    from api_server import sample_app, served

    folder = tmp_path_factory.mktemp("library")
    with sample_app(sample_store, folder) as (app, engine, library), served(app) as address:
        yield address, engine, library
