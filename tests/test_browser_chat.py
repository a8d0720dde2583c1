"""What a reader does in the chat and the settings, in real Chromium: by mouse, by keys alone, on a phone, in both languages."""

import pytest
from fake_engine import FakeEngine, citation
from test_browser import (  # noqa: F401  (fixtures)
    ANSWERED,
    CONTRAST,
    DESKTOP,
    PHONE,
    ask,
    chromium,
    open_page,
    scripted,
)
from test_ui import PAYLOADS

from app.history.book import open_history
from app.settings import Settings
from app.types import Answer, AnswerSentence

pytestmark = pytest.mark.browser
QUESTION = "#pq-question textarea"
# Visible controls without a name that a screen reader could say.
NAMELESS = """() => [...document.querySelectorAll('button, input, textarea, select, a[href], [role=button], [role=tab]')]
  .filter((e) => e.offsetParent !== null)
  .filter((e) => {
    const by = (e.getAttribute('aria-labelledby') || '').split(' ').map((i) => document.getElementById(i)?.textContent || '');
    const own = e.matches('input, textarea, select') ? '' : e.textContent;
    const labels = [...(e.labels || [])].map((label) => label.textContent);
    return ![e.getAttribute('aria-label'), e.title, own, ...by, ...labels].join('').trim();
  }).map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture
def book(tmp_path):
    with open_history(tmp_path / "history.sqlite3") as book:
        yield book


def to_english(page):
    page.locator("#pq-language").get_by_text("English").click()
    page.wait_for_selector('#pq-send:has-text("Send")', state="attached")


def act(page, name, which=-1):
    page.locator(f"#pq-chat .pq-do[name={name}]").nth(which).click()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_answer_is_rated_with_a_reason_and_made_a_test(scripted, open_page, book, size, language, tmp_path):  # noqa: F811
    page = open_page(scripted(FakeEngine(), book), size)
    if language == "en":
        to_english(page)
    ask(page, "贵州算力利用率如何")
    act(page, "down")
    page.wait_for_function("() => document.activeElement.closest('#pq-reason-text') !== null")
    assert page.get_attribute("#pq-chat .pq-do[name=down]", "aria-pressed") == "true"
    page.keyboard.type(PAYLOADS[1])
    page.keyboard.press("Enter")
    page.wait_for_selector("#pq-reason-text", state="hidden")
    act(page, "propose")
    page.wait_for_selector(f"text={'审阅后再并入评测' if language == 'zh' else 'after review'}")
    page.wait_for_selector("#pq-chat .pq-do[name=propose].pq-on")
    (kept,) = book.exchanges(book.conversations()[0].id)
    assert (kept.rating, kept.reason) == ("down", PAYLOADS[1])
    with page.expect_download() as download:
        page.locator("#pq-chat a.pq-do").click()
    assert download.value.suggested_filename == f"{kept.id}.docx"
    assert kept.id in (tmp_path / "candidates.jsonl").read_text(encoding="utf-8")
    page.get_by_role("tab", name="对话记录" if language == "zh" else "History").click()
    # What was listed when the language changed may still stand there for a moment.
    page.wait_for_function("said => document.querySelector('#pq-history').innerText.includes(said)", arg=PAYLOADS[1])
    assert page.locator("#pq-history .pq-history-list li").count() == 1 and page.locator("#pq-history img").count() == 0
    page.get_by_role("tab").first.click()
    act(page, "down")  # the same thumb again takes it back
    page.wait_for_selector("#pq-chat .pq-do[name=down]:not(.pq-on)")
    assert book.exchange(kept.id).rating == ""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.noted == []


def test_an_answer_is_copied_with_its_numbered_notes(scripted, open_page):  # noqa: F811
    page = open_page(
        scripted(FakeEngine(cited=citation(title=PAYLOADS[0]))), permissions=["clipboard-read", "clipboard-write"]
    )
    ask(page, "贵州算力利用率如何")
    read = """async (type) => { const [item] = await navigator.clipboard.read(); return (await item.getType(type)).text(); }"""
    for without in ("", "navigator.clipboard.write = undefined"):  # the second: a browser, or a page, without it
        page.evaluate(f"navigator.clipboard.writeText('').then(() => {{ {without} }})")
        act(page, "copy")
        page.wait_for_selector("#pq-chat .pq-do:has-text('已复制')")
        first, empty, note = page.evaluate(read, "text/plain").splitlines()
        assert first == "全国平均利用率约65%。 [1]" and empty == ""
        assert note.startswith("[1] 某局. " + PAYLOADS[0]) and "第 3 页" in note and "“平均利用率约65%" in note
        rich = page.evaluate(read, "text/html")
        assert "<p>" in rich and "<script" not in rich and "<button" not in rich and "有据" not in rich
        page.wait_for_selector("#pq-chat .pq-do:text-is('复制')")
    assert page.noted == []


def test_a_question_is_edited_and_an_answer_asked_for_again(scripted, open_page, book):  # noqa: F811
    engine = FakeEngine()
    page = open_page(scripted(engine, book))
    for number, question in enumerate(("一", PAYLOADS[1], "三"), 1):
        ask(page, question, number)
    act(page, "edit", 1)
    page.wait_for_selector("#pq-editing", state="visible")
    assert "第 2 个问题" in page.inner_text("#pq-editing") and page.input_value(QUESTION) == PAYLOADS[1]
    page.keyboard.press("Escape")
    page.wait_for_selector("#pq-editing", state="hidden")
    assert page.input_value(QUESTION) == "" and len(engine.seen) == 3
    act(page, "edit", 1)
    page.wait_for_selector("#pq-editing", state="visible")
    page.fill(QUESTION, "二改")
    page.press(QUESTION, "Enter")
    page.wait_for_function("() => document.querySelectorAll('#pq-chat .pq-question').length === 2")
    page.wait_for_selector("#src-4-1")
    assert not page.is_visible("#pq-editing") and len(engine.seen[-1][1]) == 2
    act(page, "again")
    page.wait_for_selector("#src-5-1")
    assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["一", "二改"]
    assert [e.question for e in book.exchanges(book.conversations()[0].id)] == ["一", "二改"]
    assert engine.seen[-1] == engine.seen[-2] and page.noted == []


def test_keys_alone_ask_stop_ask_again_and_edit(scripted, open_page):  # noqa: F811
    engine = FakeEngine()
    page = open_page(scripted(engine))
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("慢")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("第二行")
    assert page.input_value(QUESTION) == "慢\n第二行" and not engine.seen
    page.keyboard.press("Enter")
    page.wait_for_selector("#pq-chat .pq-answer p")
    page.wait_for_function("() => document.querySelector('#pq-live').textContent === '检索资料'")
    page.keyboard.press("Escape")
    page.wait_for_selector('#pq-chat .pq-foot:has-text("已停止")')
    page.wait_for_function("() => document.querySelector('#pq-live').textContent.includes('65%')")
    engine.gate.set()
    page.wait_for_function("() => document.activeElement.closest('#pq-question') !== null")
    page.keyboard.press("ArrowUp")
    page.wait_for_selector("#pq-editing", state="visible")
    assert page.input_value(QUESTION) == "慢\n第二行"
    page.keyboard.press("Escape")
    page.wait_for_selector("#pq-editing", state="hidden")
    page.focus("#pq-chat .pq-do[name=again]")
    page.keyboard.press("Enter")
    page.wait_for_selector(ANSWERED)
    assert page.locator("#pq-chat .pq-question").count() == 1 and page.noted == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_control_has_a_name_and_no_name_is_markup(scripted, open_page, book, language):  # noqa: F811
    page = open_page(scripted(FakeEngine(), book))
    if language == "en":
        to_english(page)
    ask(page, PAYLOADS[0])
    act(page, "up")
    page.wait_for_selector("#pq-reason-text", state="visible")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(300)
        assert page.evaluate(NAMELESS) == []
    labels = page.evaluate(
        "[...document.querySelectorAll('#pq-chat [aria-label]')].map((e) => e.getAttribute('aria-label'))"
    )
    assert labels and not any("<" in label for label in labels)
    expected = {"对话", "问题", "回答"} if language == "zh" else {"Conversation", "Question", "Answer"}
    assert expected <= set(labels)
    log = page.locator("#pq-chat [role=log]")
    assert log.get_attribute("aria-live") == "off" and page.get_attribute("#pq-live", "role") == "status"


def test_a_number_lights_its_source_when_pointed_at_and_when_reached_by_tab(scripted, open_page):  # noqa: F811
    page = open_page(scripted(FakeEngine()))
    ask(page, "一")
    page.hover("a.pq-cite")
    page.wait_for_selector("#src-1-1.pq-hover")
    page.hover("#pq-title")
    page.wait_for_selector("#src-1-1:not(.pq-hover)")
    page.focus("#pq-chat .pq-do[name=edit]")
    page.keyboard.press("Tab")
    page.wait_for_selector("#src-1-1.pq-hover")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_looks_and_language_stay_in_the_browser_and_settings_tell_the_state(scripted, open_page, book, size, tmp_path):  # noqa: F811
    settings = Settings(
        store=tmp_path / "s", llm_base_url="http://127.0.0.1:9/v1", llm_model=PAYLOADS[1], llm_api_key="hush"
    )
    page = open_page(scripted(FakeEngine(), book, settings=settings), size)
    page.get_by_role("tab", name="设置").click()
    page.wait_for_selector("#pq-status table")
    shown = page.inner_text("#pq-settings")
    assert PAYLOADS[1] in shown and "✗ 注意" in shown and "hush" not in shown
    assert str(book.path) in shown and "POLICYQA_HISTORY=off" in shown and "Shift + Enter" in shown
    page.locator("#pq-theme").get_by_text("深色").click()
    page.wait_for_selector("body.dark")
    to_english(page)
    page.reload()
    page.wait_for_selector('#pq-send:has-text("Send")', state="attached")
    assert page.evaluate("document.documentElement.lang") == "en" and page.locator("body.dark").count() == 1
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_selector("#pq-status table")
    assert page.locator("#pq-theme input[value=dark]").is_checked()
    for css in ("#pq-status td", ".pq-state-missing", ".pq-state-ok", "#pq-settings .pq-note"):
        assert page.evaluate(CONTRAST, css) >= 4.5, css
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.locator("#pq-theme").get_by_text("As the system").click()
    page.wait_for_selector("body:not(.dark)")
    assert page.noted == []


def test_a_page_open_to_other_machines_tells_nothing_of_this_one(scripted, open_page, book):  # noqa: F811
    page = open_page(scripted(FakeEngine(), book))
    page.get_by_role("tab", name="设置").click()
    page.wait_for_selector("text=对外监听时")
    shown = page.inner_text("#pq-settings")
    assert str(book.path) not in shown and "/secret" not in shown and not page.is_visible("#pq-check")


def test_an_abstention_reads_as_an_answer(scripted, open_page):  # noqa: F811
    class Silent(FakeEngine):
        def stream(self, question, history=(), language=None):
            sentence = AnswerSentence("最接近的是全国口径的数字。", (1,))
            yield Answer(
                question,
                f"{sentence.text} [1]",
                (sentence,),
                (self.cited,),
                abstained=True,
                abstain_reason="wrong_scope",
            )

    page = open_page(scripted(Silent()), PHONE, "dark")
    ask(page, "贵州算力利用率如何")
    said = page.inner_text("#pq-chat .pq-answer")
    assert "未披露" in said and "别的地区或全国，以下是最接近的内容" in said and "1 句有据" in said
    assert page.locator("#pq-chat .pq-error").count() == 0
    for css in (".pq-why", ".pq-ok", ".pq-do", ".pq-foot"):
        assert page.evaluate(CONTRAST, css) >= 4.5, css


def test_at_twice_the_size_nothing_is_cut(scripted, open_page, book):  # noqa: F811
    page = open_page(scripted(FakeEngine(), book), {"width": 640, "height": 400}, device_scale_factor=2)
    ask(page, "问" * 200)
    act(page, "edit")
    page.wait_for_selector("#pq-editing", state="visible")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    inside = "css => { const r = document.querySelector(css).getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth; }"
    for css in (QUESTION, "#pq-send", "#pq-editing-cancel", "#pq-chat .pq-bar", ".pq-card"):
        assert page.evaluate(inside, css), css


def test_a_reload_brings_back_the_conversation_and_what_was_being_typed(scripted, open_page, book):  # noqa: F811
    address = scripted(FakeEngine(), book)
    page = open_page(address)
    ask(page, "甲问")
    page.fill(QUESTION, "没写完的")
    page.reload()
    page.wait_for_selector(ANSWERED)
    page.wait_for_function("() => document.querySelector('#pq-question textarea').value === '没写完的'")
    assert not page.is_visible("#pq-examples") and page.locator("#src-1-1").count() == 1
    ask(page, "乙问", 2)
    assert [e.question for e in book.exchanges(book.conversations()[0].id)] == ["甲问", "乙问"]
    page.click("#pq-clear")
    page.wait_for_selector("#pq-examples", state="visible")
    page.reload()
    page.wait_for_selector("#pq-example-row button")
    page.wait_for_timeout(500)
    assert page.locator("#pq-chat .pq-answer").count() == 0
    assert open_page(address).locator("#pq-chat .pq-answer").count() == 0  # another tab is another conversation
    assert page.noted == []
