"""The page without a browser: cards and messages as pure functions, the conversation, the server's refusals."""

import html
import re
import socket
import string
from dataclasses import replace
from typing import get_args

import pytest
from fake_engine import END, START, TEXT, FakeEngine, citation, document, record
from hypothesis import given
from hypothesis import strategies as st

from app.render import escape as markdown_escape
from app.server import build_app, check_address, is_loopback
from app.types import AbstainReason, Answer, AnswerSentence
from app.ui.actions import notes_html
from app.ui.cards import CONTEXT, card_html, context, pane_html
from app.ui.chat import MAX_EXCHANGES, Conversation, ask
from app.ui.library import FILTERS, MAX_ROWS, Wanted, choices, details_html, library_html
from app.ui.message import answer_html, error_html, inert, progress_html, question_html
from app.ui.strings import STRINGS, words
from ingest.errors import InputError
from ingest.facts.fields import VALIDITIES
from ingest.health import FLAGS
from ingest.types import TIERS, Health

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[点我](javascript:alert(1))",
    "![图](http://evil.example/leak.png)",
    "</mark></article><iframe srcdoc='<script>alert(1)</script>'>",
    "${alert(1)} {{constructor}} `x`",
    "$$\\href{javascript:alert(1)}{x}$$",
    "http://evil.example/auto",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
TAGS = {"div", "span", "p", "ul", "li", "strong", "a", "br"}
TAGS |= {"article", "header", "h3", "section", "blockquote", "mark", "footer", "button"}


def tags_of(page):
    return set(re.findall(r"</?([a-zA-Z0-9]+)", page))


def text_of(page):
    return html.unescape(re.sub(r"<[^>]*>", "", page.replace("<br>", "\n")))


def answer(text, sentences=(), **changes):
    return Answer(**{"question": "问", "text": text, "sentences": sentences, "citations": (citation(),), **changes})


def test_both_languages_have_the_same_words_and_placeholders():
    zh, en = STRINGS["zh"], STRINGS["en"]
    assert zh.keys() == en.keys()
    for key in zh:
        assert zh[key].strip() and en[key].strip(), key
        assert set(re.findall(r"\{(\w+)\}", zh[key])) == set(re.findall(r"\{(\w+)\}", en[key])), key
        assert not re.search(r"[\u4e00-\u9fff]", en[key]), key
    assert {f"tier_{tier}" for tier in TIERS} <= zh.keys()
    assert words("zh", "hint", hint="{question} {0}") == "建议：{question} {0}"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_untrusted_text_stays_text(payload):
    flawed = (AnswerSentence(payload, (1,), "partial"),)
    message = answer_html(1, answer(markdown_escape(payload), flawed, model=payload), "zh")
    hostile = citation(title=payload, issuer=payload, doc_number=payload, region=payload, date=payload, source=payload)
    shown = document(text=TEXT + payload, title=payload, repealed=payload)
    cards = pane_html(1, answer("", question=payload, citations=(hostile,)), {"d1": shown}, "zh")
    gone = pane_html(1, answer("", citations=(citation(quote=payload),)), {}, "zh")
    asked, failed = question_html(payload), error_html("zh", payload, payload)
    under_way = progress_html(1, "answer", [AnswerSentence(payload, (1,))], "zh")
    notes = notes_html(answer("", citations=(hostile,)), {"d1": shown}, "zh")
    for page in (message, cards, gone, asked, failed, under_way, notes):
        assert tags_of(page) <= TAGS
        assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page))
        assert 'href="javascript' not in page
        assert payload.strip() in text_of(page)
    for page in (message, asked, failed, under_way, notes):  # these go through Markdown: no sign of it may be left
        assert not set(re.sub(r"<[^>]*>|&#\d+;", "", page)) & set("<>[]()*_`$!:/\\{}")
    assert "$" not in cards and "{" not in cards  # Gradio's HTML templates


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
def test_inert_text_reads_as_it_was(text):
    shown = inert(text)
    assert not set(re.sub(r"&#\d+;|<br>", "", shown)) & set(string.punctuation)
    assert len(html.unescape(shown.replace("<br>", "\n"))) <= len(text)


