"""The compare pane in real Chromium: regions and aspects chosen, the matrix read, cells and points followed, files saved."""

import struct
import threading
from pathlib import Path

import pytest
from fake_engine import FakeEngine, citation, document
from openpyxl import load_workbook
from test_browser import (  # noqa: F401  (fixtures)
    CONTRAST,
    DESKTOP,
    PHONE,
    chromium,
    free_port,
    open_page,
    scripted,
    wait_until_up,
)
from test_matrix import engine  # noqa: F401  (fixture: a real engine over texts of our own)
from test_ui import PAYLOADS

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(scope="module")
def address(chromium, engine):  # noqa: F811
    import uvicorn

    from app.server import build_app

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(build_app(engine), port=port, log_level="critical", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until_up(f"http://127.0.0.1:{port}", thread.is_alive)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def opened(page, name="对比"):
    page.get_by_role("tab", name=name).click()
    page.wait_for_selector("#pq-compare-regions .token")
    return page


def choose(page, box, *names):
    """Leave only `names` in a list, typed and taken with the keyboard."""
    while page.locator(f"{box} .token").count():
        before = page.locator(f"{box} .token").count()
        page.locator(f"{box} .token-remove").first.click()
        page.wait_for_function("([css, n]) => document.querySelectorAll(css).length < n", arg=[f"{box} .token", before])
    for count, name in enumerate(names, 1):
        page.fill(f"{box} input", name)
        page.press(f"{box} input", "Enter")
        page.wait_for_function("([css, n]) => document.querySelectorAll(css).length >= n", arg=[f"{box} .token", count])
    page.press(f"{box} input", "Escape")


def compare(page, regions=(), aspects=(), free=""):
    if regions:
        choose(page, "#pq-compare-regions", *regions)
    if aspects:
        choose(page, "#pq-compare-aspects", *aspects)
    page.fill("#pq-compare-free :is(input, textarea)", free)
    page.click("#pq-compare-go")
    page.wait_for_selector("#pq-compare :is(.pq-matrix, .pq-error)")


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def in_view(page, css):
    return page.evaluate(
        "css => { const b = document.querySelector(css).getBoundingClientRect(); return b.bottom > 0 && b.top < innerHeight; }",
        css,
    )


@SIZES
def test_a_matrix_is_chosen_read_and_followed_to_its_sources(address, open_page, size):  # noqa: F811
    page = opened(open_page(address, size))
    assert "选好地区和方面" in page.inner_text("#pq-compare")
    compare(page, ["甘肃", "宁夏"], ["做法", "短板与风险"])
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".pq-matrix tr").all()]
    assert rows[0] == ["方面", "甘肃", "宁夏"] and [row[0] for row in rows[1:]] == ["做法", "短板与风险"]
    assert "绿色算力" in rows[1][1] and rows[2][2] == "未披露"
    mark = page.locator(".pq-matrix td", has_text="绿色算力").locator("a.pq-cite").first
    mark.click()
    page.wait_for_selector("#pq-compare-sources .pq-card.pq-lit")
    assert "绿色算力" in page.inner_text(".pq-card.pq-lit mark")
    page.wait_for_timeout(600)  # it is scrolled to smoothly
    assert in_view(page, ".pq-card.pq-lit")
    page.locator(".pq-card.pq-lit .pq-open").click()
    page.wait_for_selector('#pq-viewer mark:has-text("绿色算力")')
    assert page.inner_text(".pq-view-position").startswith("引用 ")  # the others are a key away
    page.keyboard.press("Escape")
    page.locator(".pq-card.pq-lit .pq-number").click()
    page.wait_for_selector("#pq-compare a.pq-cite.pq-lit")
    assert fits(page) and page.noted == []


