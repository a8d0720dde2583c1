"""Commands beside a running server: it has the index open, so it does what they ask."""

import errno
import json
import os
import shutil
import socket
import threading
from multiprocessing.connection import Client, Listener, SocketListener
from pathlib import Path

import pytest
from own_server import OwnServer, article, own_server
from small_embedder import SmallEmbedder

from app.engine import Engine
from app.operations.control import control_socket
from app.operations.control_client import refuse_second, server_of
from app.settings import Settings
from ingest.errors import PolicyQAError, StoreInUseError
from ingest.lock import SERVER
from ingest.pipeline import ingest_paths
from ingest.store import open_store

FAMILY = "AF_UNIX" if os.name == "posix" else "AF_PIPE"


def nothing(done, total, name):
    pass


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """An engine that reads an empty store of tmp_path and takes commands; the current folder is tmp_path/here, with three files."""
    for number in range(3):
        name, text, _, _ = article(number)
        (tmp_path / "here" / "docs").mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / "docs" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    embedder = SmallEmbedder()
    with open_store(tmp_path / "store", embedder.name, embedder.dimension, writable=True):
        pass
    stopping = threading.Event()
    with open_store(tmp_path / "store", embedder.name, embedder.dimension) as store:
        engine = Engine(store, embedder)
        with control_socket(engine, None, tmp_path / "store", "bundled", stopping):
            yield engine, tmp_path / "store", stopping
    assert server_of(tmp_path / "store") is None


def ingest(store, paths=("docs",), prune=False, collection=None, model="bundled", on_progress=nothing):
    return server_of(store).ingest(list(paths), prune, collection, model, False, on_progress)


def test_files_go_in_as_they_would_without_a_server(serving, tmp_path):
    engine, store, _ = serving
    told = []
    given = ["docs", "./docs/000.md", str(tmp_path / "here" / "docs" / "001.md"), "../here/docs"]
    made = ingest(store, given, on_progress=lambda *row: told.append(row))
    assert (made.added, made.skipped) == (3, []) and told[0][:2] == (0, 3) and told[-1] == (3, 3, "")
    with open_store(tmp_path / "other", "small/8", 8, writable=True) as other:
        ingest_paths(given, other, SmallEmbedder())
        alone = {(entry.key, entry.source.path, entry.source.sha256) for entry in other.catalog.entries()}
    assert {(entry.key, entry.source.path, entry.source.sha256) for entry in engine.entries()} == alone
    assert ingest(store).unchanged == 3
    os.remove("docs/002.md")
    assert (ingest(store, prune=True).removed, ingest(store, collection="内部").updated) == (1, 2)
    assert {entry.source.collection for entry in engine.entries()} == {"内部"}


def test_a_document_is_taken_out(serving):
    engine, store, _ = serving
    ingest(store)
    gone = engine.entries()[0]
    assert server_of(store).remove(gone.id)["title"] == gone.source.title
    assert gone.id not in {entry.id for entry in engine.entries()} and len(engine.entries()) == 2
    with pytest.raises(PolicyQAError, match="刚被"):
        server_of(store).remove(gone.id)


def test_what_cannot_be_done_is_told_in_one_line_with_its_code(serving):
    _, store, stopping = serving
    with pytest.raises(PolicyQAError, match="向量模型是 bundled，这里设的是 other") as other:
        ingest(store, model="other")
    with pytest.raises(PolicyQAError, match="路径不存在：none") as absent:
        ingest(store, ["none"])
    with pytest.raises(PolicyQAError, match="网页服务出错") as broken:
        server_of(store)._asked({"do": "ingest"}, nothing)
    stopping.set()
    with pytest.raises(PolicyQAError, match="正在停止") as late:
        ingest(store)
    assert [caught.value.exit_code for caught in (other, absent, broken, late)] == [2, 2, 1, 2]


def test_who_leaves_and_a_server_that_stops_lose_nothing_that_was_told(serving):
    engine, store, stopping = serving

    def leave(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, on_progress=leave)
    assert ingest(store, ["docs/000.md"]).added + ingest(store, ["docs/000.md"]).unchanged >= 1  # the next is served

    def stop(done, total, name):
        stopping.set()

    with pytest.raises(PolicyQAError, match="没有做完（再运行一次"):
        ingest(store, on_progress=stop)
    assert {entry.source.path for entry in engine.entries()} >= {"docs/000.md"}


def test_the_socket_is_its_owners(serving, tmp_path):
    _, store, _ = serving
    known = json.loads((store / SERVER).read_text())
    if os.name == "posix":
        assert {oct(path.stat().st_mode & 0o777) for path in (store / SERVER, Path(known["address"]))} == {"0o600"}
    mask = os.umask(0)
    try:
        with control_socket(object(), None, tmp_path, "bundled", threading.Event()):
            made = Path(json.loads((tmp_path / SERVER).read_text())["address"])
            assert not any(path.stat().st_mode & 0o077 for path in (made, made.parent, tmp_path / SERVER))
    finally:
        assert os.umask(mask) == 0
    with pytest.raises((EOFError, OSError)), Client(known["address"], known["family"]) as stranger:  # without the key
        stranger.recv_bytes()
        stranger.send_bytes(b"{}")
        stranger.recv_bytes()
        stranger.recv_bytes()
    (store / SERVER).write_text(json.dumps({**known, "key": "00" * 32}))
    assert server_of(store) is None
    (store / SERVER).write_text(json.dumps(known))
    assert ingest(store).added == 3


def test_a_copy_of_a_served_store_is_a_store_of_its_own(serving, tmp_path):
    engine, store, _ = serving
    ingest(store)
    copy = shutil.copytree(store, tmp_path / "copy", copy_function=copied)
    assert (copy / SERVER).read_text() == (store / SERVER).read_text() and server_of(copy) is None
    assert server_of(store).remove(engine.entries()[0].id)


