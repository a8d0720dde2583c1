"""One http(s) address to bytes, safely: nothing private is reached, nothing is endless, nothing is run.

What may be connected to is decided in fetch_address. Proxies of the environment are not used: a proxy resolves the
name itself, unchecked.
"""

import re
import ssl
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import UnreadableFileError
from ingest.formats.fetch_kind import file_name, may_be_read, suffix_of

if TYPE_CHECKING:
    import httpcore
    import httpx

_MAX_HOPS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HEADERS = (
    (b"User-Agent", b"policyqa (document reader; one page at a user's request)"),
    (b"Accept", b"text/html,application/xhtml+xml,application/pdf,*/*;q=0.8"),
    (b"Accept-Language", b"zh-CN,zh;q=0.9,en;q=0.5"),
    (b"Accept-Encoding", b"gzip, deflate"),
)
_CHARSET = re.compile(r"charset\s*=\s*+(?:[\"']\s*+)?([\w.:-]+)", re.IGNORECASE)
_STATUS_HINTS = {
    401: "需要登录", 403: "网站拒绝访问", 404: "页面不存在，请检查网址", 410: "页面已删除", 412: "网站拦截了自动访问",
    429: "访问过于频繁，请稍后再试",
}  # fmt: skip
_SAVE_IT = "可以在浏览器中打开并保存，再导入保存的文件"
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave: the bytes (unpacked, whole), and what its server says of them."""

    data: bytes
    url: str  # the address after redirects, without fragment
    content_type: str  # lower case, without parameters; "" if none was sent
    suffix: str  # what to read it as: ".html", ".pdf" ...; by the content first, then its type, then the path
    charset: str = ""  # as the Content-Type header has it; "" if it has none
    etag: str = ""
    last_modified: str = ""


def is_url(source: str) -> bool:
    """Tell whether what the user gave is an address to fetch, not a path."""
    return re.match(r"https?://", source.strip(), re.IGNORECASE) is not None


def fetch(url: str, *, allow_private: bool = False, max_bytes: int = 50_000_000, timeout: float = 30) -> Fetched:
    """Get one http(s) address, following at most five redirects; every hop is checked, `timeout` seconds hold for all.

    Raises UnreadableFileError, with one line for the user: another scheme, credentials in the address, a private or
    otherwise refused target (unless `allow_private`), name, connection, TLS or status errors, more than `max_bytes`
    (on the wire or unpacked), too slow, cut short, a kind of file that has no reader, nothing in it.
    """
    import httpcore

    from ingest.formats.fetch_address import CheckedBackend, Deadline

    address = _parsed(url.strip())
    backend = CheckedBackend(Deadline(timeout), allow_private)
    try:
        with httpcore.ConnectionPool(ssl_context=_tls_context(), network_backend=backend) as pool:
            for _ in range(_MAX_HOPS + 1):
                got = _one_hop(pool, address, max_bytes, timeout)
                if isinstance(got, Fetched):
                    return got
                address = got
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _network_error(error, address, timeout) from error
    raise UnreadableFileError(f"网址跳转次数过多：{_shown(address)}", f"最多跟随 {_MAX_HOPS} 次跳转")


def _parsed(url: str, base: "httpx.URL | None" = None) -> "httpx.URL":
    import httpx

    try:
        address = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise UnreadableFileError(
            f"网址写法有误：{_printable(url)}", "应形如 https://www.example.gov.cn/a.html"
        ) from error
    if address.scheme not in ("http", "https"):
        raise UnreadableFileError(f"只能读取 http 和 https 网址：{_printable(address.scheme or url)}", "")
    if address.userinfo:
        raise UnreadableFileError("网址里不能带用户名和密码", "请去掉 @ 之前的部分")
    if not address.host or not re.fullmatch(r"[A-Za-z0-9._:-]+", address.raw_host.decode("ascii", "replace")):
        raise UnreadableFileError(
            f"网址里没有有效的网站名：{_printable(url)}", "应形如 https://www.example.gov.cn/a.html"
        )
    if address.port is not None and not 0 < address.port < 65_536:
        raise UnreadableFileError(f"网址的端口号有误：{_printable(url)}", "端口号在 1 到 65535 之间")
    return address.copy_with(fragment=None)


def _tls_context() -> ssl.SSLContext:
    """Trust certifi's list and the system's own, where a department keeps the certificate of its own authority."""
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _one_hop(
    pool: "httpcore.ConnectionPool", address: "httpx.URL", max_bytes: int, timeout: float
) -> "Fetched | httpx.URL":
    """Ask for one address: what it gives, or where it leads."""
    import httpcore
    import httpx

    host = address.raw_host
    target = httpcore.URL(scheme=address.raw_scheme, host=host, port=address.port, target=address.raw_path or b"/")
    seconds = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    with pool.stream("GET", target, headers=_HEADERS, extensions={"timeout": seconds}) as response:
        headers = httpx.Headers(response.headers)
        if response.status in _REDIRECTS and "location" in headers:
            return _parsed(_location(response.headers), address)
        if response.status != 200:
            raise _status_error(response.status, address)
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        name = file_name(address.path, headers.get("content-disposition", ""))
        if not may_be_read(content_type, name):
            raise _unreadable_kind(content_type)
        length = headers.get("content-length", "")
        if re.fullmatch(r"[0-9]{1,18}", length) and int(length) > max_bytes:
            raise _too_large(address, max_bytes)
        pieces = _limited(response.iter_stream(), max_bytes, address)
        coding = headers.get("content-encoding", "").strip().lower()
        data = b"".join(_limited(_unpacked(pieces, coding, address), max_bytes, address))
    if not data.strip():
        raise UnreadableFileError(f"网页是空的：{_shown(address)}", "网站没有返回任何内容")
    suffix = suffix_of(data, content_type, name)
    if not suffix:
        raise _unreadable_kind(content_type or name)
    charset = _CHARSET.search(headers.get("content-type", ""))
    return Fetched(
        data=data,
        url=str(address),
        content_type=content_type,
        suffix=suffix,
        charset=charset[1] if charset else "",
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
    )


def _location(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return where a redirect leads; bytes beyond ASCII (a Chinese path in UTF-8 or GBK) are escaped as they are."""
    raw = next(value for name, value in headers if name.lower() == b"location").strip()
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)


