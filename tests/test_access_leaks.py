"""Who may not read a collection gets, by every way in, what a server that never held it would say."""

import json
import time
from pathlib import Path

import pytest
from access_server import Tab, guarded, scrubbed, stored
from test_collections import archive_of

from app.access.caller import Caller
from app.engine import Engine

OPEN = {
    "贵州.md": "# 贵州省算力发展办法\n\n贵州规划机架超30万个。2025年国内数据中心平均利用率约65%。\n\n第一条 算力券按合同额补助。\n",
    "甘肃.md": "# 甘肃省数据条例\n\n甘肃智能算力规模2024年达8000P。\n\n第一条 为了促进数据产业发展，制定本条例。\n",
}
SECRET = {
    "青海.md": "# 青海省玄鸟工程实施方案\n\n青海玄鸟工程投资77亿元，机架91万个，利用率约12%。\n\n本方案废止《甘肃省数据条例》。\n",
    "贵州二.md": "# 贵州省算力发展办法（内部解读）\n\n贵州利用率约23%，机架41万个。算力券另行安排。\n",
}
WORDS = ("玄鸟", "77亿", "91万", "青海", "内部解读", "23%", "41万", "630000", "已废止", "密", "Qinghai")
QUESTIONS = [
    "青海玄鸟工程投资多少",
    "贵州的机架有多少",
    "比较贵州和青海的利用率",
    "甘肃省数据条例还有效吗",
    "贵州利用率是多少",
]
TOLD = "1f0a" * 4  # an id that is nobody's


def write(folder, texts):
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """(server that holds the secret, server that never did, ids of the secret documents)."""
    tmp = tmp_path_factory.mktemp("leaks")
    shown, hidden = write(tmp / "open", OPEN), write(tmp / "secret", SECRET)
    for name in ("one", "other"):
        (tmp / name).mkdir()
    both = stored(tmp / "one" / "s", (shown, None), (hidden, "密"))
    bare = stored(tmp / "other" / "s", (shown, None))
    with guarded(both, tmp / "one") as one, guarded(bare, tmp / "other") as other:
        yield one, other, [e.id for e in one.engine.entries() if e.source.collection == "密"]


def tool(name, **given):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": given}}


def speak(server, who, call):
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    return server.ask(who, "POST", "/mcp", json=call, headers=headers)


def routes():
    """(name, request as the function of a server, who asks and the id of a secret document)."""
    for n, q in enumerate(QUESTIONS):
        yield f"ask{n}", lambda s, w, i, q=q: s.ask(w, "POST", "/v1/ask", json={"question": q})
    q = "贵州和青海的玄鸟工程利用率"
    yield "ask-stream", lambda s, w, i: s.ask(w, "POST", "/v1/ask", json={"question": q, "stream": True})
    turns = [{"role": "user", "content": "青海玄鸟工程"}, {"role": "assistant", "content": "投资77亿元"}]
    followed = {"question": "那贵州呢？", "history": turns}
    yield "ask-history", lambda s, w, i: s.ask(w, "POST", "/v1/ask", json=followed)
    yield "search", lambda s, w, i: s.ask(w, "POST", "/v1/search", json={"question": q, "k": 50})
    yield "search-get", lambda s, w, i: s.ask(w, "GET", "/v1/search", params={"q": "玄鸟", "k": 200})
    said = {"model": "policyqa", "messages": [{"role": "user", "content": q}]}
    yield "chat", lambda s, w, i: s.ask(w, "POST", "/v1/chat/completions", json=said)
    yield "chat-stream", lambda s, w, i: s.ask(w, "POST", "/v1/chat/completions", json={**said, "stream": True})
    yield "documents", lambda s, w, i: s.ask(w, "GET", "/v1/documents")
    yield "document", lambda s, w, i: s.ask(w, "GET", f"/v1/documents/{i}?text=1")
    yield "document-removal", lambda s, w, i: s.ask(w, "DELETE", f"/v1/documents/{i}")
    yield "jobs", lambda s, w, i: s.ask(w, "GET", "/v1/jobs")
    yield "work", lambda s, w, i: s.ask(w, "GET", "/library/work")
    yield "mcp-ask", lambda s, w, i: speak(s, w, tool("ask", question=q))
    yield "mcp-search", lambda s, w, i: speak(s, w, tool("search", question="玄鸟", k=50))
    yield "mcp-read", lambda s, w, i: speak(s, w, tool("read_source", doc_id=i))
    for path in ("", "/text?at=0&side=after", "/page/1", "/page/1.png", "/original"):
        yield f"source{path[:7]}", lambda s, w, i, path=path: s.ask(w, "GET", f"/source/{i}{path}")
    for path in ("/healthz", "/readyz", "/v1/openapi.json", "/v1/models"):
        yield path, lambda s, w, i, path=path: s.ask(w, "GET", path)


