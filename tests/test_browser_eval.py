"""The HTML page of a run, opened from its file in real Chromium: filters, a row, the keyboard, payloads, a phone."""

import pytest
from eval_hostile import CASES, PAYLOAD, hostile_report
from test_browser import DESKTOP, PHONE, chromium  # noqa: F401

from eval.reports.report import write_reports

pytestmark = pytest.mark.browser
READ = (
    PAYLOAD.replace("\u2028", "‹U+2028›")
    .replace("\u202e", "‹U+202E›")
    .replace("\x00", "‹U+0000›")
    .replace("\x1b", "‹U+001B›")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("run")
    write_reports(made, hostile_report())
    return made


@pytest.fixture
def opened(chromium, folder):  # noqa: F811
    contexts = []

    def start(size=DESKTOP, fragment="", scheme="light"):
        contexts.append(chromium.new_context(viewport=size, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.noted = []
        page.on("request", lambda request: page.noted.append(request.url))
        page.on("console", lambda message: page.noted.append(message.text))
        page.on("pageerror", lambda error: page.noted.append(str(error)))
        page.on("dialog", lambda dialog: (page.noted.append(dialog.message), dialog.dismiss()))
        page.goto(f"{(folder / 'summary.html').as_uri()}{fragment}")
        return page

    yield start
    for context in contexts:
        context.close()


def shown(page):
    return page.eval_on_selector_all(
        "details.row", "rows => rows.filter(r => r.checkVisibility()).map(r => r.className)"
    )


def test_filters_and_search_leave_what_fits(opened):
    page = opened()
    wrong, right = "row wrong", "row right"
    assert shown(page) == [wrong, right]
    for field, value, left in (
        ("verdict", "wrong", [wrong]), ("verdict", "won", [right]), ("kind", "number", [right]),
        ("split", "test", [wrong]), ("variant", "canonical", [wrong, right]), ("region", "湖南", [right]),
    ):  # fmt: skip
        page.select_option(f"select[name={field}]", value)
        assert shown(page) == left, (field, value)
        page.click("button[type=reset]")
        page.wait_for_selector("details.row:not([hidden]) ~ details.row:not([hidden])")
    page.fill("input[name=text]", "湖南 约30")
    assert shown(page) == [right]
    assert page.inner_text("#count") == "显示 1 / 2 题，其中未通过 0 题"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_row_opens_and_its_payloads_stay_text(opened, size):
    page = opened(size, scheme="dark" if size is PHONE else "light")
    page.click("details.row.wrong summary")
    body = page.locator("details.row.wrong .body")
    assert "缺关键事实 f：贵州 约65%" in body.locator(".why").inner_text()
    assert READ[:60] in body.locator(".turn").inner_text()
    assert READ[:60] in body.locator(".answer").inner_text()
    assert "<script>window.broken=3</script>" in body.locator("blockquote").inner_text()
    assert body.locator("mark.gold:not(.cite)").all_inner_texts()[1:] == ["贵州约65%"]
    assert [text.replace("\n", "") for text in body.locator("blockquote mark.cite").all_inner_texts()] == ["[1]中间。"]
    assert READ[:60] in page.locator("details.row.wrong .question").inner_text()
    assert page.evaluate("window.broken") is None
    assert page.locator("img, iframe, a[href^=javascript]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.noted == [page.url]  # the file itself and nothing else: no request, no script error, no dialog


def test_a_marker_leads_to_its_sentence_and_the_keyboard_opens_rows(opened):
    page = opened()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("details.row.right .ref").focus()
    page.keyboard.press("Enter")
    assert page.locator("details.row.right mark.shown").inner_text().endswith("湖南约30%。")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"


def test_a_flipped_id_leads_to_its_open_row(opened):
    page = opened()
    page.click(".ids a:first-child")
    page.wait_for_selector("details.row.wrong[open] .body")
    assert page.get_attribute("details.row[open]", "data-id").startswith(CASES[0].id[:30])
    assert "right" in opened(fragment="#q-right").get_attribute("details.row[open]", "class")
