"""The store: one writer, many readers, catalogue and vectors that never disagree, refusals in one line."""

import hashlib
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_embedder import SmallEmbedder

from ingest.catalog import Catalog
from ingest.errors import StoreError
from ingest.records import Entry
from ingest.store import open_store
from ingest.types import Block, Chunk, Document, Figure, Sentence, Source

REPO = Path(__file__).resolve().parent.parent
EMBEDDER = SmallEmbedder()


def opened(folder, writable=False, wait=0.2, model=EMBEDDER.name, dimension=EMBEDDER.dimension):
    return open_store(folder, model, dimension, writable, wait)


def document(number=1, texts=("贵州有机架30万个。", "利用率约65%。"), regions=("520000",)):
    text = "\n".join(texts)
    chunks, at = [], 0
    for index, part in enumerate(texts):
        figure = Figure(30.0, "个", "30万个", at + 5, at + 9, comparator="超", scopes=regions, value_high=40.0)
        sentence = Sentence(at, at + len(part), regions, (figure,))
        chunks.append(
            Chunk(f"d{number}-v1:{index}", f"d{number}", part, at, at + len(part), (sentence,), ("标题",), 3, regions)
        )
        at += len(part) + 1
    source = Source(f"files/{number}.md", f"{number:064d}", f"题{number}", regions=regions, repairs=("pinyin-gloss",))
    return Document(f"d{number}", source, text, (Block("paragraph", 0, len(text), ("标题",), 3),)), tuple(chunks)


def entry(doc, chunks, added="2026-01-01", key="/key/1"):
    return Entry(
        doc.id, key, key, "v", 1, doc.source, doc.health, len(chunks), len(doc.text), added, "", np.empty(0, np.uint64)
    )  # fmt: skip


def put(store, number=1, **changes):
    doc, chunks = document(number, **changes)
    vectors = EMBEDDER.embed_queries([c.text for c in chunks])
    words = [" ".join(c.text) for c in chunks]
    store.add_vectors(chunks, vectors)
    store.put(
        doc,
        entry(doc, chunks, f"2026-01-0{number}", f"/key/{number}"),
        chunks,
        words,
        [vectors[i : i + 1].astype(np.float16) for i in range(len(chunks))],
    )
    return doc, chunks


def vector_ids(store):
    return set(store._vectors().get(include=[])["ids"])


@pytest.fixture
def folder(tmp_path):
    with opened(tmp_path / "store", writable=True) as store:
        put(store)
    return tmp_path / "store"


def test_what_goes_in_comes_out(folder):
    doc, chunks = document()
    with opened(folder) as store:
        assert store.catalog.document("d1") == doc
        assert store.catalog.count() == (1, 2)
        held = store.catalog.chunks(["d1-v1:1", "d1-v1:0", "unknown"])
        assert {key: chunk for key, (chunk, _) in held.items()} == {c.id: c for c in chunks}
        assert held["d1-v1:0"][1].shape == (1, 8) and held["d1-v1:0"][1].dtype == np.float16
        assert store.catalog.neighbours("d1") == ["d1-v1:0", "d1-v1:1"]
        assert [e.chars for e in store.catalog.entries()] == [len(doc.text)]
        assert store.catalog.document("nothing") is None and store.catalog.entry("nothing") is None


def test_nearest_gives_cosines_and_can_be_narrowed_to_regions(tmp_path):
    with opened(tmp_path / "s", writable=True) as store:
        put(store, 1)
        put(store, 2, texts=("广东有工厂100家。",), regions=("440000", "440300"))
        vector = EMBEDDER.embed_queries(["广东有工厂100家。"])[0]
        found = store.nearest(vector, 5)
        assert found[0][0] == "d2-v1:0" and found[0][1] == pytest.approx(1.0, abs=1e-5)
        assert len(found) == 3
        assert [key for key, _ in store.nearest(vector, 5, ("440300",))] == ["d2-v1:0"]
        assert {key for key, _ in store.nearest(vector, 5, ("440300", "520000"))} == {"d1-v1:0", "d1-v1:1", "d2-v1:0"}
        assert store.nearest(vector, 5, ("110000",)) == []
        assert store.catalog.region_counts() == {"520000": 2, "440000": 1, "440300": 1}


