"""The library in real Chromium: files and addresses in, facts edited, removal and its undoing, questions meanwhile; all of it hostile."""

import threading

import pytest
from small_embedder import SmallEmbedder
from test_browser import DESKTOP, PHONE, chromium, open_page, scripted  # noqa: F401  (fixtures)
from test_library import text
from test_ui import PAYLOADS

from app.engine import Engine
from app.library.library import Library
from app.library.shelf import Shelf
from ingest.store import open_store

pytestmark = pytest.mark.browser
NARROW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


class GatedEmbedder(SmallEmbedder):
    """Embeds what speaks of 青海 only once the gate is open."""

    def __init__(self):
        super().__init__()
        self.gate, self.waits = threading.Event(), threading.Event()

    def embed_passages(self, texts, on_progress=None):
        if any("青海" in each for each in texts):
            self.waits.set()
            assert self.gate.wait(60)
        return super().embed_passages(texts, on_progress)


@pytest.fixture
def library(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "湖南.md").write_text(text("湖南省"), encoding="utf-8")
    embedder = GatedEmbedder()
    with open_store(tmp_path / "store", embedder.name, embedder.dimension, writable=True) as store:
        Engine(store, embedder).ingest([str(tmp_path / "own")])
    with open_store(tmp_path / "store", embedder.name, embedder.dimension) as store:
        engine = Engine(store, embedder)
        library = Library(engine, Shelf(tmp_path / "library"))
        yield library, engine
        embedder.gate.set()
        library.close()


@pytest.fixture
def opened(library, scripted, open_page):  # noqa: F811
    """`opened(size)` gives a page with the library's pane open."""
    address = scripted(library[1], library=library[0])

    def start(size=DESKTOP, **options):
        page = open_page(address, size, **options)
        page.get_by_role("tab", name="资料库").click()
        page.wait_for_selector(".pq-library tbody tr")
        return page

    return start


def upload(page, *files):
    page.set_input_files("#pq-files", [{"name": n, "mimeType": "", "buffer": data} for n, data in files])


def row(page, name, said):
    found = page.locator("#pq-work .pq-work-row").filter(has_text=name).filter(has_text=said)
    found.first.wait_for()
    return found.first


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_many_files_go_in_and_each_bad_one_says_why(opened, size):
    page = opened(size)
    hostile = f"# {PAYLOADS[0]}办法\n\n贵州省人民政府\n\n第一条 {PAYLOADS[1]}贵州省对企业发放算力券，补贴比例为20%。\n"
    page.evaluate("document.getElementById('pq-drop').dataset.limit = 5000")
    upload(
        page, (f"{PAYLOADS[1]}.md", hostile.encode()), ("好.md", text("甘肃省").encode()), ("病毒.exe", b"MZ\x90\0"),
        ("大.pdf", b"%PDF-1.7" + b"0" * 6000), ("坏.pdf", b"%PDF-1.7 nothing"), ("又.md", text("湖南省").encode()),
    )  # fmt: skip
    row(page, "好.md", "已入库")
    row(page, "病毒.exe", "暂不支持 .exe 文件")
    row(page, "大.pdf", "文件过大")
    row(page, "坏.pdf", "未能完成")
    row(page, "又.md", "内容完全相同")
    row(page, "_img src=x onerror=alert(1)_.md", "已入库")
    page.wait_for_selector(".pq-library tbody tr:nth-child(3)")
    page.wait_for_function(
        "() => document.querySelector('.pq-status').textContent.includes('3 份')"
    ) if size is DESKTOP else None
    assert PAYLOADS[0] in page.locator("#pq-library").inner_text()
    assert "完成 2" in page.locator("#pq-work-state").inner_text()
    page.get_by_role("button", name="清除已结束的").click()
    assert page.locator("#pq-work li").count() == 0
    assert page.evaluate(NARROW) and page.noted == []


def test_files_are_dropped_and_one_beside_the_zone_does_no_harm(opened):
    page = opened()
    drop = """([css, name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      const made = (type) => new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector(css).dispatchEvent(made("dragover"));
      return document.querySelector(css).dispatchEvent(made("drop"));
    }"""
    assert page.evaluate(drop, ["#pq-library", "错.md", text("甘肃省")]) is False  # the browser would have opened it
    page.evaluate(drop, ["#pq-drop", "对.md", text("甘肃省")])
    row(page, "对.md", "已入库")
    assert page.locator("#pq-work li").count() == 1


def test_a_broken_connection_loses_nothing(opened):
    page = opened()
    page.route("**/library/files?**", lambda route: route.abort())
    upload(page, ("办法.md", text("甘肃省").encode()))
    broken = row(page, "办法.md", "连接中断")
    page.unroute("**/library/files?**")
    broken.get_by_role("button", name="重试").click()
    row(page, "办法.md", "已入库")


