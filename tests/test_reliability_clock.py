"""The clock jumps, forwards and backwards: nobody is locked out, nothing is dropped, answers go on."""

import datetime
import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from api_server import sample_app, served
from httpx import Client

import app.history.book
from app.api.limits import _Meter
from app.history.book import History
from app.library.shelf import Shelf
from ingest.lock import locked

HOUR = 3600
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR, 40 * 365 * 24 * HOUR, -40 * 365 * 24 * HOUR])


@dataclass
class Clock:
    """The wall clock of this process, which somebody sets; the steady one goes on."""

    ahead: float = 0.0


@pytest.fixture
def clock(monkeypatch):
    clock, real = Clock(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + clock.ahead)
    return clock


@JUMPS
def test_a_caller_at_the_limit_is_let_in_again_after_the_jump_or_after_the_period(clock, jump):
    meter = _Meter("2/minute")
    assert [meter.wait("a") for _ in range(2)] == [0, 0] and 1 <= meter.wait("a") <= 60
    clock.ahead += jump
    assert meter.wait("a") <= 60
    clock.ahead += 121
    assert meter.wait("a") == 0


@JUMPS
def test_answers_and_the_limit_of_a_server_survive_a_jump(sample_store, tmp_path, clock, jump):
    with (
        sample_app(sample_store, tmp_path, rate="1000/minute") as (app, _, _),
        served(app) as address,
        Client(base_url=address, timeout=60) as client,
    ):
        before = client.post("/v1/ask", json={"question": "贵州算力利用率如何"}).json()
        clock.ahead += jump
        for _ in range(3):
            reply = client.post("/v1/ask", json={"question": "贵州算力利用率如何"})
            assert reply.status_code == 200 and reply.json()["answer"] == before["answer"]
        assert client.get("/readyz").status_code == 200


@JUMPS
def test_a_lock_is_waited_for_and_let_go_by_the_steady_clock(tmp_path, clock, jump):
    with locked(tmp_path, alone=True, wait=1):
        clock.ahead += jump
        began = time.monotonic()
        with pytest.raises(Exception, match="正被另一进程使用"), locked(tmp_path, alone=False, wait=0.3):
            pass
        assert 0.2 < time.monotonic() - began < 30
    with locked(tmp_path, alone=True, wait=1):
        pass


@pytest.mark.parametrize("jump", [HOUR, -HOUR, -40 * 365 * 24 * HOUR])
def test_what_was_removed_can_be_brought_back_after_a_jump(tmp_path, clock, jump):
    shelf = Shelf(tmp_path)
    place = shelf.folder / "一.md"
    place.write_text("文", encoding="utf-8")
    removed = shelf.take_out(str(place.resolve()), "一", str(place), True)
    clock.ahead += jump
    shelf.tidy()
    assert [one.id for one in shelf.removed()] == [removed.id]
    with shelf.bring_back(removed) as path:
        assert (tmp_path / path).read_text(encoding="utf-8") == "文"


def test_conversations_keep_their_order_when_the_clock_goes_back(tmp_path, monkeypatch):
    book, times = History(tmp_path / "h.sqlite3"), iter(["2030-01-01T00:00:00.000", "2020-01-01T00:00:00.000"] * 4)
    monkeypatch.setattr(app.history.book, "_now", lambda: next(times))
    first = [book.begin("c" * 17, f"问{n}", "zh") for n in range(4)]
    assert [kept.id for kept in book.exchanges("c" * 17)] == first
    book.close()


@JUMPS
def test_a_clients_clock_drops_nothing_that_another_client_is_about_to_publish(clock, jump):
    """The age of what nobody names yet is told by the server's clock, read once and carried on by the steady one."""
    from ingest.server import Server

    server = Server("http://127.0.0.1:1")
    server._ahead = time.time() - time.monotonic()  # as `connect` reads it from a heartbeat
    before = server.now()
    clock.ahead += jump
    assert 0 <= server.now() - before <= 5


@pytest.mark.parametrize(
    ("today", "state"), [("2023-05-31", "尚未施行"), ("2024-01-01", "现行有效"), ("2031-01-01", "已失效")]
)
def test_what_is_in_force_is_told_by_the_day_of_the_question(tmp_path, monkeypatch, today, state):
    """A clock that was set wrong leaves nothing behind: validity is never stored."""
    from small_embedder import SmallEmbedder

    import app.engine
    from app.engine import Engine
    from ingest.store import open_store

    text = "# 星海市算力券办法\n\n星海市人民政府\n2023年5月1日\n\n第一条 补贴20%。\n\n第二条 本办法自2023年6月1日起施行，有效期至2028年5月31日。\n"
    (tmp_path / "一.md").write_text(text, encoding="utf-8")
    embedder = SmallEmbedder()
    with open_store(tmp_path / "store", embedder.name, embedder.dimension, writable=True) as store:
        engine = Engine(store, embedder)
        engine.ingest([str(tmp_path / "一.md")])
        for day in ("1999-01-01", "2060-01-01", today):
            date = type(
                "date", (datetime.date,), {"today": classmethod(lambda cls, d=day: datetime.date.fromisoformat(d))}
            )
            monkeypatch.setattr(app.engine, "datetime", SimpleNamespace(date=date))
            told = engine.origin(engine.entries()[0].id).validity
        assert told.startswith(state)