def test_direction_overrides_and_controls_are_not_shown():
    assert inert("a\u202egpj.exe\x00") == "agpj&#46;exe"
    assert "\u202e" not in card_html(1, citation(title="报告\u202efdp"), document(), "zh")


def test_markers_of_citations_become_links_and_others_stay_text():
    page = answer_html(7, answer(r"约65%。 [1][9] \[1\] **要点** 二。 [1]"), "zh")
    assert page.count('<a class="pq-cite" href="#src-7-1">') == 2
    assert "[9]" in text_of(page) and page.count("[1]") == 0
    assert "<strong>要点</strong>" in page


def test_answer_keeps_paragraphs_headings_and_lists():
    page = answer_html(1, answer("开头。\n\n**贵州**\n\n- 甲 [1]\n- 乙\n结尾"), "zh")
    assert "<p>开头。</p><p><strong>贵州</strong></p><ul><li>甲 <a" in page
    assert "</a></li><li>乙</li></ul><p>结尾</p>" in page


def test_every_cited_sentence_has_its_verdict_in_words():
    sound, shaky = AnswerSentence("甲_1。", (1,)), AnswerSentence("乙<2>。", (1,), "partial", numbers_ok=False)
    bare = AnswerSentence("丙。", (), "unsupported")
    text = "\n".join(markdown_escape(s.text) for s in (sound, shaky, bare))
    page = answer_html(1, answer(text, (sound, shaky, bare)), "zh")
    assert '<span class="pq-partial">乙&#60;2&#62;。</span>' in page
    assert '<span class="pq-tag pq-partial-tag" title="数字与原文不一致">部分有据</span>' in page
    assert '<span class="pq-unsupported">丙。</span>' in page
    assert page.count("pq-tag ") == 2
    assert (
        page.count('class="pq-ok"') == 1
        and '甲&#95;1。<span class="pq-ok" title="有据">✓<span class="pq-sr">有据' in page
    )
    assert "1 句有据" in text_of(page) and "2 句需留意" in text_of(page)
    uncited = answer_html(1, answer("丁。", (AnswerSentence("丁。", ()),)), "zh")
    assert "pq-ok" not in uncited and "句有据" not in uncited


@pytest.mark.parametrize("reason", get_args(AbstainReason))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_abstention_is_an_answer_with_its_reason_in_words(reason, language):
    page = answer_html(1, answer("资料未披露。", abstained=True, abstain_reason=reason), language)
    assert 'class="pq-badge"' in page and "资料未披露。" in page and "pq-error" not in page
    assert words(language, f"why_{reason or 'not_disclosed'}") in text_of(page)
    nothing = answer_html(1, answer("资料未披露。", abstained=True, abstain_reason=reason, citations=()), language)
    assert words(language, "abstain_closest") not in text_of(nothing)
    assert "pq-badge" not in answer_html(1, answer("约65%。"), "zh")


def test_the_foot_says_who_worded_the_answer():
    def foot(model, language="zh"):
        return text_of(answer_html(1, answer("约65%。", model=model), language))

    assert "原文摘录" in foot("extractive") and "quoted" in foot("extractive", "en")
    assert "未响应" in foot("extractive (LLM failed: timeout)") and "timeout" not in foot(
        "extractive (LLM failed: timeout)"
    )
    assert "未通过核验" in foot("extractive (m: nothing passed the checks)")
    assert "m1，略去 2 句" in foot("m1 (dropped 2)") and "m1 · " in foot("m1")


def test_card_shows_the_sentence_in_context_with_its_origin():
    page = card_html(2, citation(), document(), "zh")
    assert f"第一句话在这里。<mark>{TEXT[START:END]}</mark>最后一句话。" in page
    assert 'id="src-2-1"' in page
    shown = text_of(page)
    facts = ("算力简报", "统计", "某局", "某发〔2025〕1号", "贵州", "2025-01-01", "第 3 页", "总体情况")
    for part in (*facts, "brief.md"):
        assert part in shown
    assert "statistics" in card_html(2, citation(), document(), "en")