@SIZES
def test_a_point_leads_to_its_sentence_and_files_are_saved(address, open_page, size, tmp_path):  # noqa: F811
    page = opened(open_page(address, size))
    compare(page, ["甘肃", "青海", "宁夏"], ["做法"], "智能算力规模")
    told = page.locator(".pq-point").evaluate_all(
        "found => found.map((e) => e.getAttribute('aria-label').split(' · ')[0])"
    )
    assert sorted(told) == ["甘肃", "甘肃", "青海"]  # 宁夏 has none, and is given none
    point = page.locator('.pq-point[aria-label*="2027"][aria-label*="甘肃"]')
    assert "目标值" in point.get_attribute("aria-label") and "2万P" in point.get_attribute("aria-label")
    point.locator("rect").click()
    page.wait_for_selector(".pq-card.pq-lit")
    assert "2万P" in page.inner_text(".pq-card.pq-lit mark")
    point.focus()
    page.evaluate("document.querySelectorAll('.pq-lit').forEach((e) => e.classList.remove('pq-lit'))")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pq-card.pq-lit")
    with page.expect_download() as picture:
        page.locator(".pq-png").click()
    saved = Path(picture.value.path()).read_bytes()
    width, height = struct.unpack(">II", saved[16:24])
    assert saved[:8] == b"\x89PNG\r\n\x1a\n" and width > 800 and height > 500 and len(saved) > 8_000
    assert picture.value.suggested_filename == "智能算力规模.png"
    with page.expect_download() as book:
        page.locator(".pq-xlsx").click()
    book.value.save_as(tmp_path / "compared.xlsx")
    sheet = load_workbook(tmp_path / "compared.xlsx")["对比"]
    assert [c.value for c in sheet[1]] == ["方面", "甘肃", "青海", "宁夏"] and sheet["D3"].value == "未披露"
    assert fits(page) and page.noted == []


def test_the_other_language_says_the_same_comparison(address, open_page):  # noqa: F811
    page = opened(open_page(address))
    compare(page, ["甘肃", "青海"], ["做法"], "智能算力规模")
    page.click('#pq-language label:has-text("English")')
    page.wait_for_selector('.pq-matrix th:has-text("Gansu")')
    shown = page.inner_text("#pq-compare")
    assert "Approach" in shown and "target" in shown and "Download XLSX" in shown
    assert "Regions (at most 8)" in page.inner_text("#pq-compare-bar")
    assert "Approach" in page.inner_text("#pq-compare-aspects") and page.noted == []


def test_too_much_and_nothing_are_one_plain_line(address, open_page):  # noqa: F811
    page = opened(open_page(address))
    compare(page, free="甲、乙、丙、丁、戊、己")
    assert "最多对比 8 个地区、8 个方面；现在是 2 个地区、9 个方面" in page.inner_text("#pq-compare .pq-error")
    choose(page, "#pq-compare-aspects")
    page.fill("#pq-compare-free :is(input, textarea)", "")
    page.click("#pq-compare-go")
    page.wait_for_selector('#pq-compare .pq-error:has-text("至少选一个")')
    assert page.noted == []


@SIZES
def test_hostile_words_are_shown_as_text(scripted, open_page, size):  # noqa: F811
    payload = " ".join([*PAYLOADS, "a\u202eb", "长" * 10_000])
    source = citation(title=payload, issuer=payload, source=f"{payload}.md", start=0, end=len(payload), quote=payload)
    page = opened(
        open_page(scripted(FakeEngine(text=payload, shown=document(text=payload, title=payload), cited=source)), size)
    )
    compare(page, free=PAYLOADS[0])
    page.wait_for_timeout(300)  # an onerror or onload would have run by now
    assert PAYLOADS[0] in page.inner_text(".pq-matrix") and PAYLOADS[1] in page.text_content(".pq-plot-source")
    made = page.locator(":is(#pq-compare, #pq-compare-sources) :is(script, iframe, img, svg[onload])")
    assert made.count() == 0 and fits(page)
    with page.expect_download() as picture:
        page.locator(".pq-png").click()
    assert Path(picture.value.path()).stat().st_size > 5_000 and page.noted == []


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "dark")])
def test_nothing_is_cut_or_illegible_beside_a_wide_table(address, open_page, size, scheme, tmp_path):  # noqa: F811
    page = opened(open_page(address, size, scheme))
    compare(page, ["甘肃", "青海", "宁夏", "全国"], ["做法", "人才"], "智能算力规模")
    page.screenshot(path=tmp_path / "compare.png", full_page=True)
    assert fits(page)
    box = "css => document.querySelector(css).getBoundingClientRect().toJSON()"
    main, side = page.evaluate(box, "#pq-compare-main"), page.evaluate(box, "#pq-compare-side")
    assert side["top"] >= main["bottom"] if size is PHONE else side["left"] >= main["right"]
    for css in (
        ".pq-matrix td p",
        ".pq-none",
        ".pq-matrix td small",
        ".pq-export a",
        ".pq-png",
        "#pq-compare .pq-note",
    ):
        assert page.evaluate(CONTRAST, css) >= 4.5, css
    assert page.locator(".pq-plot").evaluate_all(LABELS_INSIDE) == [True, True]  # the regions', and the nation's


LABELS_INSIDE = """plots => plots.map((plot) => {
  const whole = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("text")].every((label) => {
    const box = label.getBoundingClientRect();
    return box.left >= whole.left - 1 && box.right <= whole.right + 1 && box.bottom <= whole.bottom + 1;
  });
})"""
