"""The document view, the offline proof, and lost connections, in real Chromium."""

import contextlib
import socket
import threading

import pytest
from fake_engine import TEXT, FakeEngine, citation, document, record
from test_browser import (  # noqa: F401
    ANSWERED,
    CONTRAST,
    DESKTOP,
    PHONE,
    ask,
    chromium,
    open_page,
    scripted,
    settle,
)
from test_source_view import parsed, pdf_engine
from test_ui import PAYLOADS

from app.history.book import open_history
from app.settings import Settings

pytestmark = pytest.mark.browser
INSIDE = ("data:", "blob:", "chrome://", "chrome-extension://")  # the browser's own PDF viewer among them
BOTH = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


class TwoCitations(FakeEngine):
    """Every answer cites two sentences of the one document."""

    def stream(self, question, history=(), language=None):
        import dataclasses

        for event in super().stream(question, history, language):
            if hasattr(event, "citations") and hasattr(event, "text") and event.text.endswith("[1]"):
                other = dataclasses.replace(self.cited, id=2, start=0, end=8, quote=self.shown.text[:8])
                event = dataclasses.replace(event, text=f"{event.text}[2]", citations=(self.cited, other))
            yield event


def sentence_in(text):
    start = text.index("平均利用率")
    return citation(start=start, end=start + 12, quote=text[start : start + 12])


def long_engine():
    text = "\n".join([TEXT[:8], *(f"第{n}段说的是别的事情，与问题没有关系。" * 4 for n in range(400))])
    half = text.index("第200段")
    text = f"{text[:half]}平均利用率约百分之六十。\n{text[half:]}"
    return TwoCitations(shown=parsed(text), cited=sentence_in(text))


@BOTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_citation_is_read_in_its_document_with_the_keyboard(scripted, open_page, size, scheme, tmp_path):  # noqa: F811
    engine = long_engine()
    page = open_page(scripted(engine), size, scheme)
    if scheme == "dark":
        page.click('#pq-language label:has-text("English")')
        page.wait_for_selector('#pq-send:has-text("Send")')
    ask(page, "问")
    page.locator("#src-1-1 button.pq-open").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#pq-viewer mark")
    assert page.inner_text("#pq-viewer mark") == engine.cited.quote
    assert page.evaluate("document.activeElement.tagName") == "MARK"
    box = page.locator("#pq-viewer mark").bounding_box()
    assert 0 < box["y"] < size["height"] and box["x"] + box["width"] <= size["width"]
    assert page.inner_text("#pq-view-title") == "标题"
    assert page.inner_text(".pq-view-position") == ("citation 1 of 2" if scheme == "dark" else "引用 1/2")
    assert page.get_by_role("dialog", name="标题").is_visible()
    for css in (".pq-view-position", ".pq-view-head h2", "#pq-viewer mark", ".pq-view-text p", ".pq-more"):
        assert page.evaluate(CONTRAST, css) >= 4.5, css
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        f"() => document.querySelector('#pq-viewer mark')?.textContent === '{engine.shown.text[:8]}'"
    )
    page.keyboard.press("ArrowRight")  # there is no third
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("t => document.querySelector('#pq-viewer mark')?.textContent === t", arg=engine.cited.quote)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=tmp_path / "view.png")
    page.keyboard.press("Escape")
    page.wait_for_selector("#pq-viewer", state="hidden")
    assert page.evaluate("document.activeElement.closest('.pq-card').id") == "src-1-1"
    assert page.noted == []


def test_the_whole_document_is_reached_by_scrolling_and_what_is_read_stays_in_place(scripted, open_page):  # noqa: F811
    engine = long_engine()
    page = open_page(scripted(engine))
    ask(page, "问")
    page.click("#src-1-1 button.pq-open")
    page.wait_for_selector("#pq-viewer mark")
    assert page.locator(".pq-view-text p").count() < 150  # a part of the 400
    top = page.locator("#pq-viewer mark").bounding_box()["y"]
    page.locator('.pq-more[data-side="before"]').evaluate("button => button.click()")
    page.wait_for_function("() => document.querySelector('.pq-view-text').textContent.includes('第120段')")
    assert abs(page.locator("#pq-viewer mark").bounding_box()["y"] - top) < 3
    page.locator(".pq-view-scroll").hover()
    for way, last in ((20_000, "第399段"), (-40_000, TEXT[:8])):
        for _ in range(200):
            page.mouse.wheel(0, way)
            page.wait_for_timeout(30)
            if last in page.inner_text(".pq-view-text"):
                break
        assert last in page.inner_text(".pq-view-text")
    assert page.locator(".pq-more").count() == 0
    assert page.locator(".pq-view-text p").count() == len(engine.shown.blocks)
    assert page.noted == []


