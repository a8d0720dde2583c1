"""Ingestion of files: only what changed is embedded, nothing is half-indexed, every skipped file says why."""

import hashlib
import os

import numpy as np
import pytest
from small_embedder import SmallEmbedder

from ingest.catalog import Catalog
from ingest.embed import load_embedder
from ingest.errors import InputError, StoreError, UnreadableFileError
from ingest.pipeline import ingest_paths
from ingest.prepare import prepare_document
from ingest.store import open_store
from ingest.walk import find_files

GUIZHOU = "# 贵州简报\n\n贵州规划的数据中心机架超30万个。2025年国内平均利用率约65%。\n"
GUANGDONG = "# 广东简报\n\n广东建成智能工厂100家。\n"


class Shelf:
    """A folder of files with a store beside it."""

    def __init__(self, root):
        self.files, self.store, self.embedder = root / "files", root / "store", SmallEmbedder()
        self.files.mkdir()

    def write(self, name, text):
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def ingest(self, *paths, **options):
        """The summary's counts; afterwards the vectors are exactly the catalogue's chunks."""
        with open_store(self.store, self.embedder.name, self.embedder.dimension, writable=True, wait=0.2) as store:
            summary = ingest_paths([str(path) for path in paths or (self.files,)], store, self.embedder, **options)
            assert set(store._vectors().get(include=[])["ids"]) == store.catalog.chunk_ids()
        self.skipped = {item["source"].rpartition("/")[2]: item["reason"] for item in summary.skipped}
        return summary.added, summary.updated, summary.unchanged, summary.removed

    def texts(self):
        with open_store(self.store) as store:
            return {
                e.source.path.rpartition("/")[2]: store.catalog.document(e.id).text for e in store.catalog.entries()
            }


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.write("a.md", GUIZHOU)
    shelf.write("sub/b.txt", GUANGDONG)
    return shelf


def test_files_are_added_once_and_unchanged_ones_cost_no_embedding(shelf):
    assert shelf.ingest() == (2, 0, 0, 0)
    assert shelf.embedder.calls == 1
    assert shelf.ingest() == shelf.ingest(shelf.files / "a.md", shelf.files) == (0, 0, 2, 0)
    assert shelf.embedder.calls == 1
    assert set(shelf.texts()) == {"a.md", "b.txt"}


def test_only_a_changed_file_is_embedded_again_and_its_old_vectors_go(shelf):
    shelf.ingest()
    shelf.embedder.texts.clear()
    shelf.write("a.md", GUIZHOU.replace("30万", "40万"))
    assert shelf.ingest() == (0, 1, 1, 0)
    assert "40万" in shelf.texts()["a.md"] and "30万" not in shelf.texts()["a.md"]
    assert len(shelf.embedder.texts) == 1 and "40万" in shelf.embedder.texts[0]


def test_a_new_pipeline_reads_every_file_once_more(shelf, monkeypatch):
    shelf.ingest()
    monkeypatch.setattr("ingest.pipeline.PIPELINE", 10_000)
    monkeypatch.setattr("ingest.prepare.PIPELINE", 10_000)
    assert shelf.ingest() == (0, 2, 0, 0)
    assert shelf.ingest() == (0, 0, 2, 0)


def test_a_file_given_twice_counts_once(shelf):
    assert shelf.ingest(shelf.files, shelf.files / "a.md", shelf.files / "sub" / ".." / "a.md") == (2, 0, 0, 0)


def test_a_crash_before_the_catalogue_keeps_the_old_version_and_the_next_run_heals(shelf, monkeypatch):
    shelf.ingest()
    shelf.write("a.md", GUIZHOU.replace("30万", "40万"))

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Catalog, "put", crash)
        shelf.ingest()
    assert "30万" in shelf.texts()["a.md"]
    assert shelf.ingest() == (0, 1, 1, 0)
    assert "40万" in shelf.texts()["a.md"]