def _limited(pieces: Iterable[bytes], max_bytes: int, address: "httpx.URL") -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise _too_large(address, max_bytes)
        yield piece


def _unpacked(pieces: Iterator[bytes], coding: str, address: "httpx.URL") -> Iterator[bytes]:
    """Undo gzip or deflate, a bounded piece at a time; httpx would unpack a bomb before it could be counted."""
    if coding in ("", "identity"):
        yield from pieces
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableFileError(f"网页用了不支持的压缩方式：{_printable(coding)}", _SAVE_IT)
    unpacker = None
    try:
        for piece in pieces:
            packed = piece
            while packed:
                if unpacker is None or unpacker.eof:  # the first member of a gzip file, or a further one
                    if unpacker and not packed.startswith(b"\x1f"):
                        return  # what else follows the end is ignored, as browsers do
                    unpacker = zlib.decompressobj(_window(packed, coding))
                yield unpacker.decompress(packed, _PIECE)
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while unpacker and not unpacker.eof and (rest := unpacker.decompress(b"", _PIECE)):
            yield rest
    except zlib.error as error:
        raise UnreadableFileError(f"网页的压缩数据已损坏：{_shown(address)}", _SAVE_IT) from error
    if unpacker is None or not unpacker.eof:
        raise UnreadableFileError(f"网页没有传完：{_shown(address)}", "请稍后再试")


def _window(packed: bytes, coding: str) -> int:
    """Return zlib's wbits: gzip, zlib, or the bare deflate that some servers send under the name of deflate."""
    if coding != "deflate":
        return 31
    return 15 if packed[0] & 0x0F == 8 and int.from_bytes(packed[:2], "big") % 31 == 0 else -15


def _unreadable_kind(kind: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"暂不支持这种网络文件：{_printable(kind) or '类型不明'}",
        "支持网页、PDF、Word、Excel、PPT、文本、CSV、JSON、EPUB、ZIP 和图片",
    )


def _too_large(address: "httpx.URL", max_bytes: int) -> UnreadableFileError:
    return UnreadableFileError(f"网页或文件过大：{_shown(address)}", f"上限为 {max_bytes / 1e6:g} MB")


def _status_error(status: int, address: "httpx.URL") -> UnreadableFileError:
    hint = _STATUS_HINTS.get(status) or ("网站出错，请稍后再试" if status >= 500 else _SAVE_IT)
    return UnreadableFileError(f"网站没有给出这个网页（{status}）：{_shown(address)}", hint)


def _network_error(error: Exception, address: "httpx.URL", timeout: float) -> UnreadableFileError:
    import httpcore

    if isinstance(error, httpcore.TimeoutException):
        return UnreadableFileError(f"读取超时：{_shown(address)}", f"在 {timeout:g} 秒内没有读完，请稍后再试")
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return UnreadableFileError(f"网站的安全证书有问题：{address.host}", "无法确认网站的身份，没有读取")
    if isinstance(error, httpcore.ConnectError):
        return UnreadableFileError(f"连接不上网站：{address.host}", "请检查网址和网络")
    return UnreadableFileError(f"读取中断：{_shown(address)}", "网站断开了连接或没有按 HTTP 协议应答，请稍后再试")


def _shown(address: "httpx.URL") -> str:
    """Return an address fit for a message: short, and without its query, which may hold a token."""
    return _printable(f"{address.scheme}://{address.host}{address.path}")


def _printable(text: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in text)
    text = re.sub(r"//[^/@\s]*@", "//", text)
    return text if len(text) <= 120 else f"{text[:119]}…"
