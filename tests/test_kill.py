"""kill -9 at random points of an ingestion: what was reported stays, nothing is half there, the next run finishes."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_embedder import SmallEmbedder

from ingest.pipeline import ingest_paths
from ingest.store import open_store

REPO = Path(__file__).resolve().parent.parent
FILES, ROUNDS = 40, 12
# A child that says which document is published, as it is.
CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from small_embedder import SmallEmbedder
import ingest.pipeline
from ingest.store import Store, open_store
ingest.batch.BATCH_CHUNKS = 4
put = Store.put
def said(self, document, entry, *rest):
    put(self, document, entry, *rest)
    print(entry.key, entry.version, flush=True)
Store.put = said
embedder = SmallEmbedder()
with open_store(Path(sys.argv[1]), embedder.name, embedder.dimension, writable=True) as store:
    print("open", flush=True)
    ingest.pipeline.ingest_paths([sys.argv[2]], store, embedder, prune=True)
print("end", flush=True)
"""


def write(files, number, edition):
    lines = "".join(
        f"第{n}条 第{number}市到20{27 + n}年建成机架{number * 100 + n}万个，第{edition}版。\n\n" for n in range(6)
    )
    (files / f"{number:02d}.md").write_text(f"# 第{number}市办法\n\n{lines}", encoding="utf-8")


def state(folder):
    """Everything a user can see, and the proof that vectors and catalogue agree."""
    embedder = SmallEmbedder()
    with open_store(folder, embedder.name, embedder.dimension, writable=True) as store:
        ids = store.catalog.chunk_ids()
        assert set(store._vectors().get(include=[])["ids"]) == ids
        for entry in store.catalog.entries():
            chunks = store.catalog.chunks(store.catalog.neighbours(entry.id))
            text = store.catalog.document(entry.id).text
            assert len(chunks) == entry.chunks and all(text[c.start : c.end] == c.text for c, _ in chunks.values())
        # Every vector can be found again by its own text: none was lost from the index of neighbours.
        for chunk_id, (chunk, _) in list(store.catalog.chunks(ids).items())[:40]:
            vector = store._vectors().get(ids=[chunk_id], include=["embeddings"])["embeddings"][0]
            assert store.nearest(vector, 1)[0][1] > 0.999, chunk.text
        return {entry.key: entry.version for entry in store.catalog.entries()}


@pytest.mark.parametrize("seed", [pytest.param(1, marks=pytest.mark.full), 2])
def test_killed_at_random_points_nothing_reported_is_lost_and_the_next_run_finishes(tmp_path, seed):
    dice, files, folder = random.Random(seed), tmp_path / "files", tmp_path / "store"
    files.mkdir()
    for number in range(FILES):
        write(files, number, 1)
    killed = 0
    for edition in range(2, 2 + ROUNDS // 2):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), str(files), str(REPO / "tests")],
            cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
        )  # fmt: skip
        assert process.stdout.readline() == "open\n"
        # Some rounds die at once, some after a while of writing, some in the middle of a batch.
        published, wanted = [], dice.randrange(0, FILES)
        while len(published) < wanted and (line := process.stdout.readline()) not in ("", "end\n"):
            published.append(line.split())
        time.sleep(dice.random() * 0.02)
        process.kill()
        rest = process.stdout.read().split("\n")
        process.wait()
        killed += process.returncode == -9
        published += [
            line.split() for line in rest if line.count(" ") == 1 and line.endswith(tuple("0123456789abcdef"))
        ]
        found = state(folder)
        for key, version in published:
            assert found.get(key) == version, "a reported document is gone"
        for number in dice.sample(range(FILES), 5):
            write(files, number, edition)
    assert killed >= ROUNDS // 3
    embedder = SmallEmbedder()
    with open_store(folder, embedder.name, embedder.dimension, writable=True) as store:
        ingest_paths([str(files)], store, embedder, prune=True)
    with open_store(tmp_path / "fresh", embedder.name, embedder.dimension, writable=True) as store:
        ingest_paths([str(files)], store, embedder)
    assert json.dumps(sorted(state(folder).items())) == json.dumps(sorted(state(tmp_path / "fresh").items()))
