"""The library: files kept under safe names, facts stated, documents taken out and brought back, a store that is whole after all."""

import functools
import http.server
import io
import re
import threading
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_embedder import SmallEmbedder
from test_ui import PAYLOADS

from app.build import open_library
from app.documents import remove_from
from app.engine import Engine
from app.library.library import Library
from app.library.names import free_name, safe_name
from app.library.shelf import Shelf
from app.library.work import Job, Stopped
from app.settings import load_settings
from ingest.errors import InputError, StoreError, UnreadableFileError
from ingest.facts.sidecar import read_sidecar
from ingest.placing import move
from ingest.store import open_store

TEXT = "# {place}算力券办法\n\n{place}人民政府\n2024年3月1日\n\n第一条 {place}对企业发放算力券，补贴比例为合同金额的{rate}。\n"
EMBEDDER = SmallEmbedder()


def text(place="贵州省", rate="20%"):
    return TEXT.format(place=place, rate=rate)


@pytest.fixture
def engine(tmp_path):
    """An engine that was opened for reading, over a store with one document of the user's own folder."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "湖南.md").write_text(text("湖南省"), encoding="utf-8")
    with open_store(tmp_path / "store", EMBEDDER.name, EMBEDDER.dimension, writable=True) as store:
        assert Engine(store, EMBEDDER).ingest([str(own)]).added == 1
    with open_store(tmp_path / "store", EMBEDDER.name, EMBEDDER.dimension) as store:
        yield Engine(store, EMBEDDER)


@pytest.fixture
def library(engine, tmp_path):
    library = Library(engine, Shelf(tmp_path / "library"))
    yield library
    library.close()


def add(library, name="贵州.md", content=None):
    incoming = library.shelf.incoming(name)
    incoming.write_bytes(
        (text() if content is None else content).encode() if not isinstance(content, bytes) else content
    )
    return library.add(incoming)


def ended(library, job):
    """Wait for a job; what comes after it in the queue tells that it is over."""
    after = threading.Event()
    library._worker.submit(type(job)("after"), lambda _: after.set(), 9)
    assert after.wait(60)
    assert job.state in {"done", "failed"}
    return job


def titles(engine):
    return {row["title"]: row for row in engine.documents()}


def test_a_file_is_kept_read_and_found_in_the_next_answer(library, engine, tmp_path):
    job = ended(library, add(library))
    assert (job.state, job.said[0]) == ("done", ("work_done", {"chunks": 2})) and job.done == job.total == 2
    row = titles(engine)["贵州省算力券办法"]
    assert Path(row["source"]) == tmp_path / "library" / "贵州.md" and Path(row["source"]).read_text() == text()
    assert any("20%" in hit.chunk.text for hit in engine.search("贵州算力券补贴比例"))
    assert list((tmp_path / "library" / ".incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空.md", b"  \n", "文件是空的：空.md"),
        ("病毒.exe", b"MZ\x90\0", "暂不支持 .exe 文件：病毒.exe"),
        ("假.pdf", b"Rar!\x1a\x07\0", "RAR 压缩包"),
        ("<img src=x>.yaml", b"title: x", "暂不支持 .yaml 文件：_img src=x_.yaml"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once_and_leaves_nothing(library, tmp_path, name, content, said):
    with pytest.raises(UnreadableFileError, match=re.escape(said)):
        add(library, name, content)
    assert list(library.shelf.files()) == [] and list((tmp_path / "library" / ".incoming").iterdir()) == []


def test_what_turns_out_to_be_nothing_is_told_and_not_kept(library, engine):
    broken, again = add(library, "坏.pdf", b"%PDF-1.7 nothing"), add(library, "又.md", text("湖南省"))
    assert ended(library, broken).state == "failed" and broken.reason
    assert ended(library, again).state == "failed" and "内容完全相同" in again.reason
    assert list(library.shelf.files()) == [] and len(engine.documents()) == 1


def test_one_name_twice_is_two_files(library, engine):
    for place in ("甘肃省", "青海省"):
        assert ended(library, add(library, "../办法.md", text(place))).state == "done"
    assert [path.name for path in library.shelf.files()] == ["办法 (2).md", "办法.md"]
    assert {"甘肃省算力券办法", "青海省算力券办法"} < titles(engine).keys()


def test_facts_are_stated_in_the_sidecar_and_withdrawn_again(library, engine):
    ended(library, add(library))
    doc_id = titles(engine)["贵州省算力券办法"]["doc_id"]
    before = library.form(doc_id)
    assert before["tier"] == "政策原文" and before["region"] == "贵州" and before["date"] == "2024-03-01"
    form = {**before, "title": PAYLOADS[0], "region": "贵阳、全国", "date": "2025年1月2日", "tier": "媒体"}
    assert ended(library, library.edit(doc_id, form, before)).state == "done"
    row = titles(engine)[PAYLOADS[0]]
    assert (row["doc_id"], row["date"], row["tier"]) == (doc_id, "2025-01-02", "媒体")
    assert row["regions"] == ["贵阳", "全国"] and row["found"]["title"] == "旁置文件"
    (place,) = library.shelf.files()
    assert read_sidecar(place) == {
        "title": PAYLOADS[0],
        "region": ["贵阳", "全国"],
        "date": "2025-01-02",
        "tier": "媒体",
    }
    stated = library.form(doc_id)
    ended(library, library.edit(doc_id, {**stated, "title": "", "region": "", "date": "", "tier": ""}, stated))
    assert library.form(doc_id) == before and read_sidecar(place) == {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("date", "昨天", "日期无效"),
        ("region", "火星", "不认识的地区"),
        ("tier", "传闻", "不认识的取值"),
        ("doc_number", "无", "文号无效"),
    ],
)
def test_a_fact_that_is_none_is_refused_and_nothing_changes(library, engine, field, value, said):
    (row,) = engine.documents()
    before = library.form(row["doc_id"])
    with pytest.raises(InputError, match=said):
        library.edit(row["doc_id"], {**before, field: value}, before)
    assert not Path(row["source"]).with_name("湖南.md.yaml").exists()


def test_a_removed_file_comes_back_with_what_was_stated_of_it(library, engine):
    ended(library, add(library))
    doc_id = titles(engine)["贵州省算力券办法"]["doc_id"]
    before = library.form(doc_id)
    ended(library, library.edit(doc_id, {**before, "issuer": "某厅"}, before))
    gone = ended(library, library.remove(doc_id))
    assert gone.state == "done" and list(library.shelf.files()) == [] and len(engine.documents()) == 1
    assert all("贵州" not in hit.source.title for hit in engine.search("贵州算力券补贴比例"))
    (removed,) = library.removed()
    assert (removed.id, removed.title) == (gone.removed, "贵州省算力券办法")
    assert ended(library, library.undo(removed.id)).state == "done"
    assert titles(engine)["贵州省算力券办法"]["doc_id"] == doc_id and library.form(doc_id)["issuer"] == "某厅"
    assert library.removed() == []
    with pytest.raises(InputError, match="找不到要恢复的资料"):
        library.undo(removed.id)


def test_what_cannot_come_back_stays_where_it_can_be_brought_back_from(library, engine):
    ended(library, add(library))
    gone = ended(library, library.remove(titles(engine)["贵州省算力券办法"]["doc_id"]))
    ended(library, add(library))  # the same file once more: two are not wanted
    twin = ended(library, library.undo(gone.removed))
    assert twin.state == "failed" and "内容完全相同" in twin.reason
    assert [path.name for path in library.shelf.files()] == ["贵州.md"] and len(library.removed()) == 1
    ended(library, library.remove(titles(engine)["贵州省算力券办法"]["doc_id"]))
    assert ended(library, library.undo(gone.removed)).state == "done"
    assert [path.name for path in library.shelf.files()] == ["贵州.md"] and len(library.removed()) == 1


def test_a_file_of_the_users_own_folder_is_never_moved(library, engine):
    (row,) = engine.documents()
    job = ended(library, library.remove(row["doc_id"]))
    assert engine.documents() == [] and Path(row["source"]).read_text() == text("湖南省")
    ended(library, library.undo(job.removed))
    assert [r["source"] for r in engine.documents()] == [row["source"]]


def test_what_comes_back_is_in_the_collection_that_it_was_in(engine, library, tmp_path):
    def where():
        return {entry.source.title: entry.source.collection for entry in engine.entries()}

    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "青海.md").write_text(text("青海省"), encoding="utf-8")
    (secret / "表.csv").write_text(
        "标题,正文\n甲办法,贵州省发放算力券。\n乙办法,甘肃省发放算力券。\n", encoding="utf-8"
    )
    engine.ingest([str(secret)], collection="密")
    before = where()
    whole, member = (titles(engine)[title]["doc_id"] for title in ("青海省算力券办法", "甲办法"))
    for doc_id in (whole, member):
        gone = ended(library, library.remove(doc_id))
        assert ended(library, library.undo(gone.removed)).state == "done" and where() == before
    gone = [ended(library, library.remove(titles(engine)[title]["doc_id"])) for title in ("甲办法", "乙办法")]
    assert (
        ended(library, library.undo(gone[0].removed)).state == "done" and where() == before
    )  # none of its file was left


def test_a_member_that_comes_back_moves_no_other_of_its_file(engine, library, tmp_path):
    table = tmp_path / "表.csv"
    table.write_text("标题,正文\n甲办法,贵州省发放算力券。\n乙办法,甘肃省发放算力券。\n", encoding="utf-8")
    engine.ingest([str(table)], collection="密")
    other = engine.entry(titles(engine)["乙办法"]["doc_id"])
    with engine.writing() as store:
        move(store, other, "内")
    gone = ended(library, library.remove(titles(engine)["甲办法"]["doc_id"]))
    assert ended(library, library.undo(gone.removed)).state == "done" and "甲办法" in titles(engine)
    assert engine.entry(other.id).source.collection == "内"


def test_a_file_that_is_added_takes_nothing_out_of_another_collection(engine, library, tmp_path):
    secret = tmp_path / "青海.md"
    secret.write_text(text("青海省"), encoding="utf-8")
    engine.ingest([str(secret)], collection="密")
    secret.unlink()
    incoming = library.shelf.incoming("又.md")
    incoming.write_text(text("青海省"), encoding="utf-8")
    assert ended(library, library.add(incoming, "甲")).state == "done"
    assert sorted(entry.source.collection for entry in engine.entries()) == ["", "密", "甲"]


def test_what_was_linked_to_a_removed_document_gets_its_text_back(library, engine):
    ended(
        library,
        add(
            library,
            "甲.md",
            text() + "第二条 本办法由省大数据局解释，自印发之日起施行，有效期三年，期满自行失效。\n" * 3,
        ),
    )
    copy = text() + "第二条 本办法由省大数据局解释，自印发之日起施行，有效期三年，期满自行失效。\n" * 3 + "\n"
    job = ended(library, add(library, "乙.md", copy))
    linked = next(row for row in engine.documents() if row["same_as"])
    assert ("work_linked", {"title": str(library.shelf.folder / "甲.md")}) in job.said
    ended(library, library.remove(linked["same_as"]))
    row = next(row for row in engine.documents() if row["doc_id"] == linked["doc_id"])
    assert row["chunks"] > 0 and row["same_as"] == ""


def test_what_was_linked_is_read_at_the_next_start_where_the_server_ended_before(
    engine, library, tmp_path, monkeypatch
):
    def stopped(*_, **__):
        raise Stopped

    copy = tmp_path / "own" / "又.md"
    copy.write_text(text("湖南省") + "\n\n", encoding="utf-8")
    engine.ingest([str(copy)])
    linked = next(row for row in engine.documents() if row["same_as"])
    with monkeypatch.context() as patched:
        patched.setattr(library, "_ingest", stopped)
        library.remove(linked["same_as"])
        until = time.monotonic() + 20
        while len(engine.documents()) == 2 and time.monotonic() < until:
            time.sleep(0.01)
        library.close()
    assert engine.search("湖南省算力券补贴比例") == []
    later = Library(engine, Shelf(tmp_path / "library"))
    ended(later, later.resume())
    later.close()
    (row,) = engine.documents()
    assert row["chunks"] > 0 and engine.search("湖南省算力券补贴比例")


def test_one_of_many_in_a_file_is_removed_and_stays_so(library, engine, tmp_path):
    table = "标题,正文\n甲办法,贵州省对企业发放算力券，补贴比例为合同金额的20%。\n乙办法,甘肃省对企业发放算力券，补贴比例为合同金额的30%。\n"
    job = ended(library, add(library, "表.csv", table))
    assert job.said[0] == ("work_done_many", {"documents": 2, "chunks": 2})
    row = titles(engine)["甲办法"]
    with pytest.raises(InputError, match="不能在这里修改"):
        library.edit(row["doc_id"], {}, {})
    gone = ended(library, library.remove(row["doc_id"]))
    assert "甲办法" not in titles(engine) and [path.name for path in library.shelf.files()] == ["表.csv"]
    again = ended(library, library._worker.submit(type(gone)("again"), library._resume))
    assert again.state == "done" and "甲办法" not in titles(engine)
    assert ended(library, library.remove(titles(engine)["乙办法"]["doc_id"])).state == "done"
    ended(library, library.undo(gone.removed))
    assert "甲办法" in titles(engine)


TWICE = "# 贵州省算力发展办法\n\n贵州规划机架超30万个。贵州算力券按合同额补助，最高500万元，由省大数据局负责组织实施，每年评审两次，结果向社会公示。\n"


def archive():
    """Two documents of the same text, of which one is linked to the other, and a third."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, content in {"a.md": TWICE, "b.md": TWICE + "\n", "c.md": text("甘肃省")}.items():
            made.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize("how", ["page", "command"])
