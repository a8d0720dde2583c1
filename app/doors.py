"""What of Gradio's own routes the page needs; the rest is closed. And the headers that every response has."""

import re

# Gradio serves more than a page asks for: calls by name, past the queue; uploads; copies of files and of
# other hosts' answers; recordings; an editor; a description of all of it. What is not named here does not exist.
_API = re.compile(r"/+gradio_api(?![a-z0-9])")
_NEEDED = re.compile(
    r"/gradio_api/(?:queue/(?:join|data)|run/predict/?|heartbeat/[A-Za-z0-9]{1,64}|cancel/?|reset/?|app_id/?|theme\.css)"
)
_CLOSED = re.compile(
    r"/+(?:monitoring|openapi\.json|custom_component|svelte|pwa_icon|runs|run-history|dev|deep_link|vibe-\w+)(?:/|$)"
)

# Gradio forces three things: its page carries its settings in an inline script ('unsafe-inline' in script-src), it makes
# functions of the texts in js= ('unsafe-eval'), and it sets styles in attributes ('unsafe-inline' in style-src).
# script-src-attr takes back what matters most: an onerror= or onclick= that reached the page would not run. Nothing may
# come from, or go to, another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; script-src-attr 'none'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_UNUSED = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
    "microphone", "midi", "payment", "serial", "usb",
)  # fmt: skip
HEADERS = (
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _UNUSED).encode("ascii")),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def is_closed(path: str) -> bool:
    """Whether a path is one of Gradio's that the page has no use for."""
    if _API.match(path):
        return _NEEDED.fullmatch(path) is None
    return _CLOSED.match(path) is not None


def with_headers(headers: list[tuple[bytes, bytes]], https: bool) -> list[tuple[bytes, bytes]]:
    """Return a response's headers with ours. A route's own stay; two policies of content hold both."""
    own = {name.lower() for name, _ in headers}
    ours = (*HEADERS, _HSTS) if https else HEADERS
    return [*headers, *((name, value) for name, value in ours if name not in own or name == HEADERS[0][0])]
