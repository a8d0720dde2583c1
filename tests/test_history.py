"""Conversations kept: across restarts, found, renamed, taken out and brought back, replayed."""

import sqlite3
import threading

import pytest
from fake_engine import FakeEngine, citation

from app.history.book import MAX_TITLE, History, HistoryError
from app.history.records import answer_from_json
from app.history.replay import basis_of, replay, turns
from app.types import Answer, AnswerSentence
from app.ui.chat import Conversation, ask
from app.ui.resume import taken_up
from ingest.errors import InputError


def answered(question="问", text="全国平均利用率约65%。 [1]", **changes):
    fields = {
        "question": question, "text": text, "sentences": (AnswerSentence("全国平均利用率约65%。", (1,), "partial", True, False),),
        "citations": (citation(),), "timings_ms": {"total": 12.0},
    }  # fmt: skip
    return Answer(**{**fields, **changes})


@pytest.fixture
def book(tmp_path):
    history = History(tmp_path / "一层" / "history.sqlite3")
    yield history
    history.close()


def test_an_answer_is_read_as_it_was_written():
    answer = answered(abstained=True, abstain_reason="wrong_scope", model="某模型 (dropped 2)")
    assert answer_from_json(answer.to_json()) == answer
    newer = answer.to_json()
    newer["citations"][0]["a_field_of_a_later_version"] = 1
    assert answer_from_json(newer) == answer


def test_nothing_is_lost_by_a_restart(book):
    first = book.begin("c1", "贵州算力利用率如何", "zh")
    book.finish(first, answered(), {"store": "abc"})
    second = book.begin("c1", "那浙江呢？", None)
    book.close()
    again = History(book.path)
    one, two = again.exchanges("c1")
    assert (one.id, one.question, one.language, one.answer) == (first, "贵州算力利用率如何", "zh", answered())
    assert one.basis == {"store": "abc"}
    assert (two.id, two.language, two.answer, two.error) == (
        second,
        None,
        None,
        "",
    )  # asked, never answered: still there
    assert [(k.id, k.title, k.exchanges) for k in again.conversations()] == [("c1", "贵州算力利用率如何", 2)]
    again.close()


def test_conversations_are_found_by_title_question_and_answer_and_nothing_else(book):
    for number, (question, text) in enumerate(
        [("贵州的机架", "规划30万个"), ("浙江50%的占比", "约一半"), ("a_b", "c")]
    ):
        book.finish(book.begin(f"c{number}", question, "zh"), answered(question, text), {})
    assert [k.id for k in book.conversations("机架")] == ["c0"]
    assert [k.id for k in book.conversations("约一半")] == ["c1"]
    assert [k.id for k in book.conversations("50%")] == ["c1"]  # % and _ are signs, no wildcards
    assert [k.id for k in book.conversations("a_b")] == ["c2"]
    assert book.conversations("%%") == [] and book.conversations("'; DROP TABLE conversations;--") == []
    assert [k.id for k in book.conversations()] == ["c2", "c1", "c0"]  # last used first
    book.begin("c0", "再问", "zh")
    assert book.conversations()[0].id == "c0"


def test_renamed_removed_restored_purged(book):
    book.begin("c1", "长" * 500, "zh")
    assert len(book.conversations()[0].title) == MAX_TITLE
    book.rename("c1", "  贵州\n算力 ")
    assert book.conversations()[0].title == "贵州 算力"
    with pytest.raises(InputError):
        book.rename("c1", "  ")
    book.remove("c1")
    assert book.conversations() == [] and len(book.exchanges("c1")) == 1
    book.restore("c1")
    assert len(book.conversations()) == 1 and book.purge() == 0
    book.remove("c1")
    assert book.purge() == 1 and book.exchanges("c1") == []


def test_a_verdict_can_be_given_changed_and_taken_back(book):
    exchange = book.begin("c1", "问", "zh")
    book.rate(exchange, "down", "口径不对" * 500)
    kept = book.exchange(exchange)
    assert kept.rating == "down" and kept.reason.startswith("口径不对") and len(kept.reason) == 500
    book.rate(exchange, "")
    assert (book.exchange(exchange).rating, book.exchange(exchange).reason) == ("", "")
    with pytest.raises(InputError):
        book.rate("r0", "up")


def test_an_error_is_kept_and_an_answer_wins_over_it(book):
    exchange = book.begin("c1", "问", "zh")
    book.fail(exchange, "大模型未响应")
    assert book.exchange(exchange).error == "大模型未响应"
    book.finish(exchange, answered(), {})
    book.fail(exchange, "迟到的错误")
    assert book.exchange(exchange).error == "" and book.exchange(exchange).answer == answered()


def test_threads_write_at_once_and_every_question_is_there(book):
    def ask(number):
        for _ in range(10):
            book.finish(book.begin(f"c{number}", "问", "zh"), answered(), {})

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {k.exchanges for k in book.conversations()} == {10} and len(book.conversations()) == 8


