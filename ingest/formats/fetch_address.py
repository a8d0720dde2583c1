"""Connect to public addresses only, and never later than a deadline.

The name is resolved here, once, and the connection goes to the very addresses that were checked, so a name that
answers differently the second time (DNS rebinding) gains nothing. TLS still checks the certificate against the name:
httpcore takes it from the URL, which keeps it.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from ingest.errors import UnreadableFileError

# Where clouds answer with credentials; never a document, so closed even when private addresses are allowed.
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
# Of the IANA registries too, but not known to every Python that we run on.
_SPECIAL = tuple(ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_CONNECT_SECONDS = 10.0
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# HTTP spoken to these ports is an attack on another protocol (mail, shells, databases), not the reading of a page.
_CLOSED_PORTS = frozenset((0, 7, 9, 19, 20, 21, 22, 23, 25, 53, 69, 110, 111, 119, 135, 137, 139, 143, 161, 179, 389, 445,
                           465, 514, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2375, 3306, 3389, 5432, 6379, 9200,
                           11211, 27017))  # fmt: skip


def why_refused(address: str, allow_private: bool = False) -> str:
    """Say in Chinese why an IP address must not be connected to, "" if it may be.

    Refused: cloud metadata, multicast and unspecified addresses always; unless `allow_private`, everything that the
    IANA registries do not call globally reachable (private, loopback, link-local, shared, reserved, documentation),
    also where an IPv6 address carries such an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64).
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    return next((why for own in (found, *_carried(found)) if (why := _why(own, allow_private))), "")


def _why(address: _Address, allow_private: bool) -> str:
    if address in _METADATA:
        return "这是云主机的元数据地址"
    if address.is_multicast or address.is_unspecified:
        return "这不是可以访问的主机地址"
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    special = not address.is_global or any(address in network for network in _SPECIAL)
    if not allow_private and (special or address.is_reserved or site_local):
        return "这是本机或内网地址"
    return ""


def _carried(address: _Address) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [found for found in inner if found is not None]


class Deadline:
    """A moment in monotonic time; what is left of it caps the timeout of every network operation."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Return the seconds left, `at_most` that many. Raises httpcore.ReadTimeout when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("deadline")
        return left if at_most is None else min(left, at_most)


class CheckedBackend(httpcore.NetworkBackend):
    """A network backend for httpcore that resolves, checks and connects in one step, under one deadline."""

    def __init__(self, deadline: Deadline, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the name that answers.

        Raises UnreadableFileError if any of its addresses is refused, and httpcore's errors if none answers.
        """
        if port in _CLOSED_PORTS and not self._allow_private:
            raise UnreadableFileError(f"不能读取这个端口：{host}:{port}", "这个端口不提供网页")
        addresses = _resolve(host, port, self._deadline)
        for address in addresses:
            if why := why_refused(address, self._allow_private):
                raise UnreadableFileError(f"不能读取这个网址：{host}", f"{why}（{address}），出于安全不访问")
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses[:4]:
            try:
                stream = self._network.connect_tcp(
                    address, port, self._deadline.left(_CONNECT_SECONDS), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """A stream none of whose operations outlasts the deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """Return the addresses of a name, each once; the system's resolver runs in a thread because it has no timeout."""
    found: list[str] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.left(_CONNECT_SECONDS))
    if failed or not found:
        cause = failed[0] if failed else None
        raise UnreadableFileError(f"找不到网站：{host}", "请检查网址是否写错、网络是否可用") from cause
    return found