@BOTH
def test_a_pdf_page_is_shown_with_the_sentence_drawn_and_pages_are_turned(scripted, open_page, size, tmp_path):  # noqa: F811
    engine, text, path = pdf_engine(tmp_path)
    engine.cited = citation(
        start=text.index("目标"), end=text.index("目标") + 9, quote=text[text.index("目标") :][:9], page=1
    )
    page = open_page(scripted(engine), size)
    ask(page, "问")
    page.click("#src-1-1 button.pq-open")
    page.wait_for_selector("#pq-viewer mark")
    page.get_by_role("button", name="原页图像").click()
    page.wait_for_selector(".pq-leaf .pq-box")
    page.wait_for_function("() => document.querySelector('.pq-leaf img').naturalWidth > 500")
    sheet, box = page.locator(".pq-leaf").bounding_box(), page.locator(".pq-box").bounding_box()
    assert sheet["x"] <= box["x"] and box["x"] + box["width"] <= sheet["x"] + sheet["width"] <= size["width"]
    assert 0 < box["y"] < size["height"]
    assert page.get_attribute(".pq-leaf img", "alt") == "《算力简报》第 1 页的图像"
    page.get_by_role("button", name="下一页").click()
    page.wait_for_selector("text=第 2 页，共 2 页")
    assert page.locator(".pq-box").count() == 0
    page.get_by_role("button", name="文字").click()
    page.wait_for_selector("#pq-viewer mark", state="visible")
    path.write_bytes(b"changed")
    page.keyboard.press("Escape")
    page.click("#src-1-1 button.pq-open")
    page.wait_for_selector("text=原文件入库后有改动")
    assert page.locator("#pq-viewer mark").count() == 1  # the text as indexed is still there
    assert page.noted == []


def test_hostile_documents_are_text_in_the_view_and_other_panes(scripted, open_page, tmp_path):  # noqa: F811
    payload = " ".join([*PAYLOADS, "甲\u202egpj.exe"])
    text = f"{payload}\n| {payload} | 值 |\n平均利用率约百分之六十。"
    shown = document(text=text, title=payload, issuer=payload, path=f"{payload}.html", url=payload)
    engine = FakeEngine(shown=shown, cited=sentence_in(text), row=record(title=payload, source=payload, issuer=payload))
    with open_history(tmp_path / "history.sqlite3") as book:
        page = open_page(scripted(engine, book))
        ask(page, payload)
        page.click("#src-1-1 button.pq-open")
        page.wait_for_selector("#pq-viewer mark")
        assert PAYLOADS[0] in page.inner_text("#pq-view-title") and PAYLOADS[1] in page.inner_text(".pq-view-text")
        page.keyboard.press("Escape")
        for name, pane in (("资料库", "#pq-library"), ("对话记录", "#pq-history")):
            page.get_by_role("tab", name=name).click()
            page.wait_for_selector(f"{pane} :is(tr, li)")
            assert PAYLOADS[0] in page.inner_text(pane) and PAYLOADS[1] in page.inner_text(pane)
        page.wait_for_timeout(300)  # an onerror or onload would have run by now
        made = page.locator(
            ":is(#pq-viewer, #pq-library, #pq-history) :is(script, iframe, img, svg, a[href^='javascript'])"
        )
        assert made.count() == 0 and "\u202e" not in page.content()
        assert page.noted == []