def test_a_removed_documents_twin_in_the_same_archive_gets_the_text_and_the_removed_one_stays_out(
    library, engine, tmp_path, how
):
    assert ended(library, add(library, "集.zip", archive())).state == "done"
    linked = next(entry for entry in engine.entries() if entry.same_as)
    holder = next(entry for entry in engine.entries() if entry.id == linked.same_as)
    if how == "page":
        assert ended(library, library.remove(holder.id)).state == "done"
    else:
        with engine.writing() as store:
            remove_from(store, holder.id, tmp_path / "library")
    third = next(entry for entry in engine.entries() if entry.key.endswith("c.md"))
    if how == "command":  # before anything was read again
        with engine.writing() as store:
            remove_from(store, third.id, tmp_path / "library")
    ended(library, library._worker.submit(Job(""), library._resume))
    (twin,) = [entry for entry in engine.entries() if entry.file == holder.file and entry.key != third.key]
    assert twin.key == linked.key and twin.version and twin.chunks and not twin.same_as
    assert (third.key in {entry.key for entry in engine.entries()}) == (how == "page")
    if how == "page":
        ended(library, library.undo(library.removed()[0].id))
        assert holder.key in {entry.key for entry in engine.entries()}


def test_removing_twice_removes_once(library, engine):
    (row,) = engine.documents()
    first, second = library.remove(row["doc_id"]), library.remove(row["doc_id"])
    ended(library, second)
    assert {first.state, second.state} == {"done", "failed"} and len(library.removed()) == 1


