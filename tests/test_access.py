"""Signing in: accounts, keys, sessions, throttling, forged requests, and a server that does not start open."""

import io
import json
import re
import sqlite3
import time
from contextlib import closing

import pytest
from fake_engine import FakeEngine

from app.access import accounts, attempts, keys, passwords, sessions, sign_in
from app.access.caller import Caller
from app.access.gate import COOKIE
from app.access.ledger import AccessError, Ledger
from app.access.opening import Access, open_access, refuse_unguarded
from app.cli import main
from app.server import build_app, serve
from app.settings import Settings, load_settings
from ingest.errors import InputError

PASSWORD = "五只熊猫 on a hill"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(ledger, app): made once, as a page takes a second to build."""
    with closing(Ledger(tmp_path_factory.mktemp("access") / "accounts.sqlite3")) as opened:
        yield opened, build_app(FakeEngine(), access=Access(opened))


@pytest.fixture
def ledger(served, monkeypatch):
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64))
    passwords.nobodys.cache_clear()
    opened = served[0]
    with opened.change() as db:
        for table in ("keys", "sessions", "attempts", "accounts"):
            db.execute(f"DELETE FROM {table}")
    accounts.add(opened, "张三", PASSWORD, "reader", frozenset(("",)))
    accounts.add(opened, "admin", PASSWORD, "admin", None)
    return opened


@pytest.fixture
def client_of(served, ledger):
    from fastapi.testclient import TestClient

    return lambda base="http://127.0.0.1:7860": TestClient(served[1], base_url=base, follow_redirects=False)


@pytest.fixture
def client(client_of):
    return client_of()


def form_of(client, **fields):
    from re import search

    token = search(r'name="token" value="([^"]+)"', client.get("/login").text)[1]
    return {"token": token, "name": "张三", "password": PASSWORD, "next": "/", **fields}


def signed_in(client, **fields):
    reply = client.post("/login", data=form_of(client, **fields), headers={"sec-fetch-site": "same-origin"})
    assert reply.status_code == 303, reply.text
    return reply


def test_signing_in_and_out_is_told_to_the_log(client, caplog):
    caplog.set_level("INFO", logger="policyqa")
    client.post("/login", data=form_of(client, password="not this one"))
    client.post("/login", data=form_of(client, name="typed a password here"))
    signed_in(client)
    told = [record.fields for record in caplog.records if record.getMessage() == "sign_in"]
    assert [(each["result"], each.get("account")) for each in told] == [
        ("wrong", "张三"),
        ("wrong", None),
        ("ok", "张三"),
    ]
    assert {each["address"] for each in told} == {"testclient"}
    assert PASSWORD not in str(told) and "typed a password here" not in caplog.text


@pytest.mark.parametrize(
    ("language", "product", "signing"),
    [("zh", "区域 AI 政策问答", "登录"), ("en", "Regional AI policy Q&amp;A", "Sign in")],
)
def test_the_sign_in_page_names_the_product_and_tells_no_more(client, language, product, signing):
    page = client.get(f"/login?lang={language}").text
    assert f"<title>{signing} · {product} · policyqa</title>" in page
    assert f'<main><p class="product">{product} · policyqa</p><h1>{signing}</h1>' in page
    assert "收录" not in page and "indexed" not in page and not re.search(r"[0-9]+\.[0-9]+\.[0-9]+", page)


def test_hashes_are_argon2id_and_no_secret_is_on_the_disk(ledger):
    key = keys.make_key(ledger, "张三", "脚本")
    token = sessions.begin(ledger, "张三")
    ((kept,),) = ledger.rows("SELECT password FROM accounts WHERE name='张三'")
    assert kept.startswith("$argon2id$")
    written = b"".join(path.read_bytes() for path in ledger.path.parent.iterdir())
    for secret in (PASSWORD, key, key[12:], token):
        assert secret.encode() not in written
    assert ledger.path.stat().st_mode & 0o077 == 0


def test_the_default_cost_is_the_librarys_advice():
    hashed = passwords.hashed("无关紧要的一句话")
    assert "m=65536,t=3" in hashed and not passwords.is_outdated(hashed) and passwords.fits(hashed, "无关紧要的一句话")
    assert not passwords.fits("no hash", "x") and passwords.is_outdated(hashed.replace("t=3", "t=1"))


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 300, "张三张三张三张三1", ""])
def test_easy_passwords_are_refused(password):
    with pytest.raises(InputError):
        passwords.check_new(password, "张三张三张三张三")


def test_nothing_but_signing_in_is_open(client):
    for path in (
        "/",
        "/config",
        "/v1/documents",
        "/gradio_api/queue/data",
        "/source/d1",
        "/login/",
        "/LOGIN",
        "//login",
        "/v1/%2e%2e/login",
    ):
        page = client.get(path, headers={"accept": "text/html"})
        assert page.status_code == 303 and page.headers["location"].startswith("/login"), path
        told = client.get(path, headers={"accept": "application/json"})
        assert told.status_code == 401 and set(told.json()["error"]) >= {"code", "message"}, path
        assert told.headers["www-authenticate"] == "Bearer"
    asked = client.post("/v1/ask", json={"question": "贵州"}, headers={"accept": "text/html"})
    assert (asked.status_code, asked.json()["error"]["code"]) == (401, "unauthorized")
    chat = client.post("/v1/chat/completions", json={}).json()["error"]
    assert chat["type"] == "invalid_request_error" and chat["param"] is None
    assert client.post("/mcp", json={}).status_code == 401
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["error"]["code"] == "not_ready"
    assert (
        client.get("/login").status_code == 200
        and "default-src" in client.get("/login").headers["content-security-policy"]
    )


def test_a_key_lets_a_program_in_until_it_is_revoked(ledger, client):
    key = keys.make_key(ledger, "张三")
    asked = {"authorization": f"Bearer {key}"}
    assert client.get("/v1/documents", headers=asked).status_code == 200
    assert client.post("/v1/ask", json={"question": "贵州"}, headers=asked).status_code == 200
    assert client.get("/readyz", headers=asked).json()["error"]["code"] == "warming"
    for wrong in (
        key[:-1],
        key + "A",
        key.replace("pq_", ""),
        "",
        "pq_00000000_" + "A" * 43,
        "秘密",
    ):
        assert client.get("/v1/documents", headers={"authorization": f"Bearer {wrong}".encode()}).status_code == 401
    client.cookies[COOKIE] = sessions.begin(ledger, "张三")
    assert client.get("/v1/documents", headers={"authorization": "Bearer wrong"}).status_code == 401  # no second chance
    client.cookies.clear()
    accounts.set_disabled(ledger, "张三", True)
    assert client.get("/v1/documents", headers=asked).status_code == 401
    accounts.set_disabled(ledger, "张三", False)
    keys.revoke_key(ledger, key)
    assert client.get("/v1/documents", headers=asked).status_code == 401


def test_a_reader_may_not_change_the_library_and_says_nothing_by_its_own_word(ledger, client):
    asked = {"authorization": f"Bearer {keys.make_key(ledger, '张三')}", "x-role": "admin", "x-forwarded-user": "admin"}
    for method, path in [
        ("POST", "/v1/documents"),
        ("PUT", "/v1/files?name=a"),
        ("DELETE", "/v1/documents/d1"),
        ("GET", "/v1/jobs"),
    ]:
        reply = client.request(method, path, headers=asked)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden"), path


def test_a_session_s_cookie(client_of):
    plain, safe = client_of(), client_of("https://policy.example.org")
    for client, secure in ((plain, False), (safe, True)):
        for name, path in (("policyqa_form", "/login"), (COOKIE, "/")):
            reply = client.get("/login") if name != COOKIE else signed_in(client, next="/?lang=en")
            (cookie,) = [
                c.lower()
                for c in reply.headers.get_list("set-cookie")
                if c.startswith(f"{name}=") and "max-age=0" not in c.lower()
            ]
            assert "httponly" in cookie and f"path={path};" in cookie + ";" and "samesite=" in cookie
            assert ("; secure" in cookie) == secure and "domain" not in cookie
        assert reply.headers["location"] == "/?lang=en" and client.get("/").status_code == 200


def test_signing_out_ends_the_session_and_signing_in_begins_another(ledger, client):
    signed_in(client)
    first = client.cookies[COOKIE]
    signed_in(client)
    second = client.cookies[COOKIE]
    assert first != second and sessions.account_of(ledger, first) is None
    assert client.post("/logout", data={"token": "错"}).status_code in {403}
    assert sessions.account_of(ledger, second) is not None
    own = {"origin": "http://127.0.0.1:7860"}
    assert client.post("/logout", data={"token": "错"}, headers=own).status_code == 403
    assert client.post("/logout", data={"token": sessions.form_token(second)}, headers=own).status_code == 303
    assert sessions.account_of(ledger, second) is None
    client.cookies[COOKIE] = second
    assert client.get("/v1/documents").status_code == 401


def test_a_disk_that_takes_nothing_signs_nobody_out(ledger, monkeypatch):
    token, now = sessions.begin(ledger, "张三"), time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 600)
    ledger._db.execute("PRAGMA query_only=ON")
    try:
        assert sessions.account_of(ledger, token).name == "张三"
        with pytest.raises(AccessError):
            sessions.begin(ledger, "张三")
    finally:
        ledger._db.execute("PRAGMA query_only=OFF")
    assert sessions.account_of(ledger, token) and not ledger._db.in_transaction


def test_sessions_end_by_themselves_and_with_the_password(ledger, monkeypatch):
    token, now = sessions.begin(ledger, "张三"), time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.IDLE - 60)
    assert sessions.account_of(ledger, token)
    monkeypatch.setattr(sessions.time, "time", lambda: now + 2 * sessions.IDLE - 120)
    assert sessions.account_of(ledger, token), "in use since"
    monkeypatch.setattr(sessions.time, "time", lambda: now + 4 * sessions.IDLE)
    assert sessions.account_of(ledger, token) is None
    monkeypatch.undo()
    token = sessions.begin(ledger, "张三")
    accounts.set_password(ledger, "张三", "另一句不相干的话 42")
    assert sessions.account_of(ledger, token) is None
    token = sessions.begin(ledger, "张三")
    accounts.set_disabled(ledger, "张三", True)
    assert sessions.account_of(ledger, token) is None


@pytest.mark.parametrize("headers", [
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"},
    {"origin": "null"}, {}, {"origin": "http://127.0.0.1:7860.evil.example"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:7860"},
])  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/ask", "/logout", "/gradio_api/queue/join", "/library/undo/1", "/mcp"])
def test_another_site_cannot_use_the_session(client, ledger, path, headers):
    client.cookies[COOKIE] = sessions.begin(ledger, "张三")
    assert client.post(path, json={"question": "贵州"}, headers=headers).status_code == 403


def test_the_page_itself_can(client, ledger):
    client.cookies[COOKIE] = sessions.begin(ledger, "张三")
    for headers in ({"origin": "http://127.0.0.1:7860"}, {"sec-fetch-site": "same-origin"}):
        assert client.post("/v1/ask", json={"question": "贵州"}, headers=headers).status_code == 200


def test_a_form_that_was_not_asked_for_signs_nobody_in(client):
    fields = form_of(client)
    assert client.post("/login", data={**fields, "token": "错"}).status_code == 403
    client.cookies.clear()
    assert client.post("/login", data=fields).status_code == 403  # without the cookie that goes with it
    assert (
        client.post(
            "/login", content=b"x" * 100_000, headers={"content-type": "application/x-www-form-urlencoded"}
        ).status_code
        == 403
    )
    assert client.post("/login", json=fields).status_code == 403


@pytest.mark.parametrize(
    "there", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nx: y", ""]
)
def test_signing_in_leads_nowhere_else(client, there):
    assert signed_in(client, next=there).headers["location"] == "/"


def test_what_is_typed_comes_back_as_text(client):
    page = client.post("/login", data=form_of(client, name='"><script>alert(1)</script>', password="x" * 12)).text
    assert "<script" not in page and "&lt;script&gt;" in page and "x" * 12 not in page


def test_a_name_that_is_nobodys_is_told_the_same(ledger, client):
    replies = [
        client.post("/login", data=form_of(client, name=name, password="不是这个口令啊")) for name in ("张三", "无此人")
    ]
    assert [r.status_code for r in replies] == [401, 401]
    assert len({r.text.replace("张三", "NAME").replace("无此人", "NAME") for r in replies}) == 1
    counted = []
    checked = sign_in.passwords.fits
    sign_in.passwords.fits = lambda kept, given: counted.append(kept) or checked(kept, given)
    try:
        for name in ("张三", "无此人"):
            sign_in.sign_in(ledger, name, "不是这个口令啊", "10.0.0.9")
    finally:
        sign_in.passwords.fits = checked
    assert len(counted) == 2 and all(kept.startswith("$argon2id$") for kept in counted)  # one verification each


def test_guessing_is_slowed_down_then_locked(ledger, monkeypatch):
    now = time.time()
    clock = [now]
    monkeypatch.setattr(attempts.time, "time", lambda: clock[0])
    waits = []
    for n in range(12):
        while wait := sign_in.sign_in(ledger, "张三", f"猜测{n}", f"10.0.{n}.1").wait:  # from another address each time
            waits.append(wait)
            clock[0] += wait
    assert waits == [pytest.approx(min(900, 15 * 2**n)) for n in range(7)]
    locked = sign_in.sign_in(ledger, "张三", PASSWORD, "10.9.9.9")
    assert locked.wait > 800 and not locked.token, "the right password does not help before the time"
    clock[0] += 900
    assert sign_in.sign_in(ledger, "张三", PASSWORD, "10.9.9.9").token
    assert not sign_in.sign_in(ledger, "张三", "又错一次", "10.9.9.9").wait


def test_many_names_from_one_address_are_slowed_down(ledger, monkeypatch):
    monkeypatch.setattr(sign_in.passwords, "fits", lambda kept, given: False)
    told = [sign_in.sign_in(ledger, f"n{n}", "x", f"2001:db8::{n:x}").wait for n in range(40)]
    assert not any(told[:30]) and all(told[30:])  # one network
    assert not sign_in.sign_in(ledger, "n1", "x", "10.0.0.1").wait


def test_a_hundred_at_once_are_a_hundred(ledger, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    tried = []
    monkeypatch.setattr(sign_in.passwords, "fits", lambda kept, given: tried.append(given) or False)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: sign_in.sign_in(ledger, "张三", str(n), "10.0.0.1"), range(100)))
    assert len(tried) == attempts.FREE_NAME


def test_the_lock_is_told_with_its_time(client):
    for _ in range(5):
        client.post("/login", data=form_of(client, password="不是这个口令啊"))
    reply = client.post("/login", data=form_of(client))
    assert reply.status_code == 429 and 0 < int(reply.headers["retry-after"]) <= 16 and COOKIE not in client.cookies


def test_a_tab_belongs_to_who_opened_it(ledger, client):
    one = client
    one.cookies[COOKIE] = sessions.begin(ledger, "张三")
    own = {"sec-fetch-site": "same-origin"}
    told = {"data": [], "fn_index": 0, "session_hash": "tab1"}
    assert one.post("/gradio_api/queue/join", json=told, headers=own).status_code != 403
    other = {**own, "authorization": f"Bearer {keys.make_key(ledger, 'admin')}"}
    one.cookies.clear()
    for content in (json.dumps(told), json.dumps(told).encode("utf-16-be"), " \n" + json.dumps(told)):
        assert one.post("/gradio_api/queue/join", content=content, headers=other).status_code == 403
    form = one.post("/gradio_api/queue/join", data={"session_hash": "tab1"}, headers=other)
    assert form.status_code == 400
    for path in (
        "queue/data?session_hash=tab1",
        "queue/data?session_hash=x&session_hash=tab1",
        "heartbeat/tab1",
    ):
        assert one.get(f"/gradio_api/{path}", headers=other).status_code == 403, path


def test_the_server_does_not_start_open(tmp_path, capsys):
    settings = Settings(accounts=tmp_path / "accounts.sqlite3")
    with pytest.raises(InputError, match="不能对外监听") as caught:
        refuse_unguarded(settings, False)
    assert "user add" in caught.value.hint and not settings.accounts.exists()
    with pytest.raises(InputError, match="不能对外监听"):
        serve(FakeEngine(), "0.0.0.0", 7999)
    assert main(["serve", "--host", "0.0.0.0", "--port", "7999", "--store", str(tmp_path / "s")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    refuse_unguarded(settings, True)
    with open_access(settings, True) as access:
        assert access is None, "off on loopback until there is an account"
    with closing(Ledger(settings.accounts)) as ledger:
        accounts.add(ledger, "a", "", "admin", None)
        accounts.set_disabled(ledger, "a", True)
    with pytest.raises(InputError, match="不能对外监听"):
        refuse_unguarded(settings, False)
    with open_access(settings, True) as access:
        assert access is not None, "shut accounts do not open the server"
    with closing(Ledger(settings.accounts)) as ledger:
        accounts.set_disabled(ledger, "a", False)
    with open_access(settings, False) as access:
        assert access is not None
    with pytest.raises(InputError, match="不能对外监听"):
        refuse_unguarded(Settings(accounts=None), False)


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("POLICYQA_ACCOUNTS", "POLICYQA_HISTORY", "POLICYQA_OIDC_ISSUER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def told(capsys, monkeypatch, *arguments, typed=""):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    code = main([*arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_commands(at, capsys, monkeypatch):
    run = lambda *a, typed="": told(capsys, monkeypatch, *a, typed=typed)  # noqa: E731
    assert run("user", "list") == (0, "还没有账号；用 policyqa user add 名字 --role admin 添加\n", "")
    code, out, _ = run(
        "user", "add", "ＷＡＮＧ.wu", "--role", "editor", "--collection", "内部", "--json", typed=PASSWORD + "\n"
    )
    assert code == 0 and json.loads(out) == {
        "name": "wang.wu",
        "role": "editor",
        "collections": ["", "内部"],
        "disabled": False,
    }
    code, out, _ = run("key", "add", "Wang.Wu", "--label", "日报", "--json")
    key = json.loads(out)["key"]
    with closing(Ledger(at / ".policyqa/accounts.sqlite3")) as ledger:
        assert keys.account_of_key(ledger, key).caller == Caller("wang.wu", "editor", frozenset(("", "内部")))
    code, out, _ = run("key", "list", "wang.wu", "--json")
    assert code == 0 and json.loads(out)[0]["label"] == "日报" and key[12:] not in out
    assert (
        run("key", "revoke", key)[0] == 0
        and "[已吊销]" in run("key", "list")[1]
        and key[12:] not in run("key", "revoke", key)[1]
    )
    assert "全部集合" in run("user", "grant", "wang.wu", "--collection", "*", "--role", "admin")[1]
    assert "公共" in run("user", "grant", "wang.wu", "--collection", "公共")[1]
    assert run("user", "password", "wang.wu", typed="另一句不相干的长话了\n")[0] == 0
    assert "[已停用]" in (run("user", "disable", "wang.wu"), run("user", "list"))[1][1]
    assert run("user", "enable", "wang.wu")[0] == run("user", "unlock", "wang.wu")[0] == 0
    from app.history.book import History

    with closing(History(at / ".policyqa/history.sqlite3")) as book:
        book.of("wang.wu").begin("c" + "0" * 16, "问题", "zh")
        book.of("other").begin("c" + "1" * 16, "问题", "zh")
    assert "1 个对话" in run("user", "remove", "wang.wu")[1] and json.loads(run("user", "list", "--json")[1]) == []
    with closing(History(at / ".policyqa/history.sqlite3")) as book:
        assert [kept.id for kept in book.conversations()] == ["c" + "1" * 16]


@pytest.mark.parametrize("arguments", [
    ("user", "add"), ("user", "add", "a b"), ("user", "add", "ok", "--role", "root"), ("user", "password", "nobody"),
    ("user", "grant", "nobody", "--role", "admin"), ("user", "remove", "nobody"), ("user", "disable", "nobody"),
    ("user", "add", "ok", "--collection", "甲，乙"), ("key", "add", "nobody"), ("key", "revoke", "pq_x"), ("key", "revoke"), ("user",),
    ("user", "add", "weak"),
])  # fmt: skip
def test_bad_use_is_one_line(at, capsys, monkeypatch, arguments):
    try:
        code, _, said = told(capsys, monkeypatch, *arguments, typed="123\n")
    except SystemExit as stop:
        code, said = stop.code, capsys.readouterr().err
    assert code == 2 and said.startswith("错误：") and said.count("\n") == 1


def test_a_file_that_is_no_ledger(at, capsys, monkeypatch):
    (at / "x").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(AccessError):
        Ledger(at / "x")
    with sqlite3.connect(at / "y") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(AccessError, match="更新的版本"):
        Ledger(at / "y")
    monkeypatch.setenv("POLICYQA_ACCOUNTS", str(at / "x"))
    code, _, said = told(capsys, monkeypatch, "user", "list")
    assert code == 1 and said.count("\n") == 1


def test_a_ledger_that_breaks_closes_the_door(ledger, client):
    key = keys.make_key(ledger, "张三")
    ledger._db.execute("ALTER TABLE keys RENAME TO gone")
    try:
        reply = client.get("/v1/documents", headers={"authorization": f"Bearer {key}"})
    finally:
        ledger._db.execute("ALTER TABLE gone RENAME TO keys")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "unavailable") and "sqlite" not in reply.text


def test_settings_name_the_accounts(tmp_path):
    assert load_settings({"POLICYQA_ACCOUNTS": "off"}).accounts is None
    assert load_settings({"POLICYQA_ACCOUNTS": str(tmp_path)}).accounts == tmp_path
