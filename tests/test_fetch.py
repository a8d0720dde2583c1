"""Fetching from a real server on loopback, and everything that must not be fetched."""

import gzip
import socket
import ssl
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats import fetch as fetch_module
from ingest.formats.decode import decode
from ingest.formats.fetch import fetch, is_url
from ingest.formats.fetch_address import why_refused
from ingest.formats.read_html import declared_charset, read_page

PUBLIC = "93.184.215.14"  # stands for any public address; the tests below send its connections to their own server
PAGE = "<html><head><meta charset='utf-8'><title>某省算力办法</title></head><body><p>到2027年，全省机架规模超过30万个，利用率达到65%。</p></body></html>"
# A self-signed certificate for policy.test, valid until 2120, and its key: worth nothing outside this file.
CERTIFICATE = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqMmICnHBh4COfFol
M+t2E553xhe46sJQRcQl3HyCat+hRANCAAR72+Lw4S38ulD+fcDF6KUxGGiW1yG1
rP9bgCuVul3bCuLcqGt4DgFoT+bKECMGog17Xj485SmvoatPBDx7fMMJ
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBezCCASCgAwIBAgIUI4MEADzVJZMdZudi5jj35DG0+VcwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcG9saWN5LnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAx
MDEwMDAwMDBaMBYxFDASBgNVBAMMC3BvbGljeS50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEe9vi8OEt/LpQ/n3AxeilMRholtchtaz/W4Arlbpd2wri3Khr
eA4BaE/myhAjBqINe14+POUpr6GrTwQ8e3zDCaNKMEgwFgYDVR0RBA8wDYILcG9s
aWN5LnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUwfsFy5nPFh3AO2Of
bIM6lhE4mL4wCgYIKoZIzj0EAwIDSQAwRgIhAI35vj2ni9y3QUffWGfmgnU5sLHK
8+8+XB02InCergexAiEAo5VtFrvT5d96Nj6gOltfLIubIZCdJ4DFRyEtOmSXTmY=
-----END CERTIFICATE-----
"""
GZIP = {"Content-Encoding": "gzip"}
Answer = tuple[int, dict[str, str], bytes]


def answers(path: str, host: str) -> Answer:
    html = {"Content-Type": "text/html; charset=utf-8"}
    body = PAGE.encode()
    bomb = gzip.compress(b"\0" * 30_000_000)
    table: dict[str, Answer] = {
        "/page": (200, html | {"ETag": '"v1"', "Last-Modified": "Fri, 14 Mar 2025 09:00:00 GMT"}, body),
        "/host": (200, html, f"<p>{host}</p>".encode()),
        "/%E6%94%BF%E7%AD%96/%E5%85%AC%E5%91%8A.htm": (200, html, body),
        "/raw-location": (302, {"Location": "/政策/公告.htm".encode().decode("latin-1")}, b""),
        "/away": (301, {"Location": "page"}, b""),
        "/loop": (302, {"Location": "/loop?again"}, b""),
        "/loop?again": (302, {"Location": "/loop"}, b""),
        "/to-file": (302, {"Location": "file:///etc/passwd"}, b""),
        "/to-secret": (302, {"Location": f"http://user:secret@{host}/page"}, b""),
        "/to-metadata": (302, {"Location": "http://169.254.169.254/latest/"}, b""),
        "/to-loopback": (302, {"Location": f"http://127.0.0.1:{host.rpartition(':')[2]}/page"}, b""),
        "/back": (302, {"Location": f"http://{host}/page"}, b""),
        "/gzip": (200, html | GZIP, gzip.compress(body[:60]) + gzip.compress(body[60:])),
        "/deflate": (200, html | {"Content-Encoding": "deflate"}, zlib.compress(body)),
        "/bare-deflate": (200, html | {"Content-Encoding": "deflate"}, zlib.compress(body, wbits=-15)),
        "/gzip-cut": (200, html | GZIP, gzip.compress(body)[:-20]),
        "/gzip-bad": (200, html | GZIP, b"\x1f\x8b\x08" + body),
        "/gzip-zeros": (200, {"Content-Type": "text/html"} | GZIP, gzip.compress(b" " * 200_000 + body)),
        "/bomb": (200, html | GZIP, bomb),
        "/bomb-twice": (200, html | {"Content-Encoding": "gzip, gzip"}, gzip.compress(bomb)),
        "/brotli": (200, html | {"Content-Encoding": "br"}, body),
        "/big": (200, html, b"x" * 3_000_000),
        "/big-unsaid": (200, html | {"X-No-Length": "1"}, b"x" * 3_000_000),
        "/cut": (200, html | {"Content-Length": "9999"}, body),
        "/long-length": (200, html | {"Content-Length": "9" * 5000}, body),
        "/video": (200, {"Content-Type": "video/mp4"}, b"x"),
        "/program": (200, {"Content-Type": "application/octet-stream"}, b"\x7fELF\x02\x01\x01\0\0"),
        "/empty": (200, html, b" \n"),
        "/missing": (404, html, b""),
        "/blocked": (412, html, b"<script>x</script>"),
        "/broken": (503, html, b""),
        "/gbk-says-utf8": (200, html, PAGE.encode("gbk")),
        "/gbk-says-latin1": (200, {"Content-Type": "text/html; charset=ISO-8859-1"}, PAGE.encode("gbk")),
        "/utf8-says-gbk": (200, {"Content-Type": 'text/html; charset="GB2312"'}, body.replace(b"utf-8", b"gb2312")),
        "/report": (200, html, b"%PDF-1.4\n%%EOF"),
        "/data.csv": (200, {"Content-Type": "text/plain"}, "地区,机架\n贵州,30万".encode()),
        "/get?id=1": (
            200,
            {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename*=UTF-8''%E8%A1%A8.md"},
            "# 表".encode(),
        ),
        "/untold.htm": (200, {}, body),
        "/law.json": (200, {"Content-Type": "application/json"}, b'{"a": 1}'),
        "/bad-pdf.pdf": (200, {"Content-Type": "application/pdf"}, "<html><body>请验证</body></html>".encode()),
        "/feed": (200, {"Content-Type": "text/xml"}, b"<?xml version='1.0'?><rss></rss>"),
        "/zip.docx": (200, {"Content-Type": "application/octet-stream"}, b"PK\x03\x04" + b"\0" * 22 + b"\x11\0\0\0word/document.xml"),
    }  # fmt: skip
    return table.get(path, (404, {}, b""))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/drip"):
            return self.drip()
        status, headers, body = answers(self.path, self.headers["Host"])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "X-No-Length" in headers or "Content-Length" in headers:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the reader has hung up: it had read enough
        return None

    def drip(self) -> None:
        """Never silent for long, never done: a body, the headers, or the extensions of a chunk, byte by byte."""
        start = {
            "/drip-body": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
            "/drip-head": b"HTTP/1.1 200 OK\r\nX-Slow: ",
            "/drip-chunk": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n5;x=",
            "/drip-early": b"",
        }[self.path]
        self.close_connection = True
        try:
            self.wfile.write(start)
            for _ in range(200):
                self.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n" if self.path == "/drip-early" else b"a")
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *a: None  # a reader that hangs up in the middle
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def local(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # is not to be used
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    return lambda path, **limits: fetch(f"http://127.0.0.1:{port}{path}", allow_private=True, **limits)


class Network:
    """A resolver and a network of the test's own: PUBLIC leads to the local server, all else is only written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *replies: list[str]) -> None:
        self.replies = list(replies)
        self.asked: list[str] = []
        self.connected: list[str] = []
        real = httpcore.SyncBackend.connect_tcp

        def connect(backend, host, port, *rest):
            self.connected.append(host)
            if host != PUBLIC:
                raise httpcore.ConnectError("refused")
            return real(backend, "127.0.0.1", port, *rest)

        def getaddrinfo(host, port, *rest, **more):
            if host.replace(".", "").isdigit():
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
            self.asked.append(host)
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in reply]

        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_page_with_what_its_server_says_of_it(local, port) -> None:
    got = local("/page#part")
    assert got.data == PAGE.encode() and got.suffix == ".html" and got.charset == "utf-8"
    assert got.url == f"http://127.0.0.1:{port}/page" and got.content_type == "text/html"
    assert got.etag == '"v1"' and got.last_modified.startswith("Fri, 14 Mar")
    assert is_url(" HTTPS://a.b/ ") and not is_url("./http/a.html") and not is_url("ftp://a")


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/bare-deflate", "/gzip-zeros", "/away", "/raw-location", "/back", "/政策/公告.htm"])  # fmt: skip
def test_packed_moved_and_chinese_addresses(local, path: str) -> None:
    assert local(path).data.strip() == PAGE.encode()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/loop", "跳转次数过多"), ("/to-file", "只能读取 http 和 https 网址：file"), ("/to-secret", "不能带用户名"),
        ("/gzip-cut", "没有传完"), ("/gzip-bad", "压缩数据已损坏"), ("/bomb", "过大"), ("/bomb-twice", "压缩方式：gzip, gzip"),
        ("/brotli", "压缩方式：br"), ("/big", "过大"), ("/big-unsaid", "过大"), ("/cut", "读取中断"),
        ("/long-length", "读取中断|过大"), ("/video", "暂不支持这种网络文件：video/mp4"), ("/program", "暂不支持"),
        ("/feed", "暂不支持"), ("/empty", "网页是空的"), ("/missing", "（404）.*页面不存在"), ("/blocked", "（412）.*拦截"),
        ("/broken", "（503）.*稍后"), ("/to-metadata", "元数据"),
    ],
)  # fmt: skip
def test_what_is_refused_in_one_line(local, path: str, message: str) -> None:
    with pytest.raises(UnreadableFileError, match=message) as raised:
        local(path, max_bytes=1_000_000)
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


