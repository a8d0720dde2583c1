"""A store on a real Chroma server: several clients, each with a mirror of its own, and what kills and crossings leave."""

import http.server
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from chroma_server import ChromaServer, free_port
from small_embedder import SmallEmbedder

import ingest.formats.dispatch
import ingest.remote
from app.access.caller import Caller
from app.build import open_engine
from app.cli import main
from app.documents import list_documents, remove_document
from app.engine import Engine
from app.settings import Settings, load_settings
from ingest.errors import StoreError
from ingest.pipeline import ingest_paths
from ingest.remote import RemoteStore
from ingest.server import Server
from ingest.store import open_store
from ingest.types import Part
from ingest.wire import Published, pack, unpack

REPO = Path(__file__).resolve().parent.parent
SAMPLE = REPO / "eval" / "suites" / "sample"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = ChromaServer(tmp_path_factory.mktemp("chroma")).start()
    yield server
    server.stop()


@pytest.fixture
def url(running):
    running.empty()
    return running.url


def write(folder, number, edition=1):
    folder.mkdir(exist_ok=True)
    lines = "".join(
        f"第{n}条 第{number}市到20{27 + n}年建成机架{number * 100 + n}万个，第{edition}版。{'具体办法由有关部门另行制定。' * 22}\n\n"
        for n in range(6)
    )  # each article fills a chunk
    path = folder / f"{number:02d}.md"
    path.write_text(f"# 第{number}市办法\n\n{lines}", encoding="utf-8")
    return path


class Client:
    """One user's machine: a mirror of its own."""

    def __init__(self, url, cache):
        self.url, self.cache, self.embedder = url, cache, SmallEmbedder()

    def open(self, writable=False):
        return open_store(self.url, "small/8", 8, writable, cache=self.cache)

    def ingest(self, *paths, **options):
        with self.open(writable=True) as store:
            summary = ingest_paths([str(path) for path in paths], store, self.embedder, **options)
            return summary.added, summary.updated, summary.unchanged, summary.removed

    def state(self):
        """Everything a user can see; every chunk is found by its own vector."""
        with self.open() as store:
            entries = store.catalog.entries()
            vectors = set(store._vectors().get(include=[])["ids"])
            assert store.catalog.chunk_ids() <= vectors
            for entry in entries:
                chunks = store.catalog.chunks(store.catalog.neighbours(entry.id))
                document = store.catalog.document(entry.id)
                assert len(chunks) == entry.chunks
                for chunk_id, (chunk, matrix) in chunks.items():
                    assert document.text[chunk.start : chunk.end] == chunk.text
                    assert matrix.shape == (len(chunk.sentences), 8)
                    vector = self.embedder.embed_queries([chunk.embed_text(document.source.title)])[0]
                    assert chunk_id in {found for found, _ in store.nearest(vector, 3)}
            return {entry.key: (entry.version, entry.added, entry.same_as) for entry in entries}


@pytest.fixture
def clients(url, tmp_path):
    return Client(url, tmp_path / "one"), Client(url, tmp_path / "two")


def test_a_document_travels_whole(tmp_path):
    embedder, big = SmallEmbedder(), tmp_path / "big.md"
    big.write_text(
        "# 大\n\n" + "".join(f"第{n}条 贵州机架超{n}万个，利用率约65%。\n\n" for n in range(400)), encoding="utf-8"
    )
    with open_store(tmp_path / "store", "small/8", 8, writable=True) as store:
        ingest_paths([str(big)], store, embedder)
        catalog, entry = store.catalog, store.catalog.entries()[0]
        ids = catalog.neighbours(entry.id)
        held = catalog.chunks(ids)
        one = Published(
            catalog.document(entry.id), entry, tuple(held[i][0] for i in ids), ("词 语",) * len(ids),
            [held[i][1] for i in ids],
        )  # fmt: skip
    pieces = pack(one)
    other = unpack(pieces)
    assert (other.document, other.chunks, tuple(other.words)) == (one.document, one.chunks, one.words)
    assert all((a == b).all() for a, b in zip(other.vectors, one.vectors, strict=True))
    assert other.entry.sketch.tolist() == entry.sketch.tolist() and str(other.entry)[:80] == str(entry)[:80]
    for broken in (pieces[0][:-40], "", "!!!", pieces[0][:400]):
        with pytest.raises(ValueError):
            unpack([broken])