def test_reading_again_reads_an_unchanged_file(library, engine):
    (row,) = engine.documents()
    job = ended(library, library.again(row["doc_id"]))
    assert job.said[0] == ("work_done", {"chunks": 2})
    assert engine.documents()[0]["added"] > row["added"]


def test_what_a_killed_server_left_is_read_at_the_next_start(library, engine, tmp_path):
    ended(library, add(library))
    (tmp_path / "library" / "晚到.md").write_text(text("青海省"), encoding="utf-8")
    (tmp_path / "library" / "贵州.md.yaml").write_text("issuer: 某厅\n", encoding="utf-8")
    later = Library(engine, Shelf(tmp_path / "library"))
    ended(later, later.resume())
    assert {job.name for job in later.jobs()} == {"", "after", "晚到.md", "贵州.md"}
    later.close()
    assert "青海省算力券办法" in titles(engine) and titles(engine)["贵州省算力券办法"]["issuer"] == "某厅"


def test_what_another_process_holds_up_is_done_at_the_next_start(library, engine, tmp_path, monkeypatch):
    def held(*_, **__):
        raise StoreError("索引正被另一进程使用")

    (row,) = engine.documents()
    with monkeypatch.context() as patched:
        patched.setattr(engine, "writing", held)
        assert ended(library, library.remove(row["doc_id"])).state == "failed"
        assert ended(library, library.remove(row["doc_id"])).state == "failed"
    assert len(library._pending.all()) == 1 and engine.documents()
    later = Library(engine, Shelf(tmp_path / "library"))
    ended(later, later.resume())
    later.close()
    assert engine.documents() == [] and len(library.removed()) == 1 and library._pending.all() == []


