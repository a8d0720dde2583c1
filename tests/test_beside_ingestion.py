"""Questions beside an ingestion: what another connection writes is seen by the next question, and none sees half of it."""

import threading

import pytest

from app.build import open_engine
from app.settings import Settings
from ingest.catalog import Catalog
from ingest.pipeline import ingest_paths
from ingest.store import CATALOG, Store

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
