"""The evidence pack: every note resolves, references follow GB/T 7714, hostile text stays text, Word opens it."""

import datetime
import io
import re
import zipfile

import docx
import pytest
from fake_engine import FakeEngine, citation, document
from test_ui import PAYLOADS

from app.history.book import open_history
from app.history.records import KeptExchange
from app.pack.markdown import as_markdown
from app.pack.notes import collect, reference
from app.pack.word import as_word
from app.render import escape
from app.server import build_app
from app.types import Answer
from app.ui.chat import Conversation, ask

DAY = datetime.date(2026, 11, 23)


def exchange(number=1, text="全国平均利用率约65%。 [1]", citations=None, **changes):
    citations = (citation(),) if citations is None else citations
    answer = Answer("问题一", text, (), citations, **changes)
    basis = {"store": "f00d", "model": "m", "pipeline": 25, "version": "0.1.0", "documents": {"d1": "ab" * 32}}
    return KeptExchange(f"r{number}", "c1", f"问题{number}", "zh", "2026-11-23T01:00:00+00:00", answer, basis=basis)


@pytest.mark.parametrize(
    ("changes", "url", "expected"),
    [
        ({"date": "2026-02-08", "issuer": "国务院办公厅", "title": "实施意见", "doc_number": "国办发〔2026〕4号"}, "https://www.gov.cn/a.htm",
         "国务院办公厅. 实施意见: 国办发〔2026〕4号[EB/OL]. (2026-02-08)[2026-11-23]. https://www.gov.cn/a.htm."),
        ({"date": "2026-02-08", "issuer": "", "doc_number": ""}, "", "算力简报[Z]. 2026-02-08."),
        ({"date": "", "issuer": "某局", "doc_number": "", "title": ""}, "", "某局. files/brief.md[Z]."),
    ],
)  # fmt: skip
def test_references_follow_the_standard(changes, url, expected):
    assert reference(citation(**changes), url, DAY) == expected


def test_notes_are_numbered_through_and_a_sentence_has_one():
    first, second = citation(1), citation(2, start=0, end=3, quote="第一句")
    pack = collect(
        "题", [exchange(1, r"甲 [1][2] \[1\] [9]", (first, second)), exchange(2, "乙 [1]", (citation(1, start=0, end=3, quote="第一句"),))],
        {"d1": document(url="https://a.gov.cn/x")}, DAY,
    )  # fmt: skip
    assert [s.text for s in pack.sections] == [r"甲 [1][2] \[1\] [9]", "乙 [2]"]
    assert [(n.number, n.quote) for n in pack.notes] == [(1, first.quote), (2, "第一句")]
    assert pack.notes[0].reference.endswith("https://a.gov.cn/x.") and pack.notes[0].sha256 == "ab" * 32
    assert pack.notes[0].place.startswith("第 3 页")


def test_what_was_never_answered_is_left_out():
    open_one = KeptExchange("r9", "c1", "没答完", "zh", "2026")
    assert collect("题", [open_one], {}, DAY).sections == ()


def test_markdown_has_question_answer_notes_hash_and_replay_id():
    text = as_markdown(
        collect("贵州算力", [exchange(abstained=True, abstain_reason="wrong_scope")], {"d1": document()}, DAY)
    )
    for part in (
        "# 贵州算力",
        "## 1. 问题1",
        "约65%。 [1]",
        "没有直接回答",
        "ab" * 32,
        "policyqa history replay r1",
        "f00d",
        "2026-11-23",
    ):
        assert part in text, part
    quoted = re.search(r"^> (.*)$", text, re.M)[1]
    assert quoted == escape(citation().quote)


def test_word_keeps_tables_bold_and_links_every_marker_to_its_note():
    body = "| 地区 | 目标 |\n| --- | --- |\n| **贵州** | 30万个 [1] |\n\n- 其余见下 [1]"
    file = as_word(collect("比较", [exchange(text=body)], {"d1": document()}, DAY))
    opened = docx.Document(io.BytesIO(file))
    assert [[c.text for c in row.cells] for row in opened.tables[0].rows][1][0] == "贵州"
    xml = zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml").decode("utf-8")
    assert xml.count('w:anchor="note1"') == 2 and xml.count('w:name="note1"') == 1
    said = "\n".join(p.text for p in opened.paragraphs)
    assert citation().quote in said and "其余见下" in said and "replay r1" in said


@pytest.mark.parametrize("payload", [*PAYLOADS, "坏\x00字\x0b符\ufffe", "|a|b|\n|---|---|"])
def test_hostile_text_stays_text(payload):
    hostile = citation(title=payload, issuer=payload, quote=payload, source=payload, doc_number=payload)
    kept = exchange(text=escape(payload) + " [1]", citations=(hostile,))
    pack = collect(payload, [kept], {}, DAY)
    text = as_markdown(pack)
    assert not re.search(r"(?<!\\)<(?:script|img|svg|iframe)", text) and not re.search(r"(?<!\\)\]\(", text)
    opened = docx.Document(io.BytesIO(as_word(pack)))
    wanted = re.sub(r"[\x00\x0b\ufffe]", "", payload).split("\n")[0]
    assert any(wanted in p.text for p in opened.paragraphs)


def test_exports_are_served_by_id_and_nothing_else(tmp_path):
    from fastapi.testclient import TestClient

    with open_history(tmp_path / "history.sqlite3") as book:
        *_, now = ask(FakeEngine(), Conversation(), "贵州算力", "zh", book)
        client = TestClient(build_app(FakeEngine(), book=book), base_url="http://127.0.0.1")
        replay = now.exchanges[0].kept
        for name, begins in ((f"{now.id}.md", b"# "), (f"{replay}.md", b"# "), (f"{now.id}.docx", b"PK")):
            answer = client.get(f"/export/{name}")
            assert answer.status_code == 200 and answer.content.startswith(begins)
            assert (
                name in answer.headers["content-disposition"] and answer.headers["x-content-type-options"] == "nosniff"
            )
        for name in ("c0000000000000000.md", f"{now.id}.exe", "..%2Fhistory.sqlite3", f"{now.id}.md%0a", "c'--.md"):
            assert client.get(f"/export/{name}").status_code == 404, name
        book.remove(now.id)
        assert client.get(f"/export/{now.id}.md").status_code == 404