def test_a_private_address_is_refused_and_what_is_none_stays_in_the_box(opened):
    page = opened()
    page.fill("#pq-library-url textarea, #pq-library-url input", "http://127.0.0.1/ <script>alert(1)</script>")
    page.click("#pq-library-fetch")
    row(page, "http://127.0.0.1/", "未能完成")
    page.wait_for_selector('#pq-library-work [role=alert]:has-text("这不是网址")')
    assert page.input_value("#pq-library-url textarea, #pq-library-url input") == "<script>alert(1)</script>"
    assert page.locator("#pq-library-work script").count() == 0 and page.noted == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_facts_are_edited_and_a_removed_document_comes_back(opened, size, library):
    page = opened(size)
    upload(page, ("办法.md", text("甘肃省").encode()))
    row(page, "办法.md", "已入库")
    page.locator(".pq-describe", has_text="甘肃省算力券办法").click()
    page.wait_for_selector("#pq-form-title textarea, #pq-form-title input")
    assert "据标题" in page.locator("#pq-details-view").inner_text()
    page.wait_for_selector(".pq-details-title:focus")  # which is given after the details have come
    page.click("#pq-details-view .pq-open")  # the whole text
    page.wait_for_selector('#pq-viewer .pq-view-text:has-text("算力券")')
    page.keyboard.press("Escape")
    page.fill("#pq-form-region textarea, #pq-form-region input", "火星")
    page.click("#pq-library-save")
    page.wait_for_selector('#pq-details-said [role=alert]:has-text("不认识的地区：火星")')
    page.fill("#pq-form-region textarea, #pq-form-region input", "兰州")
    page.fill("#pq-form-title textarea, #pq-form-title input", PAYLOADS[2])
    page.fill("#pq-form-collection textarea, #pq-form-collection input", PAYLOADS[1])
    page.click("#pq-library-save")
    page.locator(".pq-describe", has_text=PAYLOADS[2]).click()
    page.wait_for_selector('#pq-details-view:has-text("据旁置文件")')
    assert "兰州" in page.locator("#pq-details-view").inner_text()
    assert PAYLOADS[1] in page.locator("#pq-details-view").inner_text()
    page.get_by_label("加入集合").click()
    page.get_by_role("option", name=PAYLOADS[1]).wait_for()  # a collection's name is text there too
    page.keyboard.press("Escape")
    page.get_by_role("button", name="移除", exact=True).click()
    row(page, PAYLOADS[2], "已移除")
    page.wait_for_function("() => document.querySelectorAll('.pq-library tbody tr').length === 1")
    page.reload()  # as another day: the way back is still there
    page.get_by_role("tab", name="资料库").click()
    page.get_by_text("最近移除的 1 份").click()
    page.locator("#pq-removed").get_by_role("button", name="撤销移除").click()
    row(page, PAYLOADS[2], "已恢复")
    page.wait_for_selector(".pq-library tbody tr:nth-child(2)")
    assert "兰州" in page.locator("#pq-library").inner_text() and page.locator("#pq-removed").is_hidden()
    assert page.evaluate(NARROW) and page.noted == []


def test_questions_are_answered_while_a_file_is_read(opened, library):
    page, embedder = opened(), library[1].embedder
    upload(page, ("青海.md", text("青海省", "37%").encode()))
    row(page, "青海.md", "正在")
    assert embedder.waits.wait(60)
    page.get_by_role("tab", name="问答").click()
    page.fill("#pq-question textarea", "湖南省算力券补贴比例是多少")
    page.press("#pq-question textarea", "Enter")
    page.wait_for_selector('#pq-chat .pq-answer:has-text("20%") .pq-count')
    assert not embedder.gate.is_set() and len(library[1].documents()) == 1
    embedder.gate.set()
    page.get_by_role("tab", name="资料库").click()
    row(page, "青海.md", "已入库")


def test_the_pane_in_english_narrows_the_list(opened):
    page = opened(PHONE)
    upload(page, ("办法.md", text("甘肃省").encode()))
    row(page, "办法.md", "已入库")
    page.locator("#pq-language").get_by_text("English").click()
    page.get_by_role("button", name="Add address").wait_for()
    page.wait_for_selector("text=passages: 2")
    page.click("#pq-filter-region input")
    page.get_by_role("option", name="Gansu").click()
    page.wait_for_function("() => document.querySelectorAll('.pq-library tbody tr').length === 1")
    page.locator(".pq-describe").click()
    page.get_by_role("button", name="Save and read again").wait_for()
    assert (
        "from the head" in page.locator("#pq-details-view").inner_text()
        or "inferred" in page.locator("#pq-details-view").inner_text()
    )
    assert page.evaluate(NARROW)


def test_a_page_that_may_not_change_the_library_says_so(library, scripted, open_page):  # noqa: F811
    page = open_page(scripted(library[1]))
    page.get_by_role("tab", name="资料库").click()
    page.wait_for_selector("text=资料库在这里只能查看")
    page.locator(".pq-describe").first.click()
    page.wait_for_selector("#pq-details-view .pq-facts")
    assert page.locator("#pq-drop, #pq-form, #pq-library-url").count() == 0
