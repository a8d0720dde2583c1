"""Questions beside an ingestion: what another connection writes is seen by the next question, and none sees half of it."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.build import open_engine
from app.documents import remove_from
from app.settings import Settings
from ingest.catalog import Catalog
from ingest.errors import StoreError
from ingest.pipeline import ingest_paths
from ingest.store import CATALOG, Store

REPO = Path(__file__).resolve().parent.parent
FIRST = (
    "# 星海市算力券办法\n\n星海市人民政府\n2024年3月1日\n\n第一条 星海市对企业发放算力券，补贴比例为合同金额的20%。\n"
)
SECOND = "# 贵州省月球采矿条例\n\n贵州省人民政府\n2025年3月1日\n\n第一条 贵州省的月球采矿补贴比例为合同金额的37%。《星海市算力券办法》同时废止。\n"


@pytest.fixture
def readers(tmp_path):
    (tmp_path / "first.md").write_text(FIRST, encoding="utf-8")
    (tmp_path / "second.md").write_text(SECOND, encoding="utf-8")
    settings = Settings(store=tmp_path / "store")
    with open_engine(settings, writable=True) as engine:
        engine.ingest([str(tmp_path / "first.md")])
    with open_engine(settings) as engine:
        yield engine, tmp_path


def second_writer(folder, vectors):
    """Another connection to the same folder in this process; the vectors go through the collection that is open."""
    writer = Store(folder, folder, Catalog(folder / CATALOG, writable=True))
    writer._collection = vectors
    return writer


def test_nothing_is_written_but_in_turn(readers, monkeypatch):
    """Who may read some collections only reads by two connections: a write between their reads would wait for the first, the second for it."""
    engine, folder = readers
    written, opened = [], Catalog.__init__

    def note(statement):
        if statement.lstrip().split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE", "REPLACE"}:
            written.append((engine._lock.locked(), statement[:60]))

    def watched(catalog, path, writable, seen=None):
        opened(catalog, path, writable, seen)
        if writable:
            catalog._db.set_trace_callback(note)

    monkeypatch.setattr(Catalog, "__init__", watched)
    engine.ingest([str(folder / "second.md")])
    with engine.writing() as store:
        remove_from(store, engine.entries()[0].id)
    assert written and not [statement for held, statement in written if not held]


def test_what_another_connection_writes_is_in_the_next_answer(readers):
    engine, folder = readers
    catalog = engine.store.catalog
    assert "20%" in engine.ask("星海市算力券补贴比例是多少").text  # every cache is warm now
    before = (catalog.titles(), catalog.count(), catalog.region_counts(), catalog.relations())
    writer = second_writer(folder / "store", engine.store._vectors())
    ingest_paths([str(folder / "second.md")], writer, engine.embedder)
    after = (catalog.titles(), catalog.count(), catalog.region_counts(), catalog.relations())
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert catalog.document_frequencies(["月球"])
    assert "37%" in engine.ask("贵州月球采矿补贴比例是多少").text
    old = next(hit for hit in engine.search("星海市算力券补贴比例") if "星海" in hit.source.title)
    assert old.validity.startswith("已废止")
    assert writer.remove(old.chunk.doc_id)
    assert all("星海" not in hit.source.title for hit in engine.search("星海市算力券补贴比例"))
    writer.catalog.close()


def test_a_question_reads_one_state_however_many_reads_it_makes(readers):
    engine, folder = readers
    catalog = engine.store.catalog
    writer = Catalog(folder / "store" / CATALOG, writable=True)
    with engine.store.one_state():
        ((doc_id, _),) = catalog.titles()
        held = catalog.neighbours(doc_id)
        removal = threading.Thread(target=writer.remove, args=(doc_id,))
        removal.start()
        with engine.store.one_state():  # one within another changes nothing
            assert held and catalog.chunks(held).keys() == set(held)
        assert catalog.neighbours(doc_id) == held
    removal.join()
    assert catalog.titles() == [] and catalog.neighbours(doc_id) == []
    writer.close()


def test_questions_are_answered_while_a_slow_ingestion_runs(readers):
    engine, folder = readers
    embedding, go_on, read = threading.Event(), threading.Event(), []

    def embedded(done, total):
        embedding.set()
        assert go_on.wait(60)

    asked = "贵州月球采矿补贴比例是多少"
    files = [str(folder / "second.md")]
    ingestion = threading.Thread(target=lambda: read.append(engine.ingest(files, on_embedded=embedded)))
    ingestion.start()
    assert embedding.wait(60)
    assert "20%" in engine.ask("星海市算力券补贴比例是多少").text
    assert "37%" not in engine.ask(asked).text and len(engine.documents()) == 1
    assert ingestion.is_alive()
    go_on.set()
    ingestion.join(60)
    assert read[0].added == 1 and "37%" in engine.ask(asked).text


def test_a_writer_killed_halfway_leaves_the_store_as_it_was(readers):
    _, folder = readers
    killed = (
        "import os, sys; from pathlib import Path\n"
        "from app.build import open_engine; from app.settings import Settings; from ingest.catalog import Catalog\n"
        "Catalog.put = lambda *_: os._exit(9)\n"  # the vectors are written, their document is not
        "with open_engine(Settings(store=Path(sys.argv[1]))) as engine: engine.ingest([sys.argv[2]])\n"
    )
    store = folder / "copy"
    shutil.copytree(folder / "store", store)
    done = subprocess.run([sys.executable, "-c", killed, str(store), str(folder / "second.md")], cwd=REPO, timeout=120)
    assert done.returncode == 9
    with open_engine(Settings(store=store)) as again:
        assert "20%" in again.ask("星海市算力券补贴比例是多少").text and len(again.documents()) == 1
        left = set(again.store._vectors().get(include=[])["ids"])
        assert left > again.store.catalog.chunk_ids()
        assert again.ingest([str(folder / "second.md")]).added == 1  # which sweeps first
        assert set(again.store._vectors().get(include=[])["ids"]) == again.store.catalog.chunk_ids()
        assert "37%" in again.ask("贵州月球采矿补贴比例是多少").text


def test_another_process_is_told_while_a_page_writes_and_reads_again_after_it(readers):
    engine, folder = readers
    command = [sys.executable, "-m", "app", "docs", "list", "--json", "--store", str(folder / "store")]

    def listed():
        return subprocess.run(command, cwd=REPO, capture_output=True, text=True, encoding="utf-8", timeout=120)

    with engine.writing() as store:
        assert "20%" in engine.ask("星海市算力券补贴比例是多少").text
        assert listed().returncode == 0  # it reads and embeds, and keeps nobody out
        with store.turn():
            refused = listed()
    assert refused.returncode == 2 and "正被另一进程使用" in refused.stderr and refused.stderr.count("\n") == 1
    assert listed().returncode == 0
    with (
        pytest.raises(StoreError, match="正被另一进程使用"),
        open_engine(Settings(store=folder / "store"), writable=True),
    ):
        pass  # the page still has it open


def test_a_page_that_cannot_have_the_store_alone_still_reads_it(readers):
    engine, folder = readers
    with open_engine(Settings(store=folder / "store")) as other:
        with pytest.raises(StoreError, match="正被另一进程使用"), engine.store.writing(threading.Lock(), wait=0.1):
            pass
        assert "20%" in engine.ask("星海市算力券补贴比例是多少").text
        with pytest.raises(StoreError), open_engine(Settings(store=folder / "store"), writable=True):
            pass
        assert len(other.documents()) == 1
    assert engine.ingest([str(folder / "second.md")]).added == 1
