"""A disk that is full: told in one line or as JSON, nothing stored before is lost, and it goes on once there is room."""

import logging
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from api_server import sample_app, served
from own_server import article, own_server

from app.history.book import History, HistoryError
from bench.page import ask_as, sending
from eval.answer_cache import AnswerCache
from eval.gold import find_suite, load_suite


class Disk:
    """A small file system of its own, to be filled and emptied."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self, leave=0):
        """Leave so many bytes free."""
        block = bytes(4096)
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(block):
                    pass
            except OSError:
                file.truncate(max(0, file.tell() - leave))

    def empty(self):
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True) if sys.platform == "linux" else None
    if done is None or done.returncode:
        pytest.skip("a small file system cannot be mounted here (needs Linux and root)")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_uploads_and_answers_of_a_server_whose_library_has_no_room(sample_store, disk, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(disk.folder))  # where a form's file is spooled
    folder = disk.folder / "library"
    with (
        sample_app(sample_store, folder) as (app, _, library),
        served(app) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        large = b"\xe6\x96\x87" * 1_000_000
        disk.fill()
        for reply in (
            client.put("/v1/files?name=a.md", content=large),
            client.post("/v1/files", files={"file": ("a.md", large)}),
            client.put("/library/files?name=a.md", content=large),
        ):
            assert reply.status_code in {422, 507} and "error" in reply.json(), reply.text
            assert "Traceback" not in reply.text
        assert client.post("/v1/ask", json={"question": "贵州算力利用率如何"}).status_code == 200
        assert not library.told and not [p for p in folder.rglob("*") if p.is_file()]
        disk.empty()
        assert client.put("/v1/files?name=a.md", content=large).status_code == 202
        assert client.post("/v1/files", files={"file": ("a.md", large)}).status_code == 202
        assert len(library.told) == 2


def test_a_history_without_room_keeps_what_it_has_and_takes_more_once_there_is_room(disk):
    path = disk.folder / "history.sqlite3"
    book = History(path)
    first = book.begin("c" * 17, "第一问", "zh")
    disk.fill()
    written, refused = [first], 0
    for number in range(40):
        try:
            written.append(book.begin("c" * 17, f"第{number}问" + "长" * 3000, "zh"))
        except HistoryError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused and [kept.id for kept in book.exchanges("c" * 17)] == written
    disk.empty()
    written.append(book.begin("c" * 17, "最后一问", "zh"))
    book.close()
    again = History(path)
    assert [kept.id for kept in again.exchanges("c" * 17)] == written
    again.close()


def test_recorded_answers_without_room_cost_a_warning_and_nothing_else(disk, caplog):
    case = load_suite(find_suite("sample").gold)[0]
    row = {"id": case.id, "error": "", "answer": {"id": case.id, "model": "extractive", "text": "长" * 5000}}
    cache = AnswerCache(disk.folder / "answers", "one")
    cache.keep([(case, row)])
    disk.fill()
    with caplog.at_level(logging.WARNING):
        AnswerCache(disk.folder / "answers", "one").keep(
            [(case, {**row, "answer": {**row["answer"], "text": "新" * 50_000}})]
        )
    assert "cannot be recorded" in caplog.text
    assert [p.name for p in (disk.folder / "answers").iterdir()] == ["one.jsonl"]
    kept = AnswerCache(disk.folder / "answers", "one").get(case)
    assert kept["answer"]["text"] == row["answer"]["text"]
    disk.empty()
    AnswerCache(disk.folder / "answers", "two").keep([(case, row)])
    assert AnswerCache(disk.folder / "answers", "two").get(case)


def write(folder, numbers, filler=12):
    folder.mkdir(exist_ok=True)
    for number in numbers:
        name, text, _, _ = article(number, filler)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.full
def test_an_ingestion_that_runs_out_of_room_is_told_and_finished_later(disk, tmp_path):
    own = tmp_path / "own"

    def refused():
        full = server.run("ingest", own)
        told = [line for line in full.stderr.splitlines() if line.startswith("错误")]
        assert full.returncode in {1, 2} and len(told) == 1 and "Traceback" not in full.stderr, full.stderr[-2000:]
        assert "空间" in told[0] and "删除" not in told[0]

    with own_server(tmp_path, store=disk.folder / "store") as server:
        write(own, range(3))
        assert server.run("ingest", own).returncode == 0
        write(own, range(30))
        disk.fill(400_000)
        refused()
        answer = server.run("ask", article(1)[2])  # still on the full disk
        assert answer.returncode == 0 and article(1)[3] in answer.stdout, answer.stderr
        disk.empty()
        disk.fill()
        refused()  # without a byte left, not even the name of who holds the lock can be written
        disk.empty()
        assert server.run("ingest", own).returncode == 0
        server.start()
        assert server.client.get("/v1/documents").json()["total"] == 30
        for number in (0, 1, 2, 29):
            server.holds(number)


@pytest.mark.full
def test_a_server_whose_disk_fills_answers_on_and_reads_what_it_accepted_later(disk, tmp_path):
    with own_server(tmp_path, store=disk.folder / "store", POLICYQA_HISTORY=str(disk.folder / "h.sqlite3")) as server:
        write(tmp_path / "own", range(2))
        assert server.run("ingest", tmp_path / "own").returncode == 0
        server.start()
        event = sending(server.url)
        disk.fill()
        accepted = [number for number in range(2, 8) if isinstance(server.add(*article(number, 12)[:2]), str)]
        jobs = server.settled()
        failed = [job for job in jobs.values() if job["state"] == "failed"]
        assert (
            len(accepted) == 6 and failed and all(job["message"] for job in failed)
        )  # the library has room, the index has not
        for number in (0, 1):
            server.holds(number)
        assert ask_as(server.url, event, article(0)[2])[-1]["success"]  # and its history has none
        assert "Traceback" not in server.log() or "disk" in server.log().lower()
        disk.empty()
        assert isinstance(server.add(*article(8)[:2]), str)  # the next request works, without a restart
        server.settled()
        server.holds(8)
        server.kill()
        server.start()
        server.settled()
        for number in [0, 1, *accepted, 8]:
            server.holds(number)


def test_the_disk_is_one(disk):
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        (disk.folder / "more").write_bytes(bytes(100_000))
    assert Path(disk.folder / "filler").stat().st_size > 20_000_000