def test_a_job_for_which_the_store_is_not_free_waits_and_is_done_as_soon_as_it_is(
    library, engine, tmp_path, monkeypatch
):
    monkeypatch.setattr("app.library.library._PAUSES", (0.05,))
    monkeypatch.setattr(engine.store, "writing", functools.partial(engine.store.writing, wait=0.1))
    (row,) = engine.documents()
    with open_store(tmp_path / "store"):  # as `policyqa store backup` has it: shared
        job, added = library.remove(row["doc_id"]), add(library)
        until = time.monotonic() + 20
        while not job.reason and time.monotonic() < until:
            time.sleep(0.01)
        assert (job.state, job.said, added.state) == ("waiting", (("work_held", {}),), "waiting")
        assert "正被另一进程使用" in job.reason and library.removed() == [] and engine.documents() and not job.removed
        assert [wanted.what for wanted in library._pending.all()] == [row["doc_id"]]  # a restart would lose nothing
    assert ended(library, added).state == job.state == "done"
    assert (job.reason, len(library.removed()), list(titles(engine))) == ("", 1, ["贵州省算力券办法"])


def test_the_end_of_the_server_does_not_wait_for_a_job_that_waits(library, engine, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.store, "writing", functools.partial(engine.store.writing, wait=0.1))
    (row,) = engine.documents()
    with open_store(tmp_path / "store"):
        job = library.remove(row["doc_id"])
        until = time.monotonic() + 20
        while not job.reason and time.monotonic() < until:
            time.sleep(0.01)
        library.close()
        assert not library._worker._thread.is_alive() and len(library._pending.all()) == 1
    later = Library(engine, Shelf(tmp_path / "library"))
    ended(later, later.resume())
    later.close()
    assert engine.documents() == [] and len(later.removed()) == 1 and later._pending.all() == []