ROUTES = dict(routes())


def plain(reply):
    text = scrubbed(reply.text)
    return reply.status_code, "\n".join(line for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("who", ["reader", "editor"])
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_answers_as_one_that_never_held_it(two, route, who):
    one, other, secret = two
    for doc_id in secret:
        seen, expected = ROUTES[route](one, who, doc_id), ROUTES[route](other, who, TOLD)
        status, text = plain(seen)
        assert (status, without_added(text)) == (
            plain(expected)[0], without_added(plain(expected)[1].replace(TOLD, doc_id).replace("/other/", "/one/"))
        ), route  # fmt: skip
        assert status < 500
        asked = "".join(QUESTIONS) + "贵州和青海的玄鸟工程利用率投资77亿元"
        assert not any(word in text for word in WORDS if word not in asked), text[:2000]


def without_added(text):
    """When a document was added is when each store was filled."""
    return text.replace("/other/", "/one/")


def test_who_is_granted_it_is_told(two):
    one, _, secret = two
    assert "77亿元" in one.ask("inside", "POST", "/v1/ask", json={"question": QUESTIONS[0]}).text
    assert one.ask("inside", "GET", f"/source/{secret[0]}").status_code == 200
    assert one.ask("admin", "GET", "/v1/documents").json()["total"] == 4
    assert one.ask("admin", "GET", "/healthz").json()["documents"] == 4
    assert one.ask("reader", "GET", "/healthz").json()["documents"] == 2


VALUES = {
    "pq-question": "贵州和青海的玄鸟工程利用率", "pq-language": "zh", "pq-compare-regions": ["520000", "630000"],
    "pq-compare-aspects": ["aspect_goal"], "pq-compare-free": "利用率、投资", "pq-library-find": "玄鸟",
    "pq-history-find": "玄鸟",
}  # fmt: skip


def of_the_page(server, who, secret):
    """All that the page says to someone: asked for what is offered to them, and for what is not."""
    tab = Tab(server, who, f"t{who}")
    tab.everything(VALUES | {"pq-compare-regions": ["520000"], "pq-question": "贵州的机架有多少"}, {"doc": secret})
    return tab, tab.everything(VALUES, {"doc": secret})


@pytest.mark.parametrize("who", ["reader", "editor"])
def test_no_handler_of_the_page_tells_of_it(two, who):
    one, other, secret = two
    told, expected = of_the_page(one, who, secret[0])[1], of_the_page(other, who, secret[0])[1]
    for word in (*WORDS, "利用率", "success", secret[0]):
        assert told.count(word) == expected.count(word), word
    assert secret[1] not in told
    assert "超30万个" in told and "已收录 2 份资料" in told


def test_the_page_tells_who_may_know(two):
    one, _, secret = two
    tab, told = of_the_page(one, "inside", secret[0])
    assert "玄鸟工程实施方案" in told and "已收录 4 份资料" in told
    assert "77亿元" in tab.call(tab.of("pq-compare-go", "click")[0], VALUES)


def asked_by(server, who, question):
    """A kept exchange of someone, with the answer that they get: (conversation, exchange)."""
    collections = {"inside": frozenset(("", "密")), "reader": frozenset(("",))}[who]
    seen = server.engine.seen_by(Caller(who, "reader", collections))
    own = server.book.of(who)
    conversation = f"c{time.time_ns() % 16**16:016x}"
    exchange = own.begin(conversation, question, "zh")
    from app.history.replay import basis_of

    own.finish(exchange, seen.ask(question), basis_of(seen, seen.ask(question)))
    return conversation, exchange


def test_nobody_has_anothers_history_the_admin_neither(two):
    one, _, _ = two
    conversation, exchange = asked_by(one, "inside", "青海玄鸟工程投资多少")
    for suffix in ("md", "docx"):
        for wanted in (conversation, exchange):
            path = f"/export/{wanted}.{suffix}"
            assert one.ask("inside", "GET", path).status_code == 200
            assert [one.ask(who, "GET", path).status_code for who in ("reader", "editor", "admin")] == [404] * 3
    for who in ("reader", "admin"):
        tab = Tab(one, who, f"h{who}")
        for dependency in [*tab.of("pq-history-find", "change"), *tab.of("pq-history-open", "click")]:
            tab.call(dependency, {"pq-history-find": "玄鸟", "pq-history-pick": conversation, "pq-language": "zh"})
        assert "77亿" not in "".join(tab.said) and exchange not in "".join(tab.said)
    foreign = one.book.of("reader")
    assert foreign.exchanges(conversation) == [] == foreign.before(exchange) and foreign.exchange(exchange) is None
    assert not foreign.figures(exchange) and conversation not in {k.id for k in foreign.conversations()}
    foreign.rename(conversation, "改了")
    foreign.remove(conversation)
    assert foreign.purge() == 0
    foreign.drop()
    assert one.book.of("inside").conversations()[0].title == "青海玄鸟工程投资多少"


def test_an_answer_is_withheld_from_who_may_no_longer_read_what_it_cites(two):
    from app.history.replay import own_history

    one, _, _ = two
    conversation, exchange = asked_by(one, "inside", "贵州利用率是多少")
    after = own_history(one.engine, one.book, Caller("inside", "reader", frozenset(("",))))
    (kept,) = after.exchanges(conversation)
    assert kept.answer is None and "无权" in kept.error and not kept.basis and after.figures(exchange) == []
    assert after.conversations("23%") == [] and after.conversations("贵州利用率")
    before = own_history(one.engine, one.book, Caller("inside", "reader", frozenset(("", "密"))))
    assert before.exchanges(conversation)[0].answer is not None and before.conversations("23%")


def ended(server, who, reply):
    assert reply.status_code == 202, reply.text
    (job,) = reply.json()["jobs"]
    until = time.monotonic() + 20
    while job["state"] in {"waiting", "running"} and time.monotonic() < until:
        time.sleep(0.02)
        job = server.ask(who, "GET", f"/v1/jobs/{job['id']}").json()
    return job


def done(server, who, reply):
    job = ended(server, who, reply)
    assert job["state"] == "done", job
    return job


@pytest.fixture
def shelf(tmp_path):
    with guarded(stored(tmp_path / "s", (write(tmp_path / "open", OPEN), None)), tmp_path) as server:
        yield server


def test_editors_see_their_own_work_and_nothing_of_a_collection_that_is_not_theirs(shelf):
    secret = SECRET["青海.md"].encode()
    into = {"name": "玄鸟.md", "collection": "密"}
    assert shelf.ask("editor", "PUT", "/v1/files", params=into, content=secret).status_code == 403
    assert shelf.ask("reader", "PUT", "/v1/files", params={"name": "a.md"}, content=secret).status_code == 403
    job = done(shelf, "inside", shelf.ask("inside", "PUT", "/v1/files", params=into, content=secret))
    (row,) = [r for r in shelf.ask("inside", "GET", "/v1/documents").json()["documents"] if r["collection"] == "密"]
    for who in ("editor", "other"):
        assert shelf.ask(who, "GET", "/v1/jobs").json() == {"jobs": []}
        assert shelf.ask(who, "GET", f"/v1/jobs/{job['id']}").status_code == 404
        assert shelf.ask(who, "GET", "/library/work").json() == {"jobs": [], "removed": []}
        assert shelf.ask(who, "DELETE", f"/v1/documents/{row['doc_id']}").status_code == 404
        assert shelf.ask(who, "GET", "/v1/documents").json()["total"] == 2
    assert shelf.ask("admin", "GET", f"/v1/jobs/{job['id']}").status_code == 200
    # The same name and the same text, by one who must not learn that both are there: no number, no link, no refusal.
    again = done(shelf, "editor", shelf.ask("editor", "PUT", "/v1/files", params={"name": "玄鸟.md"}, content=secret))
    assert again["name"] == "玄鸟.md" and "相同" not in again["message"] and "已入库" in again["message"]
    assert shelf.ask("inside", "GET", "/v1/documents").json()["total"] == 4


def test_a_file_cannot_place_itself_where_its_editor_may_not(shelf):
    text = "---\ncollection: 密\n---\n# 某省办法\n\n某省规划机架7万个。\n".encode()
    job = ended(
        shelf, "editor", shelf.ask("editor", "PUT", "/v1/files", params={"name": "a.md"}, content=text)
    )  # neither there nor open to all
    assert job["state"] == "failed" and "写明属于集合 密" in job["message"] and "指定集合" in job["message"]
    into = {"name": "a.md", "collection": "公共"}
    done(shelf, "editor", shelf.ask("editor", "PUT", "/v1/files", params=into, content=text))
    rows = shelf.ask("admin", "GET", "/v1/documents").json()["documents"]
    assert {row["collection"] for row in rows} == {""}
    before = shelf.library.form(rows[0]["doc_id"])
    own = shelf.library.seen_by(Caller("editor", "editor", frozenset(("",))))
    with pytest.raises(Exception, match="没有权限"):
        own.edit(rows[0]["doc_id"], {**before, "collection": "密"}, before)


def test_documents_of_an_archive_go_where_they_say_if_its_editor_may(shelf, tmp_path):
    told = archive_of(tmp_path / "一.zip", "密", "", "别处", "公共", sidecars=(2,))
    content = Path(told).read_bytes()

    def where():
        return {
            row["title"][1]: row["collection"]
            for row in shelf.ask("admin", "GET", "/v1/documents").json()["documents"][2:]
        }

    job = done(shelf, "inside", shelf.ask("inside", "PUT", "/v1/files", params={"name": "一.zip"}, content=content))
    assert where() == {"0": "密", "1": "", "3": ""}
    assert "其中 1 份没有加入（2.md：写明属于集合 别处，但没有这个集合，或没有权限加入" in job["message"]
    later = shelf.library._worker.submit(type(shelf.library.jobs()[0])("again"), shelf.library._resume)
    until = time.monotonic() + 20
    while later.state in {"waiting", "running"} and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    assert where() == {"0": "密", "1": "", "3": ""}  # a restart gives no other rights
    for doc in shelf.ask("admin", "GET", "/v1/documents").json()["documents"][2:]:
        done(shelf, "admin", shelf.ask("admin", "DELETE", f"/v1/documents/{doc['doc_id']}"))
    into = {"name": "二.zip", "collection": "密"}  # whoever names one has them all there
    done(shelf, "inside", shelf.ask("inside", "PUT", "/v1/files", params=into, content=content))
    assert where() == dict.fromkeys("0123", "密")


def test_an_archive_with_a_document_that_was_not_let_in_is_not_handed_out_whole(shelf, tmp_path):
    content = Path(archive_of(tmp_path / "一.zip", "", "密")).read_bytes()
    done(shelf, "editor", shelf.ask("editor", "PUT", "/v1/files", params={"name": "一.zip"}, content=content))
    (one,) = [r for r in shelf.ask("admin", "GET", "/v1/documents").json()["documents"] if "一.zip" in r["source"]]
    assert shelf.ask("reader", "GET", f"/source/{one['doc_id']}/original").status_code == 410
    assert shelf.ask("admin", "GET", f"/source/{one['doc_id']}/original").content == content


def test_what_was_removed_is_brought_back_only_by_who_could_read_it(shelf):
    into = {"name": "玄鸟.md", "collection": "密"}
    done(shelf, "inside", shelf.ask("inside", "PUT", "/v1/files", params=into, content=SECRET["青海.md"].encode()))
    (row,) = [r for r in shelf.ask("inside", "GET", "/v1/documents").json()["documents"] if r["collection"] == "密"]
    removed = done(shelf, "inside", shelf.ask("inside", "DELETE", f"/v1/documents/{row['doc_id']}"))["removed"]
    assert [r["id"] for r in shelf.ask("inside", "GET", "/library/work").json()["removed"]] == [removed]
    assert shelf.ask("editor", "GET", "/library/work").json()["removed"] == []
    assert shelf.ask("editor", "POST", f"/library/undo/{removed}").status_code == 404
    assert shelf.ask("reader", "POST", f"/library/undo/{removed}").status_code == 403
    assert shelf.ask("inside", "POST", f"/library/undo/{removed}").status_code == 200
    until = time.monotonic() + 20
    while time.monotonic() < until:
        rows = shelf.ask("inside", "GET", "/v1/documents").json()["documents"]
        if len(rows) == 3:
            break
        time.sleep(0.05)
    assert {r["collection"] for r in rows} == {"", "密"}
    assert shelf.ask("reader", "GET", "/v1/documents").json()["total"] == 2


def test_an_archive_with_hidden_documents_in_it_is_not_handed_out_whole(tmp_path):
    rows = [
        json.dumps({"title": f"文件{n}", "text": f"第{n}号文件规划机架{n}万个。" * 3}, ensure_ascii=False)
        for n in (1, 2)
    ]
    (tmp_path / "many.jsonl").write_text("\n".join(rows), encoding="utf-8")
    store = stored(tmp_path / "s", (tmp_path / "many.jsonl", None))
    with guarded(store, tmp_path) as server:
        first, second = server.engine.entries()
        assert server.ask("reader", "GET", f"/source/{first.id}/original").status_code == 200
        from ingest.placing import move

        with server.engine.writing() as opened:
            move(opened, second, "密")
        assert server.ask("reader", "GET", f"/source/{second.id}").status_code == 404
        gone = server.ask("reader", "GET", f"/source/{first.id}/original")
        assert gone.status_code == 410 and "第2号" not in gone.text
        assert server.ask("inside", "GET", f"/source/{first.id}/original").status_code == 200
        assert server.ask("admin", "DELETE", f"/v1/documents/{second.id}").status_code == 202
        while server.library.waiting():
            time.sleep(0.02)
        assert len(server.engine.entries()) == 1  # and the file has it still
        assert server.ask("reader", "GET", f"/source/{first.id}/original").status_code == 410
        assert server.ask("admin", "GET", f"/source/{first.id}/original").status_code == 200


def test_engines_of_many_sets_of_collections_are_kept_in_bounds(two):
    one, _, _ = two
    for n in range(40):
        one.engine.seen_by(Caller("x", "reader", frozenset((f"c{n}",)))).search("贵州", 1)
    assert len(one.engine._parts) <= 32 and isinstance(one.engine.seen_by(Caller("x", "reader", frozenset())), Engine)