@pytest.mark.parametrize(
    ("validity", "zh", "en"),
    [
        ("已废止（被《新办法》取代）", "已废止（被《新办法》取代）", "repealed (replaced by 《新办法》)"),
        ("已被修订（被《决定》修改）", "已被修订（被《决定》修改）", "amended (by 《决定》)"),
        ("已失效（有效期至2025-07-31）", "已失效（有效期至2025-07-31）", "expired (valid until 2025-07-31)"),
        ("征求意见稿", "征求意见稿", "draft for comment"),
    ],
)
def test_card_says_when_a_text_is_not_in_force(validity, zh, en):
    for language, expected in (("zh", zh), ("en", en)):
        page = card_html(1, replace(citation(), validity=validity), document(repealed="2031-01-01"), language)
        assert f'<span class="pq-warn">{expected}</span>' in page and "2031" not in page
    in_force = card_html(1, replace(citation(), validity="现行有效"), document(repealed="2031-01-01"), "en")
    assert "in force" in in_force and "valid until 2031-01-01" in in_force and "pq-warn" not in in_force


def test_card_says_when_its_document_is_not_whole():
    cut = replace(document(), health=Health(flags=("truncated", "ocr")))
    assert "正文不完整，结尾缺失" in card_html(1, citation(), cut, "zh")
    assert "holds text read by OCR" in card_html(1, citation(), cut, "en")


def test_card_ids_differ_between_turns_and_citations():
    two = answer("", citations=(citation(1), citation(2)))
    page = pane_html(1, two, {"d1": document()}, "zh") + pane_html(2, two, {"d1": document()}, "zh")
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 8


@pytest.mark.parametrize(
    ("address", "linked"),
    [("https://www.gov.cn/a", True), ("javascript:alert(1)", False), ("C:\\docs\\a.md", False), ("http://[bad", False)],
)
def test_only_web_addresses_are_links(address, linked):
    page = card_html(1, citation(source=address), document(), "zh")
    assert ("target=" in page) is linked


def test_context_is_cut_at_sentence_ends_and_stays_near():
    text = "甲" * 300 + "。" + "乙" * 50 + "。目标句。" + "丙" * 60 + "！" + "丁" * 300
    start = text.index("目标句")
    before, after = context(text, start, start + 4)
    assert before == "乙" * 50 + "。" and after == "丙" * 60 + "！"
    before, after = context("甲" * 900, 400, 500)
    assert before == "…" + "甲" * CONTEXT and after == "甲" * CONTEXT + "…"
    assert context("一。二。三。", 2, 4) == ("一。", "三。")
    assert context("标题一。二。三。尾", 4, 6, 4, 8) == ("", "三。")


def run(engine, conversation, question, chosen=None):
    return list(ask(engine, conversation, question, chosen))


def test_stages_then_sentences_then_the_answer_with_its_cards():
    steps = run(FakeEngine(), Conversation(), "问题")
    shown = [text_of(step.messages()[-1]["content"]) for step in steps]
    assert "理解问题" in shown[0] and any("65%" in s and "核验出处" in s for s in shown[:-1])
    assert "pq-now" not in steps[-1].messages()[-1]["content"] and not steps[-1].pending
    assert 'id="src-1-1"' in steps[-1].sources("zh")


def test_history_and_language_reach_the_engine():
    engine = FakeEngine()
    first = run(engine, Conversation(), "第一问")[-1]
    failed = run(engine, first, "错")[-1]
    run(engine, failed, "second", "en")
    question, history, language = engine.seen[-1]
    assert [(t.role, t.content) for t in history] == [("user", "第一问"), ("assistant", "全国平均利用率约65%。 [1]")]
    assert (question, language) == ("second", "en") and engine.seen[0][2] is None


