"""Twenty readers at once, through the page's own queue: each gets their own answer, and no more run at a time than may."""

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fake_engine import FakeEngine
from test_browser import scripted  # noqa: F401  (fixture)

from app.ui.ask_pane import CONCURRENCY
from bench.page import USERS, ask_as, sending


class Counting(FakeEngine):
    """Counts how many answers are under way at once."""

    def __init__(self):
        super().__init__(pause=0.05)
        self.lock, self.now, self.most, self.served = threading.Lock(), 0, 0, 0

    def stream(self, question, history=(), language=None):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield from super().stream(question, history, language)
        finally:
            with self.lock:
                self.now -= 1
                self.served += 1


def test_twenty_ask_at_once_and_each_gets_their_own_answer(scripted):  # noqa: F811
    engine = Counting()
    address = scripted(engine)
    event = sending(address)
    sessions = [secrets.token_hex(6) for _ in range(USERS)]
    for turn in (1, 2):
        with ThreadPoolExecutor(USERS) as readers:
            asked = [readers.submit(ask_as, address, event, f"第{i}人第{turn}问", s) for i, s in enumerate(sessions)]
            heard = [future.result() for future in asked]
        for number, messages in enumerate(heard):
            assert messages[-1]["msg"] == "process_completed" and messages[-1]["success"] is True
            said = json.dumps(messages, ensure_ascii=False)
            assert f"第{number}人第{turn}问" in said and "65%" in said and "pq-error" not in said
            assert not any(f"第{other}人第" in said for other in range(USERS) if other != number)
        for _ in range(50):  # a thread that was served ends a moment after its answer
            if engine.now == 0:
                break
            time.sleep(0.1)
        assert engine.served == USERS * turn and engine.now == 0
    assert 1 < engine.most <= CONCURRENCY
    histories = [history for question, history, _ in engine.seen if "第2问" in question]
    assert all(len(history) == 2 for history in histories)  # each session has its own first question behind it