@pytest.mark.parametrize("where", ["ingest.store.Store.remove", "ingest.chroma.delete_rows"])
@pytest.mark.parametrize("kind", ["own", "shelf", "member"])
def test_a_removal_that_fails_is_one_removal_however_often_it_is_tried(library, engine, monkeypatch, where, kind):
    def full(*_, **__):
        raise StoreError("磁盘已满")

    if kind == "member":
        ended(library, add(library, "表.csv", "标题,正文\n甲办法,贵州省发放算力券。\n乙办法,甘肃省发放算力券。\n"))
    elif kind == "shelf":
        ended(library, add(library))
    title = {"own": "湖南省算力券办法", "shelf": "贵州省算力券办法", "member": "甲办法"}[kind]
    doc_id, files = titles(engine)[title]["doc_id"], [path.name for path in library.shelf.files()]
    with monkeypatch.context() as patched:
        patched.setattr(where, full)
        for _ in range(2):
            if title in titles(engine):
                job = ended(library, library.remove(doc_id))
                assert (job.state, job.reason) == ("failed", "磁盘已满")
            if title in titles(engine):
                assert library.removed() == [] and not job.removed  # it is not removed and not told as removed
                assert [path.name for path in library.shelf.files()] == files
    if title in titles(engine):
        job = ended(library, library.remove(doc_id))
        assert job.state == "done"
    (removed,) = library.removed()
    assert (removed.id, removed.title) == (job.removed, title) and title not in titles(engine)
    assert ended(library, library.undo(removed.id)).state == "done"
    assert titles(engine)[title]["doc_id"] == doc_id and library.removed() == [] and library._pending.all() == []
    again = ended(library, library._worker.submit(type(job)("again"), library._resume))
    assert again.state == "done" and title in titles(engine)


@pytest.mark.parametrize("kind", ["own", "shelf"])
def test_a_removal_that_a_kill_cut_off_is_one_removal(library, engine, kind):
    ended(library, add(library))
    entry = engine.entry(titles(engine)[{"own": "湖南省算力券办法", "shelf": "贵州省算力券办法"}[kind]]["doc_id"])
    library.shelf.take_out(entry.file, entry.source.title, "没有", True, "", entry.key)  # and no more
    assert ended(library, library.remove(entry.id)).state == "done"
    (removed,) = library.removed()
    assert engine.entry(entry.id) is None and bool(removed.file) == (kind == "shelf")


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1/a.html", "内网"), ("http://[::1]/", "")],
)
def test_a_private_address_is_not_fetched(library, url, said):
    job = ended(library, library.fetch(url))
    assert job.state == "failed" and said in job.reason and list(library.shelf.files()) == []


