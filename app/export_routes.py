"""/export/ID.md and /export/ID.docx: a conversation, or one answer by its replay id, as an evidence pack of its owner."""

import re
from typing import TYPE_CHECKING

from app.access.caller import caller_in
from app.api.work import engine_for

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.engine import Engine
    from app.history.book import History

_EXPORTED = re.compile(r"([cr][0-9a-f]{16})\.(md|docx)")


def add_export(app: "FastAPI", engine: "Engine", book: "History", guarded: bool) -> None:
    """Add the route; where access is checked (`guarded`) everyone has their own conversations and no other."""
    from fastapi import HTTPException, Request, Response

    from app.history.replay import own_history
    from app.pack.export import TYPES, as_bytes, make_pack

    @app.get("/export/{name}")
    def exported(name: str, request: Request) -> Response:
        caller = caller_in(request.scope)
        seen = engine_for(engine, caller)
        own = own_history(engine, book, caller) if guarded else book
        match = _EXPORTED.fullmatch(name)
        pack = make_pack(own, match[1], lambda ids: {i: seen.document(i) for i in ids}) if match else None
        if match is None or pack is None:
            raise HTTPException(404)
        return Response(
            as_bytes(pack, match[2]),
            media_type=TYPES[match[2]],
            headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
        )
