"""Signing in with a real browser: the way in, what a reader and an editor have on the page, a session that ends, the way out."""

import pytest
from access_server import EMBEDDER, guarded, stored
from test_access_leaks import OPEN, SECRET, write
from test_browser import chromium  # noqa: F401  (fixture)
from test_collections import archive_of

from app.access import accounts

pytestmark = pytest.mark.browser
PASSWORD = "五只熊猫 on a hill"


@pytest.fixture
def server(tmp_path):
    assert EMBEDDER
    store = stored(tmp_path / "s", (write(tmp_path / "open", OPEN), None), (write(tmp_path / "secret", SECRET), "密"))
    with guarded(store, tmp_path) as started:
        for name in ("reader", "inside"):
            accounts.set_password(started.ledger, name, PASSWORD)
        yield started


def entered(page, server, name):
    page.goto(server.address)
    assert page.url.endswith("/login") and page.locator("html").get_attribute("lang") == "zh"
    page.get_by_label("账号").fill(name)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_selector("#pq-title >> text=退出登录")


def test_in_on_the_page_and_out(server, chromium):  # noqa: F811
    page = chromium.new_context(locale="zh-CN").new_page()
    wrong = []
    page.on("console", lambda told: wrong.append(told.text) if "Content Security Policy" in told.text else None)
    entered(page, server, "reader")
    page.wait_for_selector("#pq-title >> text=已收录 2 份资料")
    page.locator("#pq-question textarea").fill("贵州规划了多少机架")
    page.locator("#pq-send").click()
    page.wait_for_selector(".pq-turn >> text=贵州.md")
    page.get_by_role("tab", name="资料库").click()
    page.wait_for_selector(".pq-library tbody tr")
    assert page.locator(".pq-library tbody tr").count() == 2 and not page.locator("#pq-drop").count()
    assert not page.locator("#pq-library-url").is_visible() and "青海" not in page.content()
    page.reload()  # the conversation is the reader's and comes back
    page.wait_for_selector(".pq-turn >> text=贵州.md")
    with server.ledger.change() as db:
        db.execute("DELETE FROM sessions")  # it ends while the page is open
    page.locator("#pq-question textarea").fill("甘肃呢")
    page.locator("#pq-send").click()
    page.wait_for_url("**/login")
    entered(page, server, "reader")
    page.get_by_role("link", name="退出登录").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login")
    page.goto(server.address)
    assert page.url.endswith("/login") and wrong == []


def test_an_editor_adds_to_a_collection_of_theirs(server, chromium, tmp_path):  # noqa: F811
    page = chromium.new_context(locale="zh-CN").new_page()
    entered(page, server, "inside")
    page.get_by_role("tab", name="资料库").click()
    page.wait_for_selector("#pq-library-into input")
    assert page.locator("#pq-library-into input").input_value() == "按资料写明的"
    page.set_input_files("#pq-files", archive_of(tmp_path / "一.zip", "密", "", "别处"))
    page.wait_for_selector(".pq-work-done >> text=其中 1 份没有加入")
    where = {e.source.title[1]: e.source.collection for e in server.engine.entries() if e.source.title[0] == "第"}
    assert where == {"0": "密", "1": ""}
    page.locator("#pq-library-into input").click()
    page.get_by_role("option", name="密").click()
    given = {"name": "新.md", "mimeType": "text/markdown", "buffer": "# 某省办法\n\n某省规划机架7万个。\n".encode()}
    page.set_input_files("#pq-files", given)
    page.wait_for_selector(".pq-library >> text=某省办法")
    (added,) = [e for e in server.engine.entries() if "某省办法" in e.source.title]
    assert added.source.collection == "密"