@pytest.mark.parametrize("path", ["/drip-body", "/drip-head", "/drip-chunk", "/drip-early"])
def test_a_dripping_server_is_left_at_the_deadline(local, path: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"读取超时.*0[.]4 秒"):  # read to its end, it would be a page
        local(path, timeout=0.4)


def test_a_silent_resolver_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: time.sleep(3) or [])
    with pytest.raises(UnreadableFileError, match="找不到网站"):
        fetch("http://slow.test/", timeout=0.2)


@pytest.mark.parametrize("path", ["/gbk-says-utf8", "/gbk-says-latin1", "/utf8-says-gbk"])
def test_a_page_whose_header_and_meta_lie(local, path: str) -> None:
    got = local(path)
    html, _ = decode(got.data, declared_charset(got.data, got.charset))
    assert read_page(html).text == "到2027年，全省机架规模超过30万个，利用率达到65%。"


@pytest.mark.parametrize(
    ("path", "suffix"),
    [("/report", ".pdf"), ("/data.csv", ".csv"), ("/get?id=1", ".md"), ("/untold.htm", ".html"), ("/law.json", ".json"),
     ("/bad-pdf.pdf", ".html"), ("/zip.docx", ".docx")],
)  # fmt: skip
def test_the_content_says_what_it_is(local, path: str, suffix: str) -> None:
    assert local(path).suffix == suffix


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "[::1]",
     "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "10.0.0.1",
     "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "224.0.0.1",
     "255.255.255.255", "198.18.0.1", "240.0.0.1", "[ff02::1]", "[fec0::1]", "192.0.0.192", "[3fff::1]"],
)  # fmt: skip
def test_private_targets_are_refused_however_they_are_spelt(host: str, port: int, monkeypatch) -> None:
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *a: pytest.fail("connected"))
    with pytest.raises(UnreadableFileError, match=r"本机或内网|元数据|不是可以访问的主机|找不到网站|写法有误"):
        fetch(f"http://{host}:{port}/page")