@pytest.mark.skipif(os.name != "posix", reason="no such names")
def test_names_of_files_give_the_terminal_no_orders(tmp_path):
    text = article(0)[1]
    (tmp_path / "a\x1b]0;pwn\x07\x1b[31m.md").write_text(text, encoding="utf-8")
    server = OwnServer(tmp_path / "own")  # never started
    shown = server.run("ingest", tmp_path, "--json"), server.run("docs", "list")
    told = [
        *shown,
        server.run("docs", "show", shown[1].stdout.split()[0]),
        server.run("docs", "remove", shown[1].stdout.split()[0]),
    ]
    assert all("\x1b" not in done.stdout + done.stderr and done.returncode == 0 for done in told), told


def copied(source, target):
    """As `cp -r` does: what is no file is left out."""
    return shutil.copy2(source, target) if Path(source).is_file() else None


def test_commands_are_taken_again_after_a_connection_that_could_not_be(serving, monkeypatch):
    _, store, _ = serving
    accept, failing = SocketListener.accept, [OSError(errno.EMFILE, "too many open files")] * 2
    monkeypatch.setattr(SocketListener, "accept", lambda own: accept(own) if not failing else fail(failing.pop()))
    assert ingest(store).added == 3  # the accept that was waiting already
    assert ingest(store).unchanged == 3 and not failing


def fail(error):
    raise error


def test_a_long_command_is_taken(serving):
    _, store, _ = serving
    with pytest.raises(PolicyQAError, match="路径不存在：nirgends0"):
        ingest(store, [f"nirgends{number}" + "政" * 60 for number in range(5000)])


def test_a_server_that_was_halted_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("app.operations.control_client._WAIT", 0.05)
    with Listener(family=FAMILY) as silent:
        place = tmp_path / SERVER
        place.write_text("")
        known = {"pid": 1, "family": FAMILY, "address": silent.address, "key": "00", "file": place.stat().st_ino}
        place.write_text(json.dumps(known))
        assert server_of(tmp_path) is None


@pytest.mark.skipif(os.name != "posix", reason="a named pipe ends with its server")
def test_what_a_killed_server_left_is_nobody(tmp_path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "server.sock"))
    note = {"pid": 1, "family": "AF_UNIX", "address": str(tmp_path / "server.sock"), "key": "00"}
    for text in (json.dumps(note), "{", "[]", "{}"):
        (tmp_path / SERVER).write_text(text)
        assert server_of(tmp_path) is None
    engine, stopping = object(), threading.Event()
    with control_socket(engine, None, tmp_path, "bundled", stopping):
        assert server_of(tmp_path) is not None  # its successor takes the place
    assert not (tmp_path / SERVER).exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has named pipes")
def test_the_socket_is_not_in_the_store_and_where_the_supervisor_wants_it(serving, tmp_path, monkeypatch):
    _, store, _ = serving
    shutil.copytree(store, tmp_path / "copy")  # a folder with a socket in it could not be copied so
    (tmp_path / "run").mkdir()
    (tmp_path / "second").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path / 'run'}:/elsewhere")
    with control_socket(object(), None, tmp_path / "second", "bundled", threading.Event()):
        assert server_of(tmp_path / "second") is not None and (tmp_path / "run" / "server.sock").is_socket()


def test_a_second_server_does_not_take_the_firsts_place(serving, tmp_path):
    _, store, _ = serving
    with pytest.raises(StoreInUseError, match="已经在用索引"):
        refuse_second(Settings(store=store))
    refuse_second(Settings(store=store, library=None))  # one that only reads
    refuse_second(Settings(store=tmp_path / "other"))
    with control_socket(object(), None, store, "bundled", threading.Event()):
        assert ingest(store).added == 3
    assert ingest(store).unchanged == 3


def test_the_commands_of_a_terminal_beside_a_server(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for number in range(2):
        name, text, _, _ = article(number)
        (folder / name).write_text(text, encoding="utf-8")
    with own_server(tmp_path) as server:
        server.start()
        done = server.run("ingest", folder, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["added"] == 2 and "由它导入" in done.stderr
        server.holds(0)
        job = server.add(*article(2)[:2])
        assert server.settled()[job]["state"] == "done"
        rows = json.loads(server.run("docs", "list", "--json").stdout)
        uploaded = next(row["doc_id"] for row in rows if "第2号" in row["title"])
        assert server.run("docs", "remove", uploaded).returncode == 0
        assert server.run("ingest", folder, "--engine", "ray").returncode == 2
        server.stop()
        assert not (tmp_path / "store" / SERVER).exists()
        server.start()  # what was taken out is not read again
        server.holds(1)
        assert len(server.client.get("/v1/documents").json()["documents"]) == 2


def test_what_is_taken_out_without_a_server_is_not_read_again_by_the_next(tmp_path):
    with own_server(tmp_path) as server:
        server.start()
        jobs = [server.add(*article(number)[:2]) for number in range(2)]
        assert {server.settled()[job]["state"] for job in jobs} == {"done"}
        server.stop()
        first = json.loads(server.run("docs", "list", "--json").stdout)[0]
        assert server.run("docs", "remove", first["doc_id"]).returncode == 0
        server.start()
        server.settled()
        left = server.client.get("/v1/documents").json()["documents"]
        assert len(left) == 1 and left[0]["doc_id"] != first["doc_id"]
        trash = (tmp_path / "library" / ".trash").rglob("removed.json")
        assert [json.loads(path.read_text())["title"] for path in trash] == [first["title"]]
