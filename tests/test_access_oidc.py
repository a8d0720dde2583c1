"""Signing in with an organisation's account, against a provider on loopback: what holds, and all that must not."""

import logging
import time
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_engine import FakeEngine
from oidc_provider import CLIENT, SECRET, running

from app.access import accounts, sessions
from app.access.gate import COOKIE
from app.access.ledger import Ledger
from app.access.oidc import account_name, open_provider
from app.access.oidc_settings import load_oidc
from app.access.opening import Access, open_access
from app.server import build_app
from app.settings import Settings, load_settings
from ingest.errors import InputError


@pytest.fixture(scope="module")
def provider():
    with running() as started:
        yield started


def environment(provider, **more):
    return {
        "POLICYQA_OIDC_ISSUER": provider.issuer, "POLICYQA_OIDC_CLIENT_ID": CLIENT, "POLICYQA_OIDC_CLIENT_SECRET": SECRET,
        "POLICYQA_PUBLIC_URL": "https://policy.example.org/", "POLICYQA_OIDC_ROLES": "研究室=reader, 资料组=editor，信息中心=admin",
        "POLICYQA_OIDC_COLLECTIONS_CLAIM": "realm_access.sets", **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def served(provider, tmp_path_factory):
    settings = load_oidc(environment(provider))
    with closing(Ledger(tmp_path_factory.mktemp("oidc") / "accounts.sqlite3")) as ledger:
        yield ledger, build_app(FakeEngine(), access=Access(ledger, open_provider(settings)))


@pytest.fixture
def client(served, provider):
    from fastapi.testclient import TestClient

    provider.reset()
    provider.claims = {"groups": ["研究室"]}
    with served[0].change() as db:
        db.execute("DELETE FROM accounts")
    return TestClient(served[1], base_url="https://policy.example.org", follow_redirects=False)


def left(client, there="/"):
    reply = client.get("/login/oidc", params={"next": there})
    assert reply.status_code == 303
    return reply.headers["location"]


def come_back(client, provider, there="/", **changed):
    answer = {**provider.code_for(left(client, there)), **changed}
    return client.get("/login/oidc/return", params={k: v for k, v in answer.items() if v is not None})


def test_who_the_organisation_knows_is_let_in(client, provider, served):
    address = left(client)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    assert (
        asked["redirect_uri"] == "https://policy.example.org/login/oidc/return"
        and asked["code_challenge_method"] == "S256"
    )
    assert asked["response_type"] == "code" and "openid" in asked["scope"] and SECRET not in address
    provider.claims = {"groups": ["无关", "资料组", "研究室"], "realm_access": {"sets": ["内部", "坏，名", "*"]}}
    reply = come_back(client, provider, "/?lang=en")
    assert reply.status_code == 303 and reply.headers["location"] == "/?lang=en"
    (set_cookie,) = [c.lower() for c in reply.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    assert "secure" in set_cookie and "httponly" in set_cookie and "samesite=lax" in set_cookie
    (account,) = accounts.listed(served[0])
    assert (account.name, account.role, account.collections) == ("oidc:u-1", "editor", frozenset(("", "内部")))
    assert client.get("/v1/documents").status_code == 200
    provider.claims = {"groups": ["研究室"]}  # what is taken away there is taken away here
    come_back(client, provider)
    assert accounts.known(served[0], "oidc:u-1").role == "reader"
    assert accounts.known(served[0], "oidc:u-1").collections == frozenset(("",))
    assert "单位账号" in client.get("/login").text


def refused(reply, served):
    assert reply.status_code == 403, reply.headers
    assert COOKIE not in reply.headers.get("set-cookie", "") and accounts.listed(served[0]) == []
    return reply.text


LIES = [
    ({"aud": "another-client"}, {}), ({"aud": None}, {}), ({"iss": "https://evil.example"}, {}), ({"iss": None}, {}),
    ({"nonce": "another"}, {}), ({"nonce": None}, {}), ({"exp": int(time.time()) - 3600}, {}), ({"exp": None}, {}),
    ({"iat": int(time.time()) + 3600}, {}), ({"sub": None}, {}), ({"azp": "another-client"}, {}), ({"groups": ["无关"]}, {}),
    ({"groups": None}, {}), ({}, {"algorithm": "none"}), ({}, {"algorithm": "HS256"}), ({}, {"key": "stranger"}),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "signed"), LIES, ids=str)
def test_a_token_that_does_not_hold_lets_nobody_in(client, provider, served, claims, signed):
    provider.claims |= claims
    provider.algorithm = signed.get("algorithm", "RS256")
    provider.key = provider.stranger if signed else provider.known
    refused(come_back(client, provider), served)


@pytest.mark.parametrize(
    "changed", [{"state": "another"}, {"state": None}, {"code": "unknown"}, {"code": None}, {"error": "access_denied"}]
)
def test_an_answer_that_was_not_asked_for_lets_nobody_in(client, provider, served, changed):
    refused(come_back(client, provider, **changed), served)


def test_an_answer_is_good_once_and_in_the_browser_that_asked(client, provider, served):
    answer = provider.code_for(left(client))
    kept = dict(client.cookies)
    client.cookies.clear()
    refused(client.get("/login/oidc/return", params=answer), served)  # another browser: signing in as someone else
    client.cookies.update(kept)
    client.cookies["policyqa_oidc"] = client.cookies["policyqa_oidc"].rsplit("|", 2)[0] + "|x|/"  # without its secret
    refused(client.get("/login/oidc/return", params=answer), served)
    assert client.get("/login/oidc/return", params=answer).status_code == 403


def test_a_disabled_person_stays_out_and_errors_are_shown_as_text(client, provider, served):
    come_back(client, provider)
    accounts.set_disabled(served[0], "oidc:u-1", True)
    assert come_back(client, provider).status_code == 403
    assert client.get("/v1/documents").status_code == 401
    page = come_back(client, provider, error="<script>alert(1)</script>")
    assert page.status_code == 403 and "<script" not in page.text


def test_where_to_go_then_is_this_server(client, provider):
    assert come_back(client, provider, "//evil.example").headers["location"] == "/"


@pytest.mark.parametrize(
    ("there", "then"),
    [("/资料?q=算力|券&x=%E8", "/%E8%B5%84%E6%96%99?q=%E7%AE%97%E5%8A%9B%7C%E5%88%B8&x=%E8"), ("/" + "长" * 400, "/")],
)
def test_the_way_back_may_be_of_any_letters(client, provider, there, then):
    assert come_back(client, provider, there).headers["location"] == then
    assert come_back(client, provider, "/%2F/evil.example").headers["location"] == "/%2F/evil.example"


def test_such_an_account_has_no_password(client, provider, served):
    from app.access.sign_in import sign_in

    come_back(client, provider)
    for password in ("", "x" * 12):
        assert not sign_in(served[0], "oidc:u-1", password, "10.0.0.1").token


def test_people_are_not_taken_for_one_another():
    names = [account_name(s) for s in ("abc", "ABC", "auth0|1", "a" * 90, "a" * 91, "sha256:1", "张三", "")]
    assert len(set(names)) == len(names) and names[0] == "oidc:abc" and all(len(n) <= 100 for n in names)
    assert all(accounts.plain_name(n) == n for n in names)


def test_the_secret_is_not_told(provider, caplog):
    settings = load_settings(environment(provider))
    assert SECRET not in repr(settings) and SECRET not in str(settings.oidc)
    with caplog.at_level(logging.DEBUG):
        open_provider(settings.oidc)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("changed", [
    {"POLICYQA_OIDC_CLIENT_ID": ""}, {"POLICYQA_OIDC_CLIENT_SECRET": ""}, {"POLICYQA_PUBLIC_URL": ""}, {"POLICYQA_PUBLIC_URL": "policy"},
    {"POLICYQA_OIDC_ISSUER": "http://sso.example.org"}, {"POLICYQA_OIDC_ISSUER": "http://127.evil.example"}, {"POLICYQA_OIDC_ISSUER": "sso"},
    {"POLICYQA_OIDC_ROLES": "甲=root"}, {"POLICYQA_OIDC_ROLES": "甲"},
])  # fmt: skip
def test_settings_that_do_not_fit_are_refused(provider, changed):
    with pytest.raises(InputError):
        load_oidc({**environment(provider), **changed})


def test_a_server_starts_for_an_organisation_and_not_without_it(provider, tmp_path):
    oidc = load_oidc(environment(provider))
    with open_access(Settings(accounts=tmp_path / "a.sqlite3", oidc=oidc), False) as access:
        assert access is not None and access.provider is not None
    with open_access(Settings(accounts=tmp_path / "a.sqlite3", oidc=oidc), True) as access:
        assert access is not None, "also on loopback"
    with pytest.raises(InputError), open_access(Settings(accounts=None, oidc=oidc), False):
        pass
    other = load_oidc(environment(provider, POLICYQA_OIDC_ISSUER="http://127.0.0.1:9"))
    with (
        pytest.raises(InputError, match="取不到"),
        open_access(Settings(accounts=tmp_path / "a.sqlite3", oidc=other), False),
    ):
        pass
    provider.issuer, kept = "https://evil.example", provider.issuer
    try:
        with pytest.raises(InputError, match="不是它自己的"):
            open_provider(oidc)
    finally:
        provider.issuer = kept


def test_a_session_from_there_ends_like_any_other(client, provider, served):
    come_back(client, provider)
    token = client.cookies[COOKIE]
    accounts.set_disabled(served[0], "oidc:u-1", True)
    assert sessions.account_of(served[0], token) is None