def test_word_search_ranks_narrows_and_survives_any_word(folder):
    with opened(folder) as store:
        assert [key for key, _ in store.catalog.search_words(["架"], 5)] == ["d1-v1:0"]
        assert store.catalog.search_words(["架"], 5, ("440000",)) == []
        assert store.catalog.search_words([], 5) == []
        for odd in ('"', "' OR", "NEAR(", "a*", "-", "body:x", ""):
            assert store.catalog.search_words([odd, "架"], 5)[0][0] == "d1-v1:0"
        assert store.catalog.document_frequencies(["架", "约", "无此字"]) == {"架": 1, "约": 1}


def test_replacing_a_document_leaves_nothing_of_the_old_one(folder):
    with opened(folder, writable=True) as store:
        doc, chunks = document(texts=("全新的一句。",))
        fresh = tuple(replace(c, id="d1-v2:0") for c in chunks)
        vectors = EMBEDDER.embed_queries(["全新的一句。"])
        store.add_vectors(fresh, vectors)
        store.put(doc, entry(doc, fresh), fresh, ["新"], [vectors.astype(np.float16)])
        assert vector_ids(store) == store.catalog.chunk_ids() == {"d1-v2:0"}
        assert store.catalog.search_words(["架"], 5) == []
        assert store.remove("d1") is True and store.remove("d1") is False
        assert vector_ids(store) == store.catalog.chunk_ids() == set() and store.catalog.region_counts() == {}


def test_a_crash_between_vectors_and_catalogue_serves_the_old_version_and_is_swept(folder, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    doc, chunks = document(texts=("改过的一句。",))
    fresh = tuple(replace(c, id="d1-v2:0") for c in chunks)
    vectors = EMBEDDER.embed_queries(["改过的一句。"])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt), opened(folder, writable=True) as store:
        patched.setattr(Catalog, "put", crash)
        store.add_vectors(fresh, vectors)
        store.put(doc, entry(doc, fresh), fresh, ["w"], [vectors.astype(np.float16)])
    with opened(folder) as store:  # readers see the old version, whole
        assert store.catalog.document("d1") == document()[0]
        assert store.catalog.chunk_ids() == {"d1-v1:0", "d1-v1:1"} < vector_ids(store)
    with opened(folder, writable=True) as store:
        assert vector_ids(store) == store.catalog.chunk_ids() == {"d1-v1:0", "d1-v1:1"}
        assert store.sweep() == 0


def test_a_failed_transaction_rolls_back_whole(folder):
    doc, chunks = document()
    twice = (chunks[0], chunks[0])  # the second row breaks the unique id
    matrix = np.zeros((1, 8), np.float16)
    with opened(folder, writable=True) as store:
        with pytest.raises(Exception, match="UNIQUE"):
            store.catalog.put(doc, entry(doc, twice), twice, ["a", "b"], [matrix, matrix])
        assert store.catalog.document("d1") == doc and store.catalog.count() == (1, 2)
        assert store.catalog.search_words(["架"], 5)


@pytest.mark.parametrize(("model", "dimension"), [("other/8", 8), (EMBEDDER.name, 16)])
@pytest.mark.parametrize("writable", [False, True])
def test_another_model_is_refused(folder, model, dimension, writable):
    with (
        pytest.raises(StoreError, match=r"向量模型 small/8（8 维）建立.*policyqa ingest") as caught,
        opened(folder, writable, model=model, dimension=dimension),
    ):
        pass
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


def test_listing_needs_no_model(folder):
    with open_store(folder) as store:
        assert store.catalog.count() == (1, 2)


def test_an_absent_store_is_told_and_not_made(tmp_path):
    with pytest.raises(StoreError, match=r"没有找到索引.*policyqa ingest") as caught, opened(tmp_path / "none"):
        pass
    assert caught.value.exit_code == 2 and not (tmp_path / "none").exists()


@pytest.mark.parametrize("writable", [False, True])
@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_catalogue_is_told(folder, content, writable):
    (folder / "catalog.sqlite3").write_bytes(content)
    with pytest.raises(StoreError, match="索引文件已损坏") as caught, opened(folder, writable):
        pass
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


