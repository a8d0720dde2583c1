"""The page in real Chromium, used as a person does. Skips with the name of the part that is missing."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fake_engine import FakeEngine, citation, document, record
from test_ui import PAYLOADS

from app.history.book import open_history

pytestmark = pytest.mark.browser
REPO = Path(__file__).resolve().parent.parent
CORPUS = REPO / "eval" / "suites" / "sample" / "corpus"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  window.violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""
ANSWERED = "#pq-chat .pq-answer .pq-count"


def absent(part):
    reason = f"browser test: {part} is missing"
    if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(address, alive):
    for _ in range(600):
        assert alive(), "the server ended before it was ready"
        with contextlib.suppress(OSError):
            return json.loads(urllib.request.urlopen(f"{address}/healthz", timeout=5).read())
        time.sleep(0.1)
    raise AssertionError("the server did not get ready")


@pytest.fixture(scope="module")
def chromium():
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("POLICYQA_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not path:
        absent("Chromium (apt install chromium, or set POLICYQA_CHROMIUM)")
    if importlib.util.find_spec("playwright") is None:
        absent("playwright (pip install '.[e2e]')")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def store(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "app", "ingest", "--store", str(folder), str(CORPUS)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def served(store, log):
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--store", str(store), "--port", str(port)]
    with log.open("w", encoding="utf-8") as stderr:
        environment = {**os.environ, "POLICYQA_HISTORY": str(log.with_suffix(".sqlite3"))}
        process = subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, lambda: process.poll() is None)
        yield address, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def real(store, tmp_path_factory):
    with served(store, tmp_path_factory.mktemp("log") / "serve.log") as (address, _):
        yield address


@pytest.fixture
def scripted():
    """Serve the page over an engine with given words: `scripted(engine)` gives its address."""
    import uvicorn

    from app.server import build_app

    running = []

    def start(engine, book=None, library=None, settings=None):
        port = free_port()
        app = build_app(engine, book=book, library=library, settings=settings)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        wait_until_up(f"http://127.0.0.1:{port}", thread.is_alive)
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def open_page(chromium):
    """`open_page(address)` gives a page whose `noted` lists requests to other hosts, dialogs, script errors and what the CSP refused."""
    contexts = []

    def start(address, size=DESKTOP, scheme="light", **options):
        context = chromium.new_context(viewport=size, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.noted = []
        page.streams = set()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: "/queue/data" in request.url and page.streams.add(request))
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda request: page.streams.discard(request))
        page.on("request", lambda request: note_foreign(page, request.url))
        page.on("dialog", lambda dialog: (page.noted.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: page.noted.append(f"error {error}"))
        page.expose_function("violated", lambda told: page.noted.append(f"CSP {told}"))
        page.add_init_script(VIOLATIONS)
        page.goto(address)
        page.wait_for_selector("#pq-question textarea")
        return page

    yield start
    for context in contexts:
        context.close()


def note_foreign(page, url):
    parts = urlsplit(url)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in {"127.0.0.1", "localhost"}:
        page.noted.append(f"request {url}")


def ask(page, question, answers=1):
    page.fill("#pq-question textarea", question)
    page.press("#pq-question textarea", "Enter")
    page.wait_for_function("([css, n]) => document.querySelectorAll(css).length >= n", arg=[ANSWERED, answers])
    page.wait_for_selector("#pq-send")  # ready for the next one
    settle(page)
    return page.locator("#pq-chat .pq-answer").last.inner_text()


def settle(page):
    """Wait until the page has closed its stream of events: one that is open while nothing is under way is a fault."""
    until = time.monotonic() + 30
    while page.streams and time.monotonic() < until:
        page.wait_for_timeout(20)
    assert not page.streams, "the stream of events was not closed"
    page.wait_for_timeout(50)


def test_headline_question_is_answered_with_whose_figure_it_is(real, open_page, tmp_path):
    page = open_page(real)
    said = ask(page, "贵州算力利用率如何")
    assert "65%" in said and ("全国" in said or "国内" in said)
    assert "未披露" in said and "贵州" in said
    page.click('a.pq-cite:text("[1]")')
    card = page.locator("#src-1-1")
    page.wait_for_selector("#src-1-1.pq-lit")
    assert "平均利用率" in card.locator("mark").inner_text()
    assert page.locator(".pq-lit").count() == 1
    page.locator("#src-1-1 .pq-number").click()
    page.wait_for_selector("a.pq-cite.pq-lit")
    page.screenshot(path=tmp_path / "headline.png")
    assert (tmp_path / "headline.png").stat().st_size > 10_000
    assert page.noted == []


def test_a_follow_up_has_its_own_cards_and_the_first_answer_keeps_its_own(real, open_page):
    page = open_page(real)
    page.locator("#pq-example-row button").first.click()
    page.wait_for_selector(ANSWERED)
    assert not page.is_visible("#pq-examples")
    page.locator("a.pq-cite").first.click()
    page.wait_for_selector("#src-1-1.pq-lit")
    ask(page, "湖南的人工智能布局有什么特点", answers=2)
    page.wait_for_selector("#src-2-1", state="visible")
    assert not page.is_visible("#src-1-1")
    page.locator('a.pq-cite[href="#src-1-1"]').first.click()
    page.wait_for_selector("#src-1-1.pq-lit", state="visible")
    assert not page.is_visible("#src-2-1")
    page.click("#pq-clear")
    page.wait_for_selector("#pq-examples", state="visible")
    assert page.locator("#pq-chat .pq-answer").count() == 0 and page.locator(".pq-card").count() == 0
    assert page.noted == []


def test_english_interface_and_answer(real, open_page):
    page = open_page(real)
    page.click('#pq-language label:has-text("English")')
    page.wait_for_selector('#pq-send:has-text("Send")')
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_attribute("#pq-question textarea", "placeholder") == "Type a question, Enter to send"
    assert "Sources" in page.inner_text("#pq-source-pane")
    said = ask(page, "What is the computing power utilization rate in Guizhou?")
    assert "65%" in said and "Guizhou" in said and "nation" in said.lower()
    page.click("#pq-language label:has-text('中文')")
    page.wait_for_selector('#pq-send:has-text("发送")')
    assert page.noted == []


def test_each_tab_is_a_conversation_of_its_own_in_the_history(scripted, open_page, tmp_path):
    with open_history(tmp_path / "history.sqlite3") as book:
        address = scripted(FakeEngine(), book)
        for question in ("甲问", "乙问"):
            page = open_page(address)
            ask(page, question)
            ask(page, f"{question}的追问", 2)
        kept = {k.title: k.exchanges for k in book.conversations()}
    assert kept == {"甲问": 2, "乙问": 2}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_conversation_is_found_renamed_taken_out_brought_back_and_gone_on_with(scripted, open_page, size, tmp_path):
    with open_history(tmp_path / "history.sqlite3") as book:
        address = scripted(FakeEngine(), book)
        page = open_page(address, size)
        ask(page, PAYLOADS[0])
        page = open_page(address, size)  # as after a restart: an empty chat
        page.get_by_role("tab", name="对话记录").click()
        page.wait_for_selector("#pq-history .pq-history-list li")
        assert PAYLOADS[0] in page.locator("#pq-history").inner_text()
        page.fill("#pq-history-title input, #pq-history-title textarea", "贵州算力")
        page.get_by_role("button", name="改名").click()
        page.wait_for_function("() => document.querySelector('#pq-history-pick input').value.startsWith('贵州算力')")
        page.get_by_role("button", name="删除").click()
        page.wait_for_selector("text=还没有对话记录")
        page.get_by_role("button", name="撤销删除").click()
        page.wait_for_selector("#pq-history .pq-history-list li")
        with page.expect_download() as download:
            page.get_by_role("link", name="Word").click()
        assert Path(download.value.path()).read_bytes()[:2] == b"PK"
        page.get_by_role("button", name="继续对话").click()
        page.wait_for_selector("#pq-chat .pq-answer .pq-count")
        assert PAYLOADS[0] in page.locator("#pq-chat").inner_text()
        ask(page, "那浙江呢？", 2)
        (kept,) = book.conversations()
        assert kept.exchanges == 2 and kept.title == "贵州算力"
        page.locator("#pq-language").get_by_text("English").click()
        page.get_by_role("tab", name="History").click()
        page.wait_for_selector("text=Word with numbered notes")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.noted == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_library_lists_documents_and_says_what_is_wrong(scripted, open_page, size):
    row = record(title=PAYLOADS[0], flags=["truncated"], health="正文不完整，结尾缺失", validity="已废止")
    page = open_page(scripted(FakeEngine(row=row)), size)
    page.get_by_role("tab", name="资料库").click()
    page.wait_for_selector(".pq-library tbody tr")
    shown = page.locator("#pq-library").inner_text()
    assert PAYLOADS[0] in shown and "正文不完整，结尾缺失" in shown and "已废止" in shown
    page.get_by_placeholder("按标题").fill("没有这一份")
    page.wait_for_selector("text=没有符合条件的资料")
    page.get_by_placeholder("按标题").fill("")
    page.locator("#pq-language").get_by_text("English").click()
    page.wait_for_selector("text=incomplete: the end is missing")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_hostile_question_is_shown_as_text(real, open_page):
    page = open_page(real)
    question = f"贵州 {PAYLOADS[1]} {PAYLOADS[5]} **x**"
    page.fill("#pq-question textarea", question)
    page.press("#pq-question textarea", "Enter")
    page.wait_for_selector("#pq-chat .pq-foot, #pq-chat .pq-error")
    assert page.inner_text("#pq-chat .pq-question") == question
    assert page.locator("#pq-chat .pq-question *").count() == 0
    assert page.noted == []


def test_hostile_documents_and_model_words_are_shown_as_text(scripted, open_page):
    payload = " ".join(PAYLOADS)
    source = citation(title=payload, issuer=payload, source=f"{payload}.md", start=0, end=len(payload), quote=payload)
    engine = FakeEngine(text=payload, shown=document(text=payload, title=payload), cited=source)
    engine.examples = lambda language="zh": [payload]
    page = open_page(scripted(engine))
    ask(page, payload)
    page.wait_for_selector("#src-1-1")
    page.wait_for_timeout(300)  # an onerror or onload would have run by now
    assert page.inner_text("#src-1-1 mark") == payload
    assert page.inner_text("#src-1-1 h3") == payload
    assert payload in page.inner_text("#pq-chat .pq-answer")
    made = page.locator(":is(#pq-chat, #pq-sources) :is(script, iframe, svg[onload], .pq-answer img, .katex)")
    assert made.count() == 0
    assert page.locator(':is(.pq-answer, .pq-card) a[href]:not([href^="#"])').count() == 0
    assert page.noted == []


def test_stop_keeps_the_page_usable(scripted, open_page):
    engine = FakeEngine()
    page = open_page(scripted(engine))
    page.fill("#pq-question textarea", "慢")
    page.press("#pq-question textarea", "Enter")
    page.wait_for_selector("#pq-chat .pq-answer p")
    assert "65%" in page.inner_text("#pq-chat .pq-answer")
    page.click("#pq-stop")
    page.wait_for_selector('#pq-chat .pq-foot:has-text("已停止")')
    engine.gate.set()
    assert "65%" in page.inner_text("#pq-chat .pq-answer")
    ask(page, "再问一次")
    assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["慢", "再问一次"]
    assert "已停止" in page.locator("#pq-chat .pq-answer").first.inner_text()
    assert engine.seen[-1][1] == ()  # a stopped answer is no history


def test_errors_and_an_empty_question_are_one_plain_message(scripted, open_page):
    page = open_page(scripted(FakeEngine()))
    page.click("#pq-send")
    page.wait_for_selector('#pq-chat .pq-error:has-text("请先输入问题")')
    for count, (question, said) in enumerate((("错", "这个问题读不懂"), ("坏", "程序出了问题")), start=2):
        page.fill("#pq-question textarea", question)
        page.press("#pq-question textarea", "Enter")
        page.wait_for_selector(f'#pq-chat .pq-error:has-text("{said}")')
        assert page.locator("#pq-chat .pq-error").count() == count
    assert "secret" not in page.inner_text("body") and "Traceback" not in page.inner_text("body")
    assert "65%" in ask(page, "再问一次")


def test_a_question_sent_while_another_is_answered_is_asked_after_it_once(scripted, open_page):
    engine = FakeEngine()
    page = open_page(scripted(engine))
    box = "#pq-question textarea"
    for question in ("慢问", "后问"):
        page.fill(box, question)
        page.press(box, "Enter")
        page.press(box, "Enter")  # pressed twice by a hasty hand
        page.wait_for_selector("#pq-chat .pq-question")
    page.wait_for_selector("#pq-stop", state="visible")
    engine.gate.set()
    page.wait_for_function("css => document.querySelectorAll(css).length === 2", arg=ANSWERED)
    page.wait_for_selector("#pq-send", state="visible")
    assert page.locator("#pq-chat .pq-question").all_inner_texts() == ["慢问", "后问"]
    assert page.locator("#pq-chat .pq-error").count() == 0


def test_two_tabs_do_not_mix(scripted, open_page):
    address = scripted(FakeEngine())
    one, two = open_page(address), open_page(address)
    ask(one, "甲问")
    ask(two, "乙问")
    assert one.locator("#pq-chat .pq-question").all_inner_texts() == ["甲问"]
    assert two.locator("#pq-chat .pq-question").all_inner_texts() == ["乙问"]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_nothing_is_cut_or_illegible(real, open_page, size, scheme, tmp_path):
    page = open_page(real, size, scheme)
    ask(page, "贵州算力利用率如何")
    page.locator("a.pq-cite").first.click()
    page.wait_for_selector("#src-1-1.pq-lit")
    page.screenshot(path=tmp_path / f"{size['width']}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = "css => document.querySelector(css).getBoundingClientRect().toJSON()"
    page.wait_for_timeout(600)  # the card is scrolled to smoothly
    chat, sources = page.evaluate(box, "#pq-chat-pane"), page.evaluate(box, "#pq-source-pane")
    if size is PHONE:
        assert sources["top"] >= chat["bottom"]
    else:
        assert sources["left"] >= chat["right"]
    answer, card = (
        (".pq-answer p", ".pq-foot", ".pq-badge", "a.pq-cite"),
        (".pq-card h3", ".pq-badges", "blockquote", "mark"),
    )
    for css in (*answer, *card):
        assert page.evaluate(CONTRAST, css) >= 4.5, css


# WCAG 2 contrast of an element's text on the first opaque background behind it.
CONTRAST = """css => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const element = document.querySelector(css);
  let behind = element, back = [255, 255, 255];
  for (; behind; behind = behind.parentElement) {
    const colour = rgb(getComputedStyle(behind).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.9) { back = colour; break; }
  }
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_ends_the_server_cleanly_with_a_tab_open(store, open_page, tmp_path):
    log, own = tmp_path / "serve.log", tmp_path / "store"
    shutil.copytree(store, own)  # the other server owns the first
    with served(own, log) as (address, process):
        open_page(address)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 0
    assert "Traceback" not in log.read_text(encoding="utf-8")
