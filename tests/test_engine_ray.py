"""Ingestion on a real Ray cluster of this machine: the same store as without it, and workers that die."""

import importlib.util
import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from small_embedder import SmallEmbedder

import app.cli
from ingest.engine_ray import reading_on_ray
from ingest.errors import InputError, MissingPartError
from ingest.pipeline import ingest_paths
from ingest.store import open_store

REPO = Path(__file__).resolve().parent.parent


class Fatal(SmallEmbedder):
    """Kills its process at a text with 致命, and at one with 一次致命 only the first time."""

    def __init__(self, folder):
        super().__init__()
        self.mark = Path(folder) / "died"

    def embed_passages_with_spans(self, texts, spans, on_progress=None):
        for text in texts:
            if "一次致命" in text and not self.mark.exists():
                self.mark.touch()
                os._exit(1)
            if "总是致命" in text:
                os._exit(1)
        return super().embed_passages_with_spans(texts, spans, on_progress)


@pytest.fixture(scope="module")
def cluster():
    if importlib.util.find_spec("ray") is None:
        if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
            pytest.fail("ray is absent")
        pytest.skip("ray is absent: pip install 'policyqa[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(REPO), str(REPO / "tests")]))  # of the workers
        import ray

        ray.init(
            address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=128 << 20
        )
        yield
        ray.shutdown()


def write_files(folder):
    """30 files: short, long (several groups), one kept twice, one unreadable."""
    folder.mkdir()
    dice = random.Random(3)
    for number in range(28):
        articles = 900 if number == 4 else dice.randrange(1, 9)
        lines = "".join(
            f"第{n}条 第{number}市到20{27 + n % 9}年建成机架{number * 100 + n}万个。\n\n" for n in range(articles)
        )
        (folder / f"{number:02d}.md").write_text(f"# 第{number}市办法\n\n{lines}", encoding="utf-8")
    (folder / "copy.md").write_bytes((folder / "03.md").read_bytes())
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    return folder


def ingest(files, folder, embedder=None, load=None):
    embedder = embedder or SmallEmbedder()
    with open_store(folder, embedder.name, embedder.dimension, writable=True) as store:
        if load is None:
            return ingest_paths([str(files)], store, embedder)
        with reading_on_ray(load, embedder) as read:
            return ingest_paths([str(files)], store, embedder, prune=True, read=read)


def contents(folder):
    """All of a store but the times: entries, texts, chunks, words found, vectors of sentences and of chunks."""
    with open_store(folder) as store:
        catalog = store.catalog
        rows = store._vectors().get(include=["embeddings", "documents"])
        vectors = dict(zip(rows["ids"], rows["embeddings"], strict=True))
        found = {}
        for entry in catalog.entries():
            chunks = catalog.chunks(catalog.neighbours(entry.id))
            found[entry.key] = (entry.version, entry.same_as, entry.chunks, catalog.document(entry.id),
                                [chunk for chunk, _ in chunks.values()])  # fmt: skip
            for chunk_id, (_, matrix) in chunks.items():
                vectors[f"{chunk_id}:sentences"] = matrix.astype(np.float32).ravel()
        return found, vectors, catalog.search_words(["机架", "建成"], 500)


def counts(summary):
    return summary.added, summary.updated, summary.unchanged, summary.removed, summary.chunks, summary.chars


def test_the_same_store_as_without_it(cluster, tmp_path):
    files = write_files(tmp_path / "files")
    here = ingest(files, tmp_path / "here")
    there = ingest(files, tmp_path / "there", load=SmallEmbedder)
    assert counts(there) == counts(here) and here.added == 28 and here.chunks > 100
    assert {s["source"]: s["reason"] for s in there.skipped} == {s["source"]: s["reason"] for s in here.skipped}
    assert len(there.skipped) == 2 and there.linked == here.linked
    (found, vectors, words), (other, others, other_words) = contents(tmp_path / "here"), contents(tmp_path / "there")
    assert other == found and list(other) == list(found) and sorted(other_words) == sorted(words)
    assert others.keys() == vectors.keys()
    assert all(np.abs(others[key] - vectors[key]).max() <= 1e-5 for key in vectors)
    assert ingest(files, tmp_path / "there", load=SmallEmbedder).unchanged == 28


@pytest.mark.full
def test_no_file_is_lost_when_each_is_done_at_once(cluster, tmp_path):
    (tmp_path / "files").mkdir()
    for number in range(150):
        (tmp_path / "files" / f"{number}.md").write_text(f"第{number}市机架超{number}万个。", encoding="utf-8")
    assert ingest(tmp_path / "files", tmp_path / "store", load=SmallEmbedder).added == 150


def test_the_bundled_model_gives_the_same_vectors(cluster, tmp_path):
    from ingest.embed import load_embedder

    files = tmp_path / "files"
    files.mkdir()
    for number in range(3):
        (files / f"{number}.md").write_text(
            f"# 第{number}号\n\n贵州机架超{number + 30}万个。\n\n利用率约65%。", encoding="utf-8"
        )
    embedder = load_embedder()
    ingest(files, tmp_path / "here", embedder)
    assert ingest(files, tmp_path / "there", embedder, partial(load_embedder, threads=1)).added == 3
    (found, vectors, _), (other, others, _) = contents(tmp_path / "here"), contents(tmp_path / "there")
    assert other == found and all(np.abs(others[key] - vectors[key]).max() <= 1e-5 for key in vectors)


@pytest.mark.full
def test_a_worker_that_dies_is_replaced_and_its_file_tried_again(cluster, tmp_path):
    files = write_files(tmp_path / "files")
    (files / "05.md").write_text("# 一次\n\n这段文字一次致命，机架30万个。\n", encoding="utf-8")
    (files / "06.md").write_text("# 总是\n\n这段文字总是致命，机架30万个。\n", encoding="utf-8")
    summary = ingest(files, tmp_path / "store", load=partial(Fatal, tmp_path))
    assert (tmp_path / "died").exists() and summary.added == 27
    reasons = {Path(item["source"]).name: item["reason"] for item in summary.skipped}
    assert reasons.keys() == {"06.md", "copy.md", "broken.pdf"} and "2 次意外退出" in reasons["06.md"]
    assert "05.md" in {Path(key).name for key in contents(tmp_path / "store")[0]}


@pytest.mark.full
def test_other_workers_and_known_errors_are_told(cluster, tmp_path):
    class Other(SmallEmbedder):
        name, dimension = "other/8", 8

    def broken():
        raise MissingPartError("缺少某部件", "装上它")

    with pytest.raises(InputError, match="与本机不同"), reading_on_ray(Other, SmallEmbedder()):
        pass
    with pytest.raises(MissingPartError, match="缺少某部件（装上它）"), reading_on_ray(broken, SmallEmbedder()):
        pass


def test_the_command_line_starts_and_ends_a_cluster_of_its_own(tmp_path):
    import subprocess
    import sys

    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is absent: pip install 'policyqa[ray]'")
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.md").write_text("# 甲\n\n贵州机架超30万个。\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "app",
        "ingest",
        "files",
        "--engine",
        "ray",
        "--json",
        "--store",
        str(tmp_path / "s"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert '"added": 1' in done.stdout and "Traceback" not in done.stderr and "WARNING" not in done.stderr


def test_ray_absent_and_a_useless_address_are_told(monkeypatch, capsys, tmp_path):
    (tmp_path / "a.md").write_text("贵州机架超30万个。", encoding="utf-8")
    store = ["--store", str(tmp_path / "store")]
    assert app.cli.main(["ingest", str(tmp_path / "a.md"), "--address", "x:1", *store]) == 2
    assert "--engine ray" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert app.cli.main(["ingest", str(tmp_path / "a.md"), "--engine", "ray", *store]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told == '错误：没有安装 Ray（pip install "policyqa[ray]"）'