def test_an_empty_catalogue_and_another_format_are_told(folder):
    with opened(folder, writable=True) as store:
        store.catalog.set_meta("format", "99")
    with pytest.raises(StoreError, match="格式版本是 99"), opened(folder):
        pass
    (folder / "catalog.sqlite3").write_bytes(b"")
    with pytest.raises(StoreError), opened(folder):
        pass


def test_damaged_vectors_are_told(folder):
    (folder / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError), opened(folder, writable=True) as store:
        put(store, 2)


HOLDER = """
import sys
from pathlib import Path
from ingest.store import open_store
with open_store(Path(sys.argv[1]), "small/8", 8, writable=sys.argv[2] == "write", wait=0.2) as store:
    print(store.catalog.count()[1], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold():
    """Start another process that holds a store open for "read" or "write" until the test ends."""
    started = []

    def start(folder, how):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), how], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate("", timeout=60)


def test_a_second_process_is_refused_in_one_line_while_a_writer_holds_the_store(folder, hold):
    writer = hold(folder, "write")
    assert writer.stdout.readline().strip() == "2"
    for writable in (True, False):
        with (
            pytest.raises(StoreError, match=f"正被另一进程使用（进程 {writer.pid}") as caught,
            opened(folder, writable),
        ):
            pass
        assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    writer.communicate("", timeout=60)
    with opened(folder, writable=True) as store:  # let go at its end, and no owner left behind
        assert store.catalog.count()[1] == 2
    assert not (folder / "owner.json").exists()


def test_a_killed_writer_leaves_no_lock(folder, hold):
    writer = hold(folder, "write")
    assert writer.stdout.readline()
    writer.kill()
    writer.wait(timeout=60)
    with opened(folder, writable=True) as store:
        assert store.catalog.count()[1] == 2


def test_readers_share_and_keep_a_writer_out(folder, hold):
    reader = hold(folder, "read")
    assert reader.stdout.readline().strip() == "2"
    with opened(folder) as store:
        assert store.catalog.count()[1] == 2
    with pytest.raises(StoreError, match="正被另一进程使用"), opened(folder, writable=True):
        pass


def test_a_refused_process_prints_no_traceback(folder, hold):
    assert hold(folder, "write").stdout.readline()
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from app.cli import main
        sys.exit(main(["docs", "list", "--store", sys.argv[1]]))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=REPO,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.strip().count("\n") == 0 and done.stderr.startswith("错误：")


def digests(folder):
    """The catalogue's files. Chroma rewrites some bytes of its own whenever it is opened; its rows are checked instead."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("catalog*")}


def test_reading_changes_nothing(folder):
    before = digests(folder)
    vector = EMBEDDER.embed_queries(["机架"])[0]
    for _ in range(2):
        with opened(folder) as one, opened(folder) as other:
            assert len(one.nearest(vector, 2)) == len(other.nearest(vector, 2, ("520000",))) == 2
            assert one.catalog.search_words(["架"], 2)
    assert digests(folder) == before
    with opened(folder) as store:
        assert vector_ids(store) == store.catalog.chunk_ids()


def test_a_store_opened_again_sees_what_another_process_wrote(folder):
    """Chroma keeps a folder's state for the whole process; a store that is closed must let go of it."""
    vector = EMBEDDER.embed_queries(["机架"])[0]
    with opened(folder) as store:
        assert len(store.nearest(vector, 9)) == 2
    writer = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests'); import test_store\n"
        "with test_store.opened(Path(sys.argv[1]), writable=True) as store: test_store.put(store, 7)\n"
    )
    subprocess.run([sys.executable, "-c", writer, str(folder)], cwd=REPO, check=True, timeout=60)
    with opened(folder) as store:
        assert {chunk_id for chunk_id, _ in store.nearest(vector, 9)} == store.catalog.chunk_ids()
        assert len(store.catalog.chunk_ids()) == 4


def test_a_reader_rolls_back_what_a_killed_writer_began(folder):
    killed = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 2')\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "db.execute('UPDATE chunks SET text = text || hex(randomblob(30000))')\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(folder / "catalog.sqlite3")], check=False, timeout=60)
    assert (folder / "catalog.sqlite3-journal").stat().st_size > 0
    with opened(folder) as store:
        assert max(len(chunk.text) for chunk, _ in store.catalog.chunks(store.catalog.chunk_ids()).values()) < 30_000
