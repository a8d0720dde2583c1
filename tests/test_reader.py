"""What a reader does with an answer, without a browser: rate, propose, edit, ask again; and what the settings tell."""

import re
import sqlite3

import pytest
from fake_engine import FakeEngine
from test_ui import text_of

from app.doctor import examine
from app.history.book import History, open_history
from app.settings import Settings
from app.ui.actions import bar_html, edit_html
from app.ui.chat import Conversation, ask
from app.ui.feedback_pane import propose
from app.ui.settings_pane import data_html, keys_html, status_html
from app.ui.strings import words
from ingest.errors import InputError


def buttons_of(message):
    return re.findall(r'<button[^>]* name="(\w+)" value="(\w+)"', message["content"])


def test_what_can_be_done_to_a_message_follows_what_became_of_it(tmp_path):
    with open_history(tmp_path / "h.sqlite3") as book:
        now = Conversation()
        for question in ("一", "错", "三"):
            *steps, now = ask(FakeEngine(), now, question, None, book)
        first, failed, last = (buttons_of(m) for m in now.messages("en")[1::2])
        assert [name for name, _ in first] == ["copy", "up", "down", "propose"] and failed == []
        assert last == [(name, now.exchanges[2].kept) for name in ("copy", "up", "down", "propose", "again")]
        assert (
            buttons_of(now.messages("en")[0]) == [("edit", now.exchanges[0].kept)]
            and "Make a test" in now.messages("en")[1]["content"]
        )
        under_way = steps[-1].messages("zh")
        assert buttons_of(under_way[-1]) == [] and 'class="pq-bar pq-away"' in under_way[0]["content"]
        halted = steps[-1].stopped().messages("zh")
        assert [name for name, _ in buttons_of(halted[-1])] == ["again"]
    unkept = ask(FakeEngine(), Conversation(), "一")
    assert [name for name, _ in buttons_of(list(unkept)[-1].messages()[1])] == ["copy", "again"]
    rated = bar_html("r1", "zh", at_rest=True, answered=True, kept="r1", again=False, rating="down", proposed=True)
    assert rated.count("pq-on") == 2 and "✓ 有问题" in rated and "✓ 已转成测试题" in rated
    assert 'name="edit"' in edit_html("r1", "zh", True)


def test_an_edited_question_takes_the_place_of_the_old_one_and_what_came_after(tmp_path):
    engine = FakeEngine()
    with open_history(tmp_path / "h.sqlite3") as book:
        now = Conversation()
        for question in ("一", "二", "三"):
            *_, now = ask(engine, now, question, None, book)
        gone = [e.kept for e in now.exchanges]
        *_, now = ask(engine, now, "二改", None, book, instead=gone[1])
        assert [e.question for e in now.exchanges] == ["一", "二改"] and now.exchanges[-1].number == 4
        assert [t.content for t in engine.seen[-1][1] if t.role == "user"] == ["一"]
        assert [e.question for e in book.exchanges(now.id)] == ["一", "二改"]
        assert [e.question for e in book.before(gone[2])] == ["一", "二"]  # as it was when that one was asked
        *_, now = ask(engine, now, "一改", None, book, instead=gone[0])
        (kept,) = book.conversations()
        assert (kept.title, kept.exchanges) == ("一改", 1) and book.conversations("二改") == []
        assert book.exchange(gone[2]).question == "三"  # a replay id that was given out stays good
        unknown = list(ask(engine, now, "四", None, book, instead="99"))[-1]
        assert [e.question for e in unknown.exchanges] == ["一改", "四"]


def test_an_answer_is_proposed_once_and_beside_the_history(tmp_path):
    with open_history(tmp_path / "h.sqlite3") as book:
        *_, now = ask(FakeEngine(), Conversation(), "贵州算力利用率如何", None, book)
        said = [propose(book, now.exchanges[0].kept, "zh") for _ in range(2)]
        assert "审阅" in said[0] and "已在" in said[1]
        assert len((tmp_path / "candidates.jsonl").read_text(encoding="utf-8").splitlines()) == 1
        with pytest.raises(InputError):
            propose(book, "r0", "zh")


def test_settings_say_what_works_and_where_things_are_but_no_key(tmp_path):
    settings = Settings(
        store=tmp_path / "none", llm_base_url="http://me:hush@127.0.0.1:9/v1?key=hush", llm_model="<b>m</b>",
        llm_api_key="hush", llm_key_from="SOME_KEY",
    )  # fmt: skip
    for language in ("zh", "en"):
        report = examine(settings, FakeEngine().describe(), language)
        page = status_html(report, language)
        assert "hush" not in page and "SOME_KEY" in page and "<b>" not in page and "/secret" in page
        assert words(language, "status_missing") in page and words(language, "status_ok") in page
        if language == "en":
            assert not re.search(
                r"[\u4e00-\u9fff]", text_of(page + keys_html("en") + data_html({"data_store": "x"}, "en"))
            )
    assert not (tmp_path / "none").exists()  # the engine's own word was taken, the store not opened again
    assert words("zh", "data_hidden") in data_html({}, "zh") and "POLICYQA_HISTORY=off" not in data_html({}, "zh")
    assert "&lt;i&gt;" in data_html({"data_history": "<i>"}, "zh")


def test_a_history_of_the_format_before_is_taken_over_whole(tmp_path):
    path = tmp_path / "h.sqlite3"
    with open_history(path) as book:
        kept = book.begin("c1", "问", "zh")
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE exchanges DROP COLUMN replaced")
        db.execute("PRAGMA user_version=1")
    db.close()
    for _ in range(2):
        book = History(path)
        assert [e.id for e in book.exchanges("c1")] == [kept]
        book.close()
    with open_history(path) as book:
        book.begin("c1", "改", "zh", kept)
        assert [e.question for e in book.exchanges("c1")] == ["改"] and book.conversations()[0].title == "改"