def test_what_allow_private_opens() -> None:
    for address in ("127.0.0.1", "10.1.2.3", "::1", "fd12::1", "::ffff:192.168.0.1", "100.64.0.1"):
        assert why_refused(address) and not why_refused(address, allow_private=True)
    for address in ("169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0", "ff02::1"):
        assert why_refused(address, allow_private=True)
    for address in (PUBLIC, "2400:3200::1", "2606:4700::1111"):
        assert not why_refused(address)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://a.test/", "只能读取 http"), ("file:///etc/passwd", "只能读取"), ("http://u:pw@a.test/", "用户名和密码"),
        ("http://", "没有有效的网站名"), ("http://a b/", "没有有效的网站名"), ("http://①②⑦.0.0.1/", "写法有误"),
        ("http://a.test:99999/", "端口"), ("http://a\x00.test/", "写法有误"), (r"https://good.test\@127.0.0.1/", "用户名"),
        ("http://" + "a" * 70 + ".test/", "找不到网站"), ("http://.test/", "找不到网站"), ("不是网址", "只能读取"),
        ("http://[::1", "写法有误"), ("http://a.test:22/", "端口"), ("http://" + "x" * 70_000, "写法有误"),
    ],
)  # fmt: skip
def test_odd_addresses(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *a: pytest.fail("connected"))
    with pytest.raises(UnreadableFileError, match=message) as raised:
        fetch(url)
    assert len(str(raised.value)) < 250 and "pw" not in str(raised.value)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map("http://{}".format), st.text(max_size=40).map("https://a.test/{}".format)))  # fmt: skip