def test_nothing_leaves_the_machine_in_a_whole_session(scripted, open_page, tmp_path, monkeypatch):  # noqa: F811
    """Every request to another host is blocked and counted, the server's own connections too: there are none."""
    dialled, left, served = [], [], []
    real = socket.socket.connect

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            dialled.append(address)
        return real(self, address)

    def stop(route):
        left.append(route.request.url)
        route.abort()

    monkeypatch.setattr(socket.socket, "connect", connect)
    engine, text, _ = pdf_engine(tmp_path)
    engine.cited = citation(
        start=text.index("目标"), end=text.index("目标") + 9, quote=text[text.index("目标") :][:9], page=1
    )
    with open_history(tmp_path / "history.sqlite3") as book:
        address = scripted(engine, book)
        page = open_page(address)
        page.context.on("request", lambda request: served.append(request.url))
        page.context.route(lambda url: not url.startswith((f"{address}/", *INSIDE)), stop)
        page.reload()
        page.wait_for_selector("#pq-question textarea")
        ask(page, "平均利用率是多少")
        page.click("a.pq-cite")
        page.click("#src-1-1 button.pq-open")
        page.wait_for_selector("#pq-viewer mark")
        page.get_by_role("button", name="原页图像").click()
        page.wait_for_selector(".pq-leaf .pq-box")
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="打开原件").click()
        opened.value.wait_for_timeout(500)
        opened.value.close()
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="资料库").click()
        page.wait_for_selector("#pq-library tbody tr")
        page.get_by_role("tab", name="对话记录").click()
        page.wait_for_selector("#pq-history li")
        with page.expect_download() as download:
            page.get_by_role("link", name="Word").click()
        assert download.value.path()
        page.locator("#pq-language").get_by_text("English").click()
        page.wait_for_selector('#pq-send:has-text("Send")', state="attached")
        page.get_by_role("tab", name="Ask").click()
        ask(page, "And in English?", 2)
        assert len(served) > 20 and any("/source/" in url for url in served)
        assert left == [] and dialled == [] and page.noted == []
        other = page.context.new_page()  # the count does count
        other.set_content('<img src="http://192.0.2.1/leak.png">')
        other.wait_for_timeout(200)
        assert left == ["http://192.0.2.1/leak.png"]


# A connection that breaks


class Line:
    """A port that passes everything on to a server, until it is cut; `hold`: the bytes at which an answer stops, once."""

    def __init__(self, server):
        self.target = ("127.0.0.1", int(server.rpartition(":")[2]))
        self.port = 0
        self.hold = None
        self.held, self.go_on = threading.Event(), threading.Event()
        self.mend()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def mend(self):
        self.open = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        for one in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65_536):
                if self.hold and self.hold in data:
                    before, self.hold = data.index(self.hold), None
                    b.sendall(data[:before])
                    self.held.set()
                    self.go_on.wait(30)
                    data = data[before:]
                b.sendall(data)
        for one in (a, b):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "与服务的连接断开，正在自动重连"), ("en", "The connection to the server was lost")]
)
def test_a_line_cut_in_the_middle_of_an_answer_loses_nothing(scripted, open_page, tmp_path, language, said):  # noqa: F811
    engine = FakeEngine()
    with open_history(tmp_path / "history.sqlite3") as book:
        line = Line(scripted(engine, book))
        page = open_page(line.address)
        if language == "en":
            page.click('#pq-language label:has-text("English")')
            page.wait_for_selector('#pq-send:has-text("Send")')
        ask(page, "甲问")
        page.fill("#pq-question textarea", "慢问")
        page.press("#pq-question textarea", "Enter")
        page.wait_for_selector("#pq-chat .pq-answer >> nth=1")
        line.cut()
        page.wait_for_selector(f".toast-body:has-text('{said}')")
        assert "Attempting reconnection" not in page.inner_text("body")
        page.fill("#pq-question textarea", "写到一半的问题")
        line.mend()
        page.wait_for_selector("#pq-chat .pq-question >> nth=1", state="attached")
        page.wait_for_function("() => document.querySelector('#pq-question textarea').value === '写到一半的问题'")
        page.wait_for_selector("#pq-chat .pq-error")
        assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["甲问", "慢问"]
        assert "没有答完" in page.inner_text("#pq-chat .pq-error") or "not answered" in page.inner_text(
            "#pq-chat .pq-error"
        )
        engine.gate.set()
        page.fill("#pq-question textarea", "再问")
        page.press("#pq-question textarea", "Enter")
        page.wait_for_function("css => document.querySelectorAll(css).length === 2", arg=ANSWERED)
        (kept,) = book.conversations()
        assert kept.exchanges == 3 and engine.seen[-1][1][0].content == "甲问"
        line.cut()


