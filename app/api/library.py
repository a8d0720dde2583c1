"""The library's routes for the page's own script: files in, what becomes of them, the way back from a removal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.access.caller import ForbiddenError, caller_in
from app.library.work import Job
from app.types import Language
from app.ui.strings import words
from ingest.errors import PolicyQAError
from ingest.read import MAX_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

    from app.library.library import Library

MAX_NAME = 10_000  # characters of a name that are looked at
REMOVED = 20  # removals that are told of


def add_library(app: "FastAPI", library: "Library") -> None:
    """Add PUT /library/files, GET /library/work and POST /library/undo/ID."""
    from fastapi import Query, Request, Response
    from fastapi.responses import JSONResponse
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect

    @app.put("/library/files")
    async def add(
        request: Request,
        name: Annotated[str, Query(max_length=MAX_NAME)],
        lang: str = "zh",
        collection: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        caller = caller_in(request.scope)
        if not caller.may("editor"):  # before anything is read
            return _refused(403, words(_language(lang), "library_fixed"))
        too_large = words(_language(lang), "work_too_large", megabytes=MAX_BYTES // 1_000_000)
        if int(request.headers.get("content-length") or 0) > MAX_BYTES:
            return _refused(413, too_large)
        try:
            incoming = library.shelf.incoming(name)
            with incoming.open("wb") as file:
                async for piece in request.stream():
                    if file.tell() + len(piece) > MAX_BYTES:
                        library.shelf.refuse(incoming)
                        return _refused(413, too_large)
                    file.write(piece)
            job = await run_in_threadpool(library.seen_by(caller).add, incoming, collection)
        except ClientDisconnect:
            library.shelf.refuse(incoming)
            return _refused(400, "")  # to nobody
        except PolicyQAError as error:
            return _refused(
                403 if isinstance(error, ForbiddenError) else 422, words(_language(lang), "work_failed") + str(error)
            )
        except OSError as error:
            library.shelf.refuse(incoming)
            return _refused(507, words(_language(lang), "work_failed") + str(error.strerror))
        return JSONResponse({"id": job.id, "name": job.name})

    _add_work(app, library)


def _add_work(app: "FastAPI", library: "Library") -> None:
    from fastapi import Request, Response
    from fastapi.responses import JSONResponse

    @app.get("/library/work")
    def work(request: Request, lang: str = "zh") -> dict[str, Any]:
        language, own = _language(lang), library.seen_by(caller_in(request.scope))
        if not own.may_change():
            return {"jobs": [], "removed": []}
        removed = [{"id": one.id, "title": one.title} for one in own.removed()[:REMOVED]]
        return {"jobs": [_told(job, language) for job in own.jobs() if job.name], "removed": removed}

    @app.post("/library/undo/{removed_id}")
    def undo(request: Request, removed_id: str, lang: str = "zh") -> Response:
        try:
            own = library.seen_by(caller_in(request.scope))
            return JSONResponse(_told(own.undo(removed_id), _language(lang)))
        except ForbiddenError as error:
            return _refused(403, str(error))
        except PolicyQAError as error:
            return _refused(404, str(error))


def _refused(status: int, text: str) -> "Response":
    from fastapi.responses import JSONResponse

    return JSONResponse({"error": text}, status)


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"


def _told(job: Job, language: Language) -> Mapping[str, Any]:
    """What a page shows of a job: text to be set as text."""
    said = words(language, "work_join").join(words(language, key, **values) for key, values in job.said)
    share = job.done / job.total if job.total else None
    return {
        "id": job.id, "name": job.name, "state": job.state, "share": share, "text": said + job.reason, "undo": job.removed,
    }  # fmt: skip