def test_a_page_is_kept_with_its_address_and_fetched_anew_into_its_place(engine, tmp_path):
    rate = ["20%", "37%"]

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<html><title>{PAYLOADS[0]}</title><body><article>{text(rate=rate[0])}</article></body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    library = Library(engine, Shelf(tmp_path / "library"), allow_private=True)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/zc/%E5%8A%9E%E6%B3%95.html?id=1"
        assert ended(library, library.fetch(url)).state == "done"
        rate.reverse()
        assert ended(library, library.fetch(url)).state == "done"
        server.shutdown()
    (place,) = library.shelf.files()
    assert place.name == "127.0.0.1 zc 办法.html" and read_sidecar(place) == {"url": url}
    (row,) = [row for row in engine.documents() if row["url"] == url]
    assert "37%" in engine.document(row["doc_id"]).text
    library.close()


def test_what_is_no_address_is_refused_at_once(library):
    for given_text in ("file:///etc/passwd", "贵州", "javascript:alert(1)"):
        with pytest.raises(InputError, match="这不是网址"):
            library.fetch(given_text)
    with pytest.raises(InputError, match="用户名和密码"):  # everyone who sees the library's work would read them
        library.fetch("http://u:p@example.com/")
    assert library.jobs() == []


def test_the_routes_tell_what_is_too_large_wrong_or_gone_in_the_readers_language(library, engine, monkeypatch):
    from fastapi.testclient import TestClient

    from app.server import build_app

    monkeypatch.setattr("app.api.library.MAX_BYTES", 2_000_000)
    client = TestClient(build_app(engine, library=library), base_url="http://127.0.0.1:7860")
    put = functools.partial(client.put, "/library/files")
    assert put(params={"name": "大.md", "lang": "en"}, content=b"x" * 2_000_001).json() == {
        "error": "too large: the limit is 2 MB, split the file first"
    }
    streamed = put(params={"name": "大.md"}, content=(b"x" * 1_500_000 for _ in range(2)))  # without a length
    assert streamed.status_code == 413 and "上限为 2 MB" in streamed.json()["error"]
    wrong = put(params={"name": "../../坏.exe"}, content=b"MZ\x90\0")
    assert wrong.status_code == 422 and wrong.json()["error"].startswith("未能完成：暂不支持 .exe 文件：坏.exe")
    assert client.post("/library/undo/0123456789abcdef").status_code == 404
    assert client.post("/library/undo/..%2F..%2Fstore").status_code == 404
    job = put(params={"name": "a/b.md"}, content=text().encode()).json()
    assert job["name"] == "b.md"
    ended(library, next(known for known in library.jobs() if known.id == job["id"]))
    (told,) = [one for one in client.get("/library/work?lang=en").json()["jobs"] if one["id"] == job["id"]]
    assert (told["state"], told["text"]) == ("done", "indexed, passages: 2")
    assert [path.name for path in library.shelf.files()] == ["b.md"]


@pytest.mark.parametrize(("setting", "may"), [({}, True), ({"POLICYQA_LIBRARY": "off"}, False)])
def test_the_library_can_be_changed_unless_it_is_turned_off(engine, tmp_path, setting, may):
    settings = load_settings(setting, str(tmp_path / "store"))
    assert settings.library == (tmp_path / "library" if may else None)
    with open_library(settings, engine) as library:
        assert (library is not None) == may


@given(
    st.text(max_size=300)
    | st.sampled_from([*PAYLOADS, "../../etc/passwd", "..", "con.txt", "\u202egpj.exe", "长" * 300])
)
def test_any_name_becomes_one_that_any_folder_takes(name):
    safe = safe_name(name)
    assert safe == safe_name(safe) and len(safe.encode()) < 200
    assert Path(safe).name == safe and not safe.startswith(".") and Path(safe).suffix
    assert not re.search(r'[\x00-\x1f<>:"|?*\\/\u202a-\u202e]', safe)


def test_chinese_names_stay_and_a_sidecar_is_nobody_elses():
    assert safe_name("C:\\下载\\关于《人工智能+》的通知（2025）.pdf") == "关于《人工智能+》的通知（2025）.pdf"
    assert free_name("办法.pdf", ["办法.PDF"]) == "办法 (2).pdf"
    assert free_name("办法.pdf.md", ["办法.pdf"]) == "办法.pdf (2).md"  # 办法.pdf.yaml would speak of both
    assert free_name("办法.pdf", ["办法.pdf.md"]) == "办法 (2).pdf"