def test_any_text_for_an_address_is_refused_or_asked_for(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *a, **k: [])
        patch.setattr(fetch_module, "_tls_context", lambda: None)
        with pytest.raises(UnreadableFileError) as raised:
            fetch(url)
    assert "\n" not in str(raised.value)


def test_the_checked_address_is_the_one_connected_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, [PUBLIC], ["127.0.0.1"])
    got = fetch(f"http://rebind.test:{port}/host")
    assert got.data == f"<p>rebind.test:{port}</p>".encode()  # the name stays in the Host header
    assert network.asked == ["rebind.test"] and network.connected == [PUBLIC]
    with pytest.raises(UnreadableFileError, match=r"内网地址（127[.]0[.]0[.]1）"):
        fetch(f"http://rebind.test:{port}/host")
    assert network.connected == [PUBLIC]


def test_redirects_of_a_public_site_to_loopback_or_to_a_name_that_turned(port: int, monkeypatch) -> None:
    network = Network(monkeypatch, [PUBLIC])
    with pytest.raises(UnreadableFileError, match=r"内网地址（127[.]0[.]0[.]1）"):
        fetch(f"http://site.test:{port}/to-loopback")
    network.replies = [[PUBLIC, "10.0.0.7"]]
    with pytest.raises(UnreadableFileError, match=r"内网地址（10[.]0[.]0[.]7）"):  # one bad address among good ones
        fetch(f"http://site.test:{port}/page")
    assert network.connected == [PUBLIC]


def test_a_name_in_chinese_and_a_dead_first_address(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, ["93.184.215.15", PUBLIC])
    assert fetch(f"http://例子.测试:{port}/page").data == PAGE.encode()
    assert network.asked == ["xn--fsqu00a.xn--0zwm56d"] and network.connected == ["93.184.215.15", PUBLIC]
    network.replies = [["93.184.215.15"]]
    with pytest.raises(UnreadableFileError, match=r"连接不上网站：例子[.]测试"):
        fetch(f"http://例子.测试:{port}/page")


def test_the_certificate_is_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = tmp_path / "server.pem"
    pem.write_text(CERTIFICATE, encoding="utf-8")
    Network(monkeypatch, [PUBLIC])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *a: None  # a client that hangs up at the certificate
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        with pytest.raises(UnreadableFileError, match=r"安全证书有问题：policy[.]test"):
            fetch(f"https://policy.test:{port}/page")
        monkeypatch.setattr(fetch_module, "_tls_context", lambda: ssl.create_default_context(cafile=str(pem)))
        assert fetch(f"https://policy.test:{port}/page").data == PAGE.encode()
        with pytest.raises(UnreadableFileError, match=r"安全证书有问题：other[.]test"):
            fetch(f"https://other.test:{port}/page")
        server.shutdown()