def test_errors_are_said_in_plain_words():
    known = text_of(run(FakeEngine(), Conversation(), "错")[-1].messages()[-1]["content"])
    assert "这个问题读不懂" in known and "换一种问法" in known
    unknown = text_of(run(FakeEngine(), Conversation(), "坏")[-1].messages()[-1]["content"])
    assert "程序出了问题" in unknown and "secret" not in unknown
    once = run(FakeEngine(), Conversation(), " \n")[-1]
    empty = run(FakeEngine(), once, "")[-1].messages()
    assert [m["role"] for m in empty] == ["assistant"] and "请先输入问题" in text_of(empty[0]["content"])


def test_stopping_keeps_what_was_said_and_clearing_keeps_the_count():
    steps = run(FakeEngine(), Conversation(), "question", "en")
    halted = steps[3].stopped()
    said = text_of(halted.messages()[-1]["content"])
    assert "65%" in said and "stopped" in said and not halted.turns()
    cleared = halted.cleared()
    assert not cleared.messages() and cleared.asked == 1


def test_a_long_conversation_stays_bounded_and_numbers_go_on():
    now = Conversation()
    for n in range(MAX_EXCHANGES + 5):
        now = run(FakeEngine(), now, f"问题{n}")[-1]
    assert len(now.exchanges) == MAX_EXCHANGES and now.exchanges[-1].number == MAX_EXCHANGES + 5
    assert f'id="src-{MAX_EXCHANGES + 5}-1"' in now.sources("zh") and 'id="src-1-1"' not in now.sources("zh")


def test_a_port_in_use_is_told_before_anything_heavy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"端口 {port} 已被占用") as caught:
            check_address("127.0.0.1", port)
    assert "--port" in caught.value.hint
    check_address("127.0.0.1", port)  # free again, and checking did not keep it


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 0), ("127.0.0.1", 70000), ("no-such-host.invalid", 7860)])
def test_impossible_addresses_are_refused(host, port):
    with pytest.raises(InputError):
        check_address(host, port)


def test_what_reaches_this_machine_only():
    assert is_loopback("::1") and is_loopback("[::1]") and is_loopback("localhost") and is_loopback("127.1.2.3")
    assert not is_loopback("127.0.0.1.evil.example") and not is_loopback("")


def test_health_and_headers_and_foreign_host():
    from fastapi.testclient import TestClient

    client = TestClient(build_app(FakeEngine()), base_url="http://127.0.0.1:7860")
    health = client.get("/healthz")
    assert health.json() == {"status": "ok", "model": "fake", "llm": "none", "documents": 1, "chunks": 1}
    assert "default-src 'self'" in health.headers["content-security-policy"]
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/healthz", headers={"host": "[::1]:7860"}).status_code == 200
    page = client.get("/")
    assert page.status_code == 200 and "pq-language" in page.text
    assert not re.search(r"(?:src|href)=\"https?://(?!127)", page.text)


def test_background_iteration_keeps_order_raises_and_can_be_left():
    import asyncio
    import threading

    from app.ui.background import in_background

    def broken():
        yield 1
        raise ValueError("broken")

    gate, made = threading.Event(), []

    def stuck():
        yield 1
        gate.wait(30)
        made.append("went on")
        yield 2
        made.append("after leaving")

    async def take_all(start):
        return [item async for item in in_background(start)]

    async def leave():
        events = in_background(stuck)
        first = await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting  # at once, though the thread still waits
        assert made == []
        gate.set()
        return first

    assert asyncio.run(take_all(lambda: iter(range(5)))) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(take_all(broken))
    assert asyncio.run(leave()) == 1
    assert "after leaving" not in made


