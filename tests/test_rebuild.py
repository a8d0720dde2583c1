"""Another embedding model: the store is made anew beside the old one and swapped; a cut rebuild goes on."""

import pytest
from small_embedder import SmallEmbedder

from ingest.catalog import Catalog
from ingest.errors import StoreError
from ingest.pipeline import ingest_paths
from ingest.rebuild import rebuild_for
from ingest.store import current, open_store


class OtherEmbedder(SmallEmbedder):
    name, dimension = "other/16", 16


@pytest.fixture
def folder(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for number in range(5):
        (files / f"{number}.md").write_text(f"# 第{number}号简报\n\n贵州机架超{number + 30}万个。\n", encoding="utf-8")
    embedder, store = SmallEmbedder(), tmp_path / "store"
    with open_store(store, embedder.name, embedder.dimension, writable=True) as opened:
        ingest_paths([str(files)], opened, embedder)
    return store


def contents(folder, embedder):
    with open_store(folder, embedder.name, embedder.dimension) as store:
        assert set(store._vectors().get(include=[])["ids"]) == store.catalog.chunk_ids()
        (best, score), *_ = store.nearest(embedder.embed_queries([next(iter(store.catalog.chunk_ids()))])[0], 3)
        assert best in store.catalog.chunk_ids() and -1.01 <= score <= 1.01
        for _, (chunk, matrix) in store.catalog.chunks(store.catalog.chunk_ids()).items():
            assert matrix.shape == (len(chunk.sentences), embedder.dimension)
        return [(e.key, e.version, e.chunks, store.catalog.document(e.id)) for e in store.catalog.entries()]


def test_a_store_is_rebuilt_for_another_model_and_back(folder):
    before, notes = contents(folder, SmallEmbedder()), []
    assert rebuild_for(folder, SmallEmbedder()) is False
    assert rebuild_for(folder, OtherEmbedder(), notes.append) is True
    assert contents(folder, OtherEmbedder()) == before and "other/16" in notes[0] and "5 份" in notes[0]
    assert not (folder / "catalog.sqlite3").exists() and not (folder / "chroma").exists()
    with pytest.raises(StoreError, match="other/16"), open_store(folder, "small/8", 8):
        pass
    assert rebuild_for(folder, SmallEmbedder()) is True
    assert contents(folder, SmallEmbedder()) == before
    assert [path.name for path in folder.iterdir() if path.name.startswith("gen-")] == [current(folder).name]


def test_a_rebuild_that_is_cut_off_leaves_the_old_store_and_goes_on(folder, monkeypatch):
    before, puts, real = contents(folder, SmallEmbedder()), [], Catalog.put

    def fails_third(self, *arguments):
        puts.append(1)
        if len(puts) == 3:
            raise KeyboardInterrupt
        return real(self, *arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Catalog, "put", fails_third)
        rebuild_for(folder, OtherEmbedder())
    assert contents(folder, SmallEmbedder()) == before
    embedder = OtherEmbedder()
    assert rebuild_for(folder, embedder) is True
    assert embedder.calls == 3  # the two that were done are not embedded again
    assert contents(folder, embedder) == before


def test_no_store_and_a_store_in_use(folder, tmp_path):
    assert rebuild_for(tmp_path / "none", SmallEmbedder()) is False and not (tmp_path / "none").exists()
    with open_store(folder, "small/8", 8), pytest.raises(StoreError, match="正被另一进程使用"):
        rebuild_for(folder, OtherEmbedder(), wait=0.1)