def test_a_failing_embedder_changes_nothing(shelf, monkeypatch):
    shelf.ingest()
    shelf.write("a.md", GUIZHOU + "\n再加一句。\n")
    monkeypatch.setattr(shelf.embedder, "embed_passages_with_spans", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shelf.ingest()
    assert "再加一句" not in shelf.texts()["a.md"]


def test_gone_files_stay_until_pruned_and_only_under_the_given_folder(shelf):
    shelf.ingest()
    (shelf.files / "a.md").unlink()
    (shelf.files / "sub" / "b.txt").unlink()
    shelf.write("c.md", "# 丙\n\n湖北有企业。\n")
    assert shelf.ingest() == (1, 0, 0, 0)
    assert shelf.ingest(shelf.files / "c.md", prune=True) == (0, 0, 1, 0)
    assert shelf.ingest(shelf.files / "sub", prune=True) == (0, 0, 0, 1)
    assert set(shelf.texts()) == {"a.md", "c.md"}
    assert shelf.ingest(prune=True) == (0, 0, 1, 1)
    assert set(shelf.texts()) == {"c.md"}


def test_a_moved_file_takes_its_place_along(shelf):
    shelf.ingest()
    (shelf.files / "a.md").rename(shelf.files / "renamed.md")
    assert shelf.ingest() == (1, 0, 1, 1)
    assert set(shelf.texts()) == {"renamed.md", "b.txt"}


def test_the_same_content_twice_is_skipped_with_its_twin_named(shelf):
    shelf.write("copy.md", GUIZHOU)
    assert shelf.ingest() == (2, 0, 0, 0)
    assert "a.md 内容完全相同" in shelf.skipped["copy.md"]


def test_a_file_that_becomes_a_copy_loses_its_former_content(shelf):
    shelf.ingest()
    shelf.write("sub/b.txt", GUIZHOU)
    assert shelf.ingest() == (0, 0, 1, 1)
    assert set(shelf.texts()) == {"a.md"}
    shelf.write("sub/b.txt", GUANGDONG)
    assert shelf.ingest() == (1, 0, 1, 0)


def test_two_files_that_swap_their_contents_are_both_updated(shelf):
    shelf.ingest()
    shelf.write("a.md", GUANGDONG)
    shelf.write("sub/b.txt", GUIZHOU)
    assert shelf.ingest() == (0, 2, 0, 0)
    assert "广东" in shelf.texts()["a.md"] and "贵州" in shelf.texts()["b.txt"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("e.md", b"", "文件是空的"), ("e.md", b" \r\n\t", "文件是空的"), ("e.txt", b"\0\1\2\3" * 90, "二进制"), ("e.bin", b"text", "暂不支持 .bin"),
        ("e.xlsx", b"PK", "Excel 文件不完整或已损坏"), ("e.docx", b"PK", ""), ("e.md", "---\ntitle: 只有头\n---\n".encode(), "没有正文"), ("e.html", b"<html><body><script>1</script></body></html>", "没有正文"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_skipped_with_a_reason_and_the_rest_goes_on(shelf, name, content, reason):
    shelf.write(name, content)
    assert shelf.ingest() == (2, 0, 0, 0)
    assert list(shelf.skipped) == [name] and reason in shelf.skipped[name]


def test_a_broken_link_is_skipped_and_hidden_files_are_passed_over(shelf):
    (shelf.files / "k.md").symlink_to(shelf.files / "nowhere")
    shelf.write(".hidden.md", "# 藏\n\n藏着。")
    shelf.write(".git/x.md", "# 藏\n\n藏着。")
    assert shelf.ingest() == (2, 0, 0, 0)
    assert list(shelf.skipped) == ["k.md"]


def test_a_name_in_gbk_bytes_and_one_that_steers_the_terminal_are_ingested(shelf):
    with open(os.fsencode(shelf.files) + "/数据办法.txt".encode("gbk"), "w", encoding="utf-8") as file:
        file.write("贵州的机架超30万个。")
    shelf.write("x\x1b[31m.txt", "遵义的机架超10万个。")
    assert shelf.ingest() == (4, 0, 0, 0) and shelf.ingest(prune=True) == (0, 0, 4, 0)
    with open_store(shelf.store) as store:
        titles = [title for _, title in store.catalog.titles()]
    assert "数据办法" in titles and not any("\x1b" in title for title in titles)


def test_an_emptied_file_keeps_its_last_text_and_the_summary_says_so(shelf):
    """Nothing is lost by a file that cannot be read for now, and nothing stale is served in silence."""
    shelf.ingest()
    shelf.write("a.md", b"")
    shelf.ingest()
    assert set(shelf.texts()) == {"a.md", "b.txt"}
    assert list(shelf.skipped) == ["a.md"] and "索引中仍是上次导入的内容" in shelf.skipped["a.md"]


@pytest.mark.parametrize("given", ["", "  ", "does/not/exist"])
def test_a_wrong_path_is_told_before_anything_changes(shelf, given):
    with pytest.raises(InputError) as caught:
        shelf.ingest(shelf.files, given)
    assert caught.value.exit_code == 2 and caught.value.hint
    assert shelf.embedder.calls == 0 and shelf.texts() == {}


def test_another_embedder_is_refused(shelf):
    shelf.ingest()
    shelf.embedder.name = "other"
    with pytest.raises(StoreError):
        shelf.ingest()


def test_progress_counts_files(shelf):
    seen = []
    shelf.ingest(on_progress=lambda done, total, name: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_files_come_in_order_with_the_name_as_given(shelf, monkeypatch):
    monkeypatch.chdir(shelf.files.parent)
    assert [found.name for found in find_files(["files", "files/a.md"])] == [
        "files/a.md",
        "files/sub/b.txt",
        "files/a.md",
    ]


def test_a_document_knows_its_source_and_its_ids_change_with_its_content(shelf):
    path = shelf.files / "a.md"
    document, chunks = prepare_document(path, "given/a.md")
    assert document.source.path == "given/a.md" and document.source.title == "贵州简报"
    assert document.source.sha256 == hashlib.sha256(GUIZHOU.encode()).hexdigest()
    assert document.source.regions == ("520000",)
    shelf.write("a.md", GUIZHOU + "又一句。\n")
    again, new = prepare_document(path, "given/a.md")
    assert again.id == document.id and {c.id for c in chunks}.isdisjoint(c.id for c in new)
    with pytest.raises(UnreadableFileError):
        prepare_document(shelf.write("e.md", b""), "e.md")


def test_many_chunks_are_embedded_in_batches(shelf):
    for number in range(5):
        shelf.write(f"n{number}.md", "\n\n".join(f"第{i}段（{number}）" + "数据" * 200 + "。" for i in range(40)))
    assert shelf.ingest() == (7, 0, 0, 0)
    assert shelf.embedder.calls > 2
    assert shelf.ingest()[2] == 7


def test_the_bundled_model_finds_what_was_ingested(sample_store):
    embedder = load_embedder()
    with open_store(sample_store, embedder.name, embedder.dimension) as store:
        documents, chunks = store.catalog.count()
        assert documents == 16 and chunks == store._vectors().count() > 30
        (vector,) = embedder.embed_queries(["数据中心机架有多少个"])
        best = store.nearest(np.asarray(vector), 3)
        held = store.catalog.chunks([key for key, _ in best])
        assert any("机架" in chunk.text for chunk, _ in held.values())
        sentences = [(chunk, matrix) for chunk, matrix in held.values()]
        assert all(matrix.shape == (len(chunk.sentences), 384) for chunk, matrix in sentences)
        entry = next(e for e in store.catalog.entries() if e.source.path.endswith("01_guizhou.md"))
        assert (entry.source.regions, entry.source.tier) == (("520000",), "自媒体")