def test_the_page_takes_no_uploads_but_the_librarys():
    """Gradio serves an upload route on every page; ours has no use for it, so it is closed. Nor may another site's page write."""
    from fastapi.testclient import TestClient

    from app.server import build_app

    client = TestClient(build_app(FakeEngine(), local_only=False))
    reply = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")})
    assert reply.status_code == 404
    assert client.get("/healthz").status_code == 200
    assert client.put("/library/files?name=a.md", content=b"x").status_code in {404, 405}  # no library was given
    local = TestClient(build_app(FakeEngine()), base_url="http://127.0.0.1:7860")
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert local.post("/gradio_api/queue/join", json={}, headers=headers).status_code == 403
    own = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert local.post("/gradio_api/queue/join", json={}, headers=own).status_code != 403


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_library_shows_what_files_say_of_themselves_as_text(payload):
    row = record(title=payload, source=payload, issuer=payload, doc_number=payload, regions=[payload], date=payload)
    row |= {
        "doc_type": "通知",
        "url": payload,
        "sha256": payload,
        "relations": [{"kind": "replaces", "title": payload}],
    }
    page, details = library_html([row], "zh"), details_html(row, "zh")
    assert tags_of(page) <= {"p", "div", "table", "thead", "tbody", "tr", "th", "td", "button", "small", "span", "br"}
    assert tags_of(details) <= {"h2", "p", "button", "dl", "div", "dt", "dd", "small", "span", "code", "a"}
    for shown in (page, details):
        assert payload.strip() in text_of(shown) and "$" not in shown and "{" not in shown
        assert 'href="javascript' not in shown
    assert choices([row], "region", "en")[1:] == [(payload, payload)]


def test_the_library_is_searched_by_every_word_and_told_what_is_wrong():
    rows = [
        record(title="甲省算力规划", validity="现行有效"),
        record(title="甲省数据条例", flags=["truncated"], health="正文不完整，结尾缺失", regions=["甲省"], validity="已废止"),
        record(title="乙省数据条例", same_as="d9", exists=False),
    ]  # fmt: skip
    assert "共 3 份" in text_of(library_html(rows, "zh"))
    found = library_html(rows, "zh", Wanted("甲省 数据"))
    assert "甲省数据条例" in found and "乙省" not in found and "算力规划" not in found
    flagged = text_of(library_html(rows, "zh", Wanted(flagged=True)))
    assert "正文不完整，结尾缺失" in flagged and "原文件已不在原处" in flagged and "算力规划" not in flagged
    english = text_of(library_html(rows, "en"))
    assert "incomplete: the end is missing" in english and "repealed" in english and "in force" in english
    assert "没有符合条件的资料" in library_html(rows, "zh", Wanted("丙省"))
    many = text_of(library_html([record(title=f"第{n}份") for n in range(MAX_ROWS + 1)], "zh"))
    assert f"共 {MAX_ROWS + 1} 份" in many and f"第{MAX_ROWS}份" not in many


def test_the_library_is_narrowed_by_what_its_documents_have():
    rows = [
        record(title="甲", regions=["贵州", "全国"], date="2025-01-01", tier="政策原文", doc_type="通知", validity="现行有效"),
        record(title="乙", regions=["全国"], date="2024", tier="媒体", doc_type="新闻"),
        record(title="丙", regions=[], date="", tier="未知", doc_type=""),
    ]  # fmt: skip

    def shown(**wanted):
        return [title for title in "甲乙丙" if f">{title}</button>" in library_html(rows, "zh", Wanted(**wanted))]

    assert shown(region="全国") == ["甲", "乙"] and shown(region="全国", year="2024") == ["乙"]
    assert shown(tier="未知") == ["丙"] and shown(doc_type="通知") == shown(validity="现行有效") == ["甲"]
    offered = {name: choices(rows, name, "en") for name in FILTERS}
    assert offered["region"] == [("All regions", ""), ("national (China)", "全国"), ("Guizhou", "贵州")]
    assert offered["year"][1:] == [("2025", "2025"), ("2024", "2024")]
    assert offered["doc_type"][1:] == [("news", "新闻"), ("notice", "通知")] and len(offered["validity"]) == 2


def test_every_warning_and_validity_has_its_words_in_both_languages():
    for language in ("zh", "en"):
        assert all(words(language, f"flag_{name}") for name in FLAGS)
        assert all(words(language, f"validity_{name}") for name in VALIDITIES)