def test_the_same_answers_as_a_folder(url, sample_store, tmp_path):
    cases = [json.loads(line) for line in (SAMPLE / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    questions = [case["question"] for case in cases if not case.get("history")][::10][:10]
    assert len(questions) == 10
    settings = Settings(store=url, cache=None)
    with open_engine(settings, writable=True) as engine:
        assert engine.ingest([str(SAMPLE / "corpus")]).added == 16
    with open_engine(settings) as remote, open_engine(Settings(store=sample_store)) as folder:
        assert remote.describe()["store"] == url
        for question in questions:
            here, there = folder.search(question, 10), remote.search(question, 10)
            assert [hit.chunk for hit in there] == [hit.chunk for hit in here]
            assert [hit.score for hit in there] == pytest.approx([hit.score for hit in here], abs=1e-5)
            assert remote.ask(question).to_json()["answer"] == folder.ask(question).to_json()["answer"]


def test_a_page_on_a_server_adds_beside_its_own_questions(url, tmp_path):
    (tmp_path / "一.md").write_text("# 湖南省算力券办法\n\n第一条 补贴比例为合同金额的20%。\n", encoding="utf-8")
    (tmp_path / "二.md").write_text("# 甘肃省算力券办法\n\n第一条 补贴比例为合同金额的37%。\n", encoding="utf-8")
    settings, asked = Settings(store=url, cache=tmp_path / "cache"), []
    with open_engine(settings, writable=True) as engine:
        engine.ingest([str(tmp_path / "一.md")])
    with open_engine(settings) as engine:

        def embedded(done, total):
            asked.append(len(engine.search("湖南省算力券补贴比例")))

        assert engine.ingest([str(tmp_path / "二.md")], on_embedded=embedded).added == 1
        assert asked[0] > 0 and any("37%" in hit.chunk.text for hit in engine.search("甘肃省算力券补贴比例"))
        with engine.writing() as store:
            assert store.remove(engine.entries()[0].id)
        assert [entry.source.title for entry in engine.entries()] == ["甘肃省算力券办法"]


def test_clients_see_each_others_additions_changes_and_removals(clients, tmp_path):
    one, two = clients
    files = tmp_path / "files"
    for number in range(4):
        write(files, number)
    assert one.ingest(files) == (4, 0, 0, 0)
    assert two.state() == one.state() and len(two.state()) == 4
    assert two.ingest(files) == (0, 0, 4, 0)  # what another client did is known, and not done again
    write(files, 1, edition=2)
    write(files, 9)
    (files / "02.md").unlink()
    assert two.ingest(files, prune=True) == (1, 1, 3 - 1, 1)
    assert one.state() == two.state() and len(one.state()) == 4
    document = next(row for row in list_documents(Settings(store=one.url, cache=one.cache)) if "09.md" in row["source"])
    remove_document(Settings(store=one.url, cache=one.cache), document["doc_id"])
    assert two.state() == one.state() and len(two.state()) == 3
    assert one.ingest(files) == (1, 0, 3, 0)


def test_a_store_kept_open_follows_the_others(clients, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest.remote, "_LOOK", 0.0)
    one, two = clients
    one.ingest(write(tmp_path / "files", 1))
    with two.open() as store:
        vector = two.embedder.embed_queries(["机架"])[0]
        before = {found for found, _ in store.nearest(vector, 50)}
        one.ingest(write(tmp_path / "files", 1, edition=2), write(tmp_path / "files", 2))
        after = {found for found, _ in store.nearest(vector, 50)}
        assert after == store.catalog.chunk_ids() and not after & before and store.catalog.count()[0] == 2


def test_a_page_kept_open_shows_no_document_that_another_removed_or_moved(clients, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest.remote, "_LOOK", 0.0)
    one, two = clients
    paths = [write(tmp_path / "files", number) for number in (1, 2)]
    one.ingest(*paths)
    caller = Caller("读者", "reader", frozenset(("",)))
    with two.open() as store:
        whole = Engine(store, two.embedder)
        seen = whole.seen_by(caller)
        first, second = (entry.id for entry in whole.entries())
        assert seen.document(first) and seen.origin(first) and seen.entry(first) and seen.describe()["documents"] == 2
        one.ingest(paths[0], collection="密")
        assert seen.document(first) is None
        one.ingest(paths[1], collection="密")
        assert seen.origin(second) is None and whole.collections_of([second]) == {second: "密"}
        one.ingest(paths[0], collection="")
        assert seen.describe()["documents"] == 1
        remove_document(Settings(store=one.url, cache=one.cache), first)
        assert whole.entry(first) is None
        one.ingest(paths[1], collection="")
        assert [entry.id for entry in seen.entries()] == [second]


def test_documents_are_shown_while_the_server_is_away_and_what_was_missed_is_fetched_then(
    clients, tmp_path, monkeypatch
):
    def away(_):
        raise StoreError("服务器没有按时回答")

    monkeypatch.setattr(ingest.remote, "_LOOK", 0.0)
    one, two = clients
    one.ingest(write(tmp_path / "files", 1))
    with two.open() as store:
        engine = Engine(store, two.embedder)
        one.ingest(write(tmp_path / "files", 2))
        with monkeypatch.context() as patched:
            patched.setattr(Server, "heads", away)
            assert len(engine.entries()) == 1
        assert len(engine.entries()) == 2


def test_files_of_many_documents_and_links_are_shared(clients, tmp_path, monkeypatch):
    def many(data):
        for number, text in enumerate(data.decode("utf-8").split("\n---\n"), 1):
            yield Part(text, {"title": f"第{number}号"}, member=str(number))

    monkeypatch.setitem(ingest.formats.dispatch.READERS, ".many", many)
    one, two = clients
    text = write(tmp_path / "files", 5).read_text(encoding="utf-8")
    parts = [text + " ", *(f"第{n}市建成机架{n * 7 + 30}万个。" * (n + 1) for n in range(3))]
    (tmp_path / "files" / "all.many").write_text("\n---\n".join(parts), encoding="utf-8")
    counts = one.ingest(tmp_path / "files")
    assert two.state() == one.state()
    linked = {key: same_as for key, (_, _, same_as) in two.state().items() if same_as}
    assert len(linked) == 1 and len(one.state()) == 5
    assert two.ingest(tmp_path / "files") == (0, 0, counts[0], 0)
    with two.open(writable=True) as store:
        assert len(store.catalog.files()) == 1 and store.remove(next(iter(linked.values())))
    assert one.state() == two.state() and not any(same_as for _, _, same_as in one.state().values())
    fresh = Client(one.url, tmp_path / "three")  # never saw the holder of the text: the link ends nowhere here too
    assert fresh.state() == one.state()
    counts = fresh.ingest(tmp_path / "files")
    assert sum(counts) == 5 and one.state() == fresh.state() and len(one.state()) == 5, counts
    assert one.ingest(tmp_path / "files") == (0, 0, 5, 0)


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_embedder import SmallEmbedder
import ingest.pipeline
from ingest.remote import RemoteStore
from ingest.store import open_store
ingest.batch.BATCH_CHUNKS = 4
put = RemoteStore.put
def said(self, document, entry, *rest):
    put(self, document, entry, *rest)
    print(entry.key, entry.version, flush=True)
RemoteStore.put = said
embedder = SmallEmbedder()
with open_store(sys.argv[2], embedder.name, 8, writable=True, cache=Path(sys.argv[3])) as store:
    print("open", flush=True)
    ingest.pipeline.ingest_paths(sys.argv[4:], store, embedder)
print("end", flush=True)
"""


def child(client, *paths):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(REPO / "tests"), client.url, str(client.cache), *map(str, paths)],
        cwd=REPO, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip


def test_a_client_killed_while_writing_leaves_a_whole_store(clients, tmp_path):
    one, two = clients
    files = tmp_path / "files"
    for number in range(20):
        write(files, number)
    for edition, published in ((1, 3), (2, 7), (3, 0)):
        process = child(one, files)
        assert process.stdout.readline() == "open\n"
        said = [process.stdout.readline().split() for _ in range(published)]
        time.sleep(0.013 * edition)
        process.kill()
        rest = process.stdout.read().split("\n")
        process.wait()
        assert process.returncode == -9
        said += [line.split() for line in rest[:-1] if line.count(" ") == 1]
        seen = two.state()
        assert seen == one.state()
        for key, version in said:
            assert seen[key][0] == version
        for number in range(0, 20, 3):
            write(files, number, edition + 1)
    two.ingest(files)
    assert len(one.state()) == 20 and one.state() == two.state()


def test_what_nobody_names_goes_once_it_is_old(clients, tmp_path, monkeypatch):
    one, two = clients
    path = write(tmp_path / "files", 1)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt), one.open(writable=True) as store:
        patched.setattr(RemoteStore, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        ingest_paths([str(path)], store, one.embedder)
    with two.open(writable=True) as store:  # young: another client may be about to publish them
        assert store.catalog.count() == (0, 0) and store._vectors().count() == 6
        store._server.publish("gone", ["half a", "record"])
        store._server.withdraw("gone")
        assert store.sweep() == 0 and store.nearest(two.embedder.embed_queries(["x"])[0], 5) == []
        monkeypatch.setattr(Server, "now", lambda self: int(time.time()) + 3700)
        assert store.sweep() == 8 and store._vectors().count() == 0 and store.sweep() == 0


def test_a_replaced_version_that_is_published_again_keeps_its_vectors(clients, tmp_path):
    """One client goes back to the text that the other is just replacing: its vectors must not be deleted under it."""
    one, two = clients
    first = write(tmp_path / "files", 1).read_text(encoding="utf-8")
    one.ingest(tmp_path / "files")
    with one.open(writable=True) as store:
        path = write(tmp_path / "files", 1, edition=2)
        publish = store._server.publish

        def crossed(*arguments):
            stamp = publish(*arguments)  # the other one writes between this one's head and its deletions
            path.write_text(first, encoding="utf-8")
            assert two.ingest(path) == (0, 1, 0, 0)
            return stamp

        store._server.publish = crossed
        ingest_paths([str(path)], store, one.embedder)
    assert one.state() == two.state() and len(one.state()) == 1


def test_two_writers_at_once_lose_nothing(clients, tmp_path):
    one, two = clients
    for number in range(30):
        write(tmp_path / ("a" if number < 12 else "both" if number < 18 else "b"), number)
    running = [child(one, tmp_path / "a", tmp_path / "both"), child(two, tmp_path / "both", tmp_path / "b")]
    for process in running:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0 and said.endswith("end\n")
    assert len(one.state()) == 30 and one.state() == two.state()
    assert one.ingest(tmp_path / "a", tmp_path / "both", tmp_path / "b") == (0, 0, 30, 0)


def refused(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 2 and out == "" and err.startswith("错误：") and err.strip().count("\n") == 0
    return err


def test_another_model_and_an_absent_store_are_refused(clients, tmp_path, capsys):
    one, _ = clients
    assert "没有索引" in refused(capsys, "docs", "list", "--store", one.url)
    one.ingest(write(tmp_path / "files", 1))
    for model, dimension in (("other/8", 8), ("small/8", 16)):
        for writable in (False, True):
            with (
                pytest.raises(StoreError, match=r"small/8（8 维）建立.*不就地重建"),
                open_store(one.url, model, dimension, writable, cache=one.cache),
            ):
                pass
    assert "small/8" in refused(capsys, "ingest", tmp_path / "files", "--store", one.url)


class _Odd(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_):
        pass


def test_no_server_another_server_and_bad_addresses_are_told(capsys, monkeypatch):
    assert "连不上" in refused(capsys, "docs", "list", "--store", f"http://127.0.0.1:{free_port()}")
    assert "连不上" in refused(capsys, "ask", "贵州算力", "--store", f"http://u:secret@127.0.0.1:{free_port()}")
    for bad in ("http://", "http://h:99999", "http://h:x", "https://h:1/?a=b"):
        assert "地址无效" in refused(capsys, "docs", "list", "--store", bad)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as odd:
        threading.Thread(target=odd.serve_forever, daemon=True).start()
        address = f"http://me:secret@127.0.0.1:{odd.server_address[1]}/"
        told = refused(capsys, "docs", "list", "--store", address)
        assert "不是 Chroma 服务器（HTTP 200）" in told and "secret" not in told
        odd.shutdown()
    with http.server.HTTPServer(("127.0.0.1", 0), _Odd) as silent:  # takes the connection and never answers
        monkeypatch.setattr("ingest.server._CONNECT", 0.3)
        told = refused(capsys, "docs", "list", "--store", f"http://127.0.0.1:{silent.server_address[1]}")
        assert "没有按时回答" in told


def test_a_server_that_dies_while_writing_is_told(tmp_path):
    server = ChromaServer(tmp_path / "chroma").start()
    try:
        client = Client(server.url, tmp_path / "cache")
        client.ingest(write(tmp_path / "files", 1))
        with pytest.raises(StoreError, match=r"Chroma 服务器.*出错") as caught, client.open(writable=True) as store:
            server.stop()
            ingest_paths([str(write(tmp_path / "files", 2))], store, client.embedder)
        assert "\n" not in str(caught.value) and caught.value.exit_code == 2
        server.start()
        assert client.ingest(tmp_path / "files") == (1, 0, 1, 0) and len(client.state()) == 2
    finally:
        server.stop()


def test_a_damaged_mirror_is_fetched_again(clients, tmp_path):
    one, _ = clients
    one.ingest(write(tmp_path / "files", 1))
    before = one.state()
    (mirror,) = one.cache.rglob("catalog.sqlite3")
    mirror.write_bytes(b"garbage" * 1000)
    assert one.state() == before


def test_an_address_is_a_store_and_a_folder_is_one(tmp_path):
    assert load_settings({"POLICYQA_STORE": "http://h:8000"}).store == "http://h:8000"
    assert load_settings({}, store="HTTPS://h").store == "HTTPS://h"
    assert load_settings({"POLICYQA_STORE": "http-folder"}).store == Path("http-folder")
