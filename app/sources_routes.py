"""What the page asks for about a document, by its id alone: its text in pieces, a PDF's pages, the file itself.

    GET /source/ID             the text around a sentence        ?start&end&sum&page&lang
    GET /source/ID/text        more of it                        ?at&side&start&end&sum&lang
    GET /source/ID/page/N      a PDF's page with the sentence    ?start&end&sum&cited&lang
    GET /source/ID/page/N.png  its picture
    GET /source/ID/original    the file, while it is the one that was indexed

Pieces of HTML, everything in them escaped. No path ever comes from the request.
"""

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from app.access.caller import Caller, caller_in
from app.api.work import engine_for
from app.originals import Origin, Original, content, original, pdf_picture
from app.types import Language
from app.ui.cards import escape
from app.ui.document_view import INLINE, cited_span, more_html, view_html
from app.ui.leaf_view import leaf_html
from app.ui.strings import words
from ingest.errors import UnreadableFileError
from ingest.types import Document

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from app.engine import Engine

# No other site may frame or embed what these give; a file opened in the browser runs nothing and reaches nothing.
_OWN = {
    "cross-origin-resource-policy": "same-origin", "cache-control": "no-store",
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
}  # fmt: skip


def add_sources(app: "FastAPI", engine: "Engine") -> None:
    """Add the routes. A document that is not indexed is 404, with a word for the reader."""
    from fastapi import Query, Request, Response

    _add_files(app, engine)  # first: a picture's address is also one of a page
    Offset = Annotated[int, Query(ge=-1, le=2**40)]
    Page = Annotated[int, Query(ge=0, le=100_000)]
    Sum = Annotated[str, Query(max_length=64)]

    def known(request: Request, doc_id: str) -> tuple[Document, Origin] | None:
        own = _seen(engine, request)
        document, origin = own.document(doc_id), own.origin(doc_id)
        return (document, origin) if document and origin else None

    @app.get("/source/{doc_id}")
    def view(
        request: Request, doc_id: str, start: Offset = -1, end: Offset = -1, sum: Sum = "", page: Page = 0,
        lang: Language = "zh",
    ) -> Response:  # fmt: skip
        if (found := known(request, doc_id)) is None:
            return _absent(lang)
        span = cited_span(found[0], start, end, sum)
        return _piece(view_html(*found, original(found[1]), span, start >= 0, page or None, lang))

    @app.get("/source/{doc_id}/text")
    def more(
        request: Request, doc_id: str, at: Offset, side: Literal["before", "after"], start: Offset = -1, end: Offset = -1,
        sum: Sum = "", lang: Language = "zh",
    ) -> Response:  # fmt: skip
        if (document := _seen(engine, request).document(doc_id)) is None:
            return _absent(lang)
        return _piece(more_html(document, max(0, at), side, cited_span(document, start, end, sum), lang))

    @app.get("/source/{doc_id}/page/{number}")
    def page_(
        request: Request, doc_id: str, number: int, start: Offset = -1, end: Offset = -1, sum: Sum = "",
        cited: Page = 0, lang: Language = "zh",
    ) -> Response:  # fmt: skip
        if (found := known(request, doc_id)) is None:
            return _absent(lang)
        try:
            return _piece(leaf_html(*found, number, cited, cited_span(found[0], start, end, sum), lang))
        except UnreadableFileError:
            return _notice(words(lang, "page_unreadable"), 200)


def _seen(engine: "Engine", request: "Request") -> "Engine":
    return engine_for(engine, caller_in(request.scope))


def _add_files(app: "FastAPI", engine: "Engine") -> None:
    from fastapi import Request, Response

    @app.get("/source/{doc_id}/page/{number}.png")
    def picture(request: Request, doc_id: str, number: int) -> Response:
        origin = _seen(engine, request).origin(doc_id)
        try:
            data = pdf_picture(origin, number) if origin else b""
        except UnreadableFileError:
            data = b""
        return _answer(
            data, "image/png", 200 if data else 404, {"cache-control": "private, max-age=86400", "vary": "cookie"}
        )

    @app.get("/source/{doc_id}/original")
    def file(request: Request, doc_id: str, lang: Language = "zh") -> Response:
        origin = _seen(engine, request).origin(doc_id)
        if origin is None:
            return _absent(lang)
        if _holds_more(engine, origin, caller_in(request.scope)):
            return _notice(words(lang, "original_gone").partition("；")[0].partition("; below")[0], 410)
        return _file(origin, original(origin), lang)


def _holds_more(engine: "Engine", origin: Origin, caller: Caller) -> bool:
    """Whether a document's file (an archive, a table of documents) holds, or held, others that the caller may not read."""
    if caller.collections is None or origin.entry.file == origin.entry.key:
        return False
    record = engine.files().get(origin.entry.file)
    if record is not None and record.hides:
        return True
    others = (entry for entry in engine.entries() if entry.file == origin.entry.file)
    return not all(caller.reads(entry.source.collection) for entry in others)


def _file(origin: Origin, now: Original, language: Language) -> "Response":
    """The bytes that were checked, shown by the browser only where it is a PDF or a picture. 410 for another file."""
    try:
        data = content(origin)
    except UnreadableFileError:
        state = "original_changed" if now.state == "changed" else "original_gone"
        return _notice(words(language, state).partition("；")[0].partition("; below")[0], 410)
    kind = INLINE.get(now.suffix, "application/octet-stream")
    way = "inline" if now.suffix in INLINE else "attachment"
    named = {"content-disposition": f"{way}; filename*=UTF-8''{quote(now.name, safe='', errors='replace')}"}
    return _answer(data, kind, 200, named)


def _absent(language: Language) -> "Response":
    return _notice(words(language, "not_indexed"), 404)


def _notice(text: str, status: int) -> "Response":
    html = f'<!doctype html><meta charset="utf-8"><p class="pq-note pq-warn">{escape(text)}</p>'
    return _answer(html.encode(), "text/html; charset=utf-8", status, {})


def _piece(html: str) -> "Response":
    return _answer(html.encode("utf-8", "replace"), "text/html; charset=utf-8", 200, {})


def _answer(body: bytes, kind: str, status: int, more: dict[str, str]) -> "Response":
    from fastapi import Response

    return Response(body, status, {**_OWN, **more}, media_type=kind)
