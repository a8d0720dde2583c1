"""The text of a foreign document inside a Word file (an altChunk part): web archive, HTML or plain text."""

import re

from ingest.errors import UnreadableFileError

_MAIL_HEADER = re.compile(rb"(?:mime-version|content-type|from|subject|date|message-id|x-[a-z-]+):")
_HTML_TAG = re.compile(r"<(?:html|body|p|div|table|h[1-6]|span|br)\b", re.IGNORECASE)


def read_chunk(data: bytes) -> str:
    """Return the text of an MHT, HTML or plain text part, "" for RTF and for what cannot be read."""
    from ingest.formats.decode import decode
    from ingest.formats.read_html import declared_charset

    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"{\\rtf"):
        return ""
    charset = ""
    if _MAIL_HEADER.match(start):
        data, charset = unpacked_mht(data)
    try:
        text, _ = decode(data, charset or declared_charset(data))
    except UnreadableFileError:
        return ""  # the caller notes it; the rest of the document is still worth reading
    return _html_text(text) if _HTML_TAG.search(text) else text


def unpacked_mht(data: bytes) -> tuple[bytes, str]:
    """Return (the page or plain text in a web archive, its charset as the archive states it)."""
    import email
    import email.policy

    parts = list(email.message_from_bytes(data, policy=email.policy.compat32).walk())
    for kind in ("text/html", "text/plain"):
        for part in parts:
            if part.get_content_type() == kind:
                payload = part.get_payload(decode=True)
                return payload if isinstance(payload, bytes) else b"", part.get_content_charset() or ""
    return b"", ""


def _html_text(html: str) -> str:
    """Return every visible line: unlike a page from the web, a page inside a Word file has no frame to leave out."""
    from lxml import etree
    from lxml import html as lxml_html

    from ingest.formats.html_lines import visible_lines

    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    bodies = root.xpath("//body")
    return "\n".join(line.text for line in visible_lines(bodies[0] if bodies else root))