def test_what_is_no_history_is_refused_in_one_line(tmp_path):
    text, newer = tmp_path / "a.sqlite3", tmp_path / "b.sqlite3"
    text.write_text("不是数据库" * 100, encoding="utf-8")
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    for path in (text, newer, tmp_path):
        with pytest.raises(HistoryError) as refused:
            History(path)
        assert "\n" not in refused.value.message and refused.value.hint
    assert text.read_text(encoding="utf-8").startswith("不是数据库")


class Engine:
    """One answer, one document; both can be changed under the history's feet."""

    def __init__(self):
        self.answer, self.sha, self.seen = answered(), "aa", []

    def ask(self, question, history=(), language=None):
        self.seen.append((question, [t.content for t in history], language))
        return self.answer

    def describe(self):
        return {"model": "m", "llm": "none"}

    def hashes(self):
        return {"d1": self.sha, "d2": "bb"}

    def collections_of(self, doc_ids):
        return dict.fromkeys(doc_ids, "")


def test_a_replay_asks_the_same_and_says_what_has_changed(book):
    engine = Engine()
    for question in ("贵州算力利用率如何", "那浙江呢？"):
        exchange = book.begin("c1", question, "zh")
        book.finish(exchange, engine.answer, basis_of(engine, engine.answer))
    same = replay(engine, book, exchange)
    assert same.same and same.changed == ()
    assert engine.seen == [("那浙江呢？", ["贵州算力利用率如何", engine.answer.text], "zh")]
    engine.sha, engine.answer = "cc", answered(text="全国平均利用率约66%。 [1]")
    other = replay(engine, book, exchange)
    assert not other.same and set(other.changed) == {"store", "算力简报"}
    with pytest.raises(InputError, match="没有编号"):
        replay(engine, book, "r1")
    with pytest.raises(InputError, match="没有答完"):
        replay(engine, book, book.begin("c1", "没答的", "zh"))
    assert len(turns(book.exchanges("c1"))) == 4  # the unanswered one is no turn


def conversation(book, *questions, engine=None, chosen="zh"):
    now = Conversation()
    for question in questions:
        *_, now = ask(engine or FakeEngine(), now, question, chosen, book)
    return now


def test_the_page_keeps_what_was_asked_answered_and_failed_and_opens_it_again_as_it_was(book):
    shown = conversation(book, "第一问", "错", "坏", "最后一问")
    kept = book.exchanges(shown.id)
    assert [e.question for e in kept] == ["第一问", "错", "坏", "最后一问"]
    assert [bool(e.answer) for e in kept] == [True, False, False, True]
    assert kept[1].error == "这个问题读不懂" and "secret" not in kept[2].error
    assert kept[0].basis["documents"] == {"d1": "0" * 64}
    again = Conversation.reopened(FakeEngine(), shown.id, kept, "zh")
    assert again.messages()[1] == shown.messages()[1] and again.sources("zh") == shown.sources("zh")
    assert again.turns() == shown.turns() and again.id == shown.id
    assert [e.kept for e in again.exchanges] == [e.id for e in kept] == [e.kept for e in shown.exchanges]


def test_a_question_cut_off_by_a_restart_is_still_there(book):
    steps = ask(FakeEngine(), Conversation(), "被打断的问题", "zh", book)
    begun = next(steps)
    steps.close()
    again = Conversation.reopened(FakeEngine(), begun.id, book.exchanges(begun.id), "zh")
    assert "被打断的问题" in again.messages()[0]["content"] and "没有答完" in again.messages()[1]["content"]


def test_a_history_that_cannot_be_written_does_not_stop_answers(book):
    book.close()
    shown = conversation(book, "第一问")
    assert "平均利用率约65" in shown.messages()[1]["content"] and shown.exchanges[0].kept == ""


def test_a_cleared_conversation_is_another_one(book):
    shown = conversation(book, "第一问")
    assert shown.cleared().id != shown.id and Conversation().id != Conversation().id


def test_a_tab_takes_its_conversation_up_again_and_no_other(book):
    engine = FakeEngine()
    asked = list(ask(engine, Conversation(), "甲问", None, book))[-1]
    again = taken_up(engine, book, Conversation(), asked.id, "zh")
    assert (again.id, len(again.exchanges)) == (asked.id, 1) and "65%" in again.exchanges[0].reply
    assert taken_up(engine, book, asked, "c" + "0" * 16, "zh") is asked  # the server still knows it
    fresh = Conversation()
    for shown in ("", "c" + "0" * 16, "../x", "c%", None, f"{asked.id}' OR 1"):
        assert taken_up(engine, book, fresh, shown, "zh") is fresh
    assert taken_up(engine, None, fresh, asked.id, "zh") is fresh
    book.close()
    assert taken_up(engine, book, fresh, asked.id, "zh") is fresh  # a history that cannot be read is no reason to fail