def test_a_question_sent_in_the_moment_in_which_the_stream_of_answers_ends_is_answered(scripted, open_page):  # noqa: F811
    line = Line(scripted(FakeEngine()))
    page = open_page(line.address)
    page.wait_for_timeout(500)  # what the page asks for while it loads
    line.hold = b"close_stream"
    page.fill("#pq-question textarea", "甲问")
    page.press("#pq-question textarea", "Enter")
    page.wait_for_selector(ANSWERED)
    assert line.held.wait(10)
    page.fill("#pq-question textarea", "乙问")
    with page.expect_response("**/queue/join*") as taken:
        page.press("#pq-question textarea", "Enter")
    assert taken.value.ok and taken.value.json()["event_id"]
    line.go_on.set()
    page.wait_for_function("css => document.querySelectorAll(css).length === 2", arg=ANSWERED)
    ask(page, "丙问", 3)
    assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["甲问", "乙问", "丙问"]
    assert page.noted == []
    line.cut()


def test_what_ends_before_the_page_reads_that_it_was_taken_leaves_no_stream_open(scripted, open_page, tmp_path):  # noqa: F811
    engine = FakeEngine()
    line = Line(scripted(engine, settings=Settings(store=tmp_path / "s")))
    page = open_page(line.address)
    page.fill("#pq-question textarea", "慢问")
    page.press("#pq-question textarea", "Enter")
    page.wait_for_selector("#pq-chat .pq-answer")
    line.hold = b'{"event_id"'  # how the server says that it has taken something
    with page.expect_response("**/queue/join*") as taken:
        page.get_by_role("tab", name="设置").click()
        assert line.held.wait(10)
        page.wait_for_timeout(500)  # in which the server ends what it has taken
        engine.gate.set()
        page.wait_for_selector(ANSWERED, state="attached")
        settle(page)
        assert page.locator("#pq-status table").count() == 0  # not told yet
        line.go_on.set()
    assert taken.value.ok
    page.wait_for_selector("#pq-status table")
    page.wait_for_timeout(200)  # in which a stream would be opened
    settle(page)
    page.get_by_role("tab").first.click()
    ask(page, "丙问", 2)
    assert page.noted == []
    line.cut()


def test_a_server_started_anew_goes_on_with_the_conversation_of_an_open_tab(scripted, open_page, tmp_path):  # noqa: F811
    with open_history(tmp_path / "history.sqlite3") as book:
        line = Line(scripted(FakeEngine(), book))
        page = open_page(line.address)
        ask(page, "甲问")
        after = FakeEngine()
        line.cut()
        line.target = ("127.0.0.1", int(scripted(after, book).rpartition(":")[2]))  # another server, that knows no tab
        line.mend()
        ask(page, "乙问", 2)
        assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["甲问", "乙问"]
        assert after.seen[-1][1][0].content == "甲问"
        page.reload()
        page.wait_for_selector("#pq-chat .pq-question >> nth=1")
        page.click("#pq-clear")
        page.wait_for_selector("#pq-examples", state="visible")
        page.reload()
        page.wait_for_selector("#pq-examples", state="visible")
        assert page.locator("#pq-chat .pq-question").count() == 0
        assert [kept.exchanges for kept in book.conversations()] == [2]
        line.cut()


def test_a_document_that_cannot_be_fetched_says_so_and_can_be_tried_again(scripted, open_page):  # noqa: F811
    line = Line(scripted(FakeEngine()))
    page = open_page(line.address)
    ask(page, "问")
    page.context.set_offline(True)
    page.click("#src-1-1 button.pq-open")
    page.wait_for_selector("#pq-viewer [role=alert]:has-text('服务没有响应')")
    page.context.set_offline(False)
    page.get_by_role("button", name="重试").click()
    page.wait_for_selector("#pq-viewer mark")
    line.cut()
