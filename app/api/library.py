"""The library's routes for the page's own script: files in, what becomes of them, the way back from a removal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.library.work import Job
from app.types import Language
from app.ui.strings import words
from ingest.errors import PolicyQAError
from ingest.read import MAX_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.library.library import Library

MAX_NAME = 10_000  # characters of a name that are looked at
REMOVED = 20  # removals that are told of


def add_library(app: "FastAPI", library: "Library") -> None:
    """Add PUT /library/files, GET /library/work and POST /library/undo/ID."""
    from fastapi import Query, Request
    from fastapi.responses import JSONResponse
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect

    def refused(status: int, text: str) -> JSONResponse:
        return JSONResponse({"error": text}, status)

    @app.put("/library/files")
    async def add(request: Request, name: Annotated[str, Query(max_length=MAX_NAME)], lang: str = "zh") -> JSONResponse:
        too_large = words(_language(lang), "work_too_large", megabytes=MAX_BYTES // 1_000_000)
        if int(request.headers.get("content-length") or 0) > MAX_BYTES:
            return refused(413, too_large)
        try:
            incoming = library.shelf.incoming(name)
            with incoming.open("wb") as file:
                async for piece in request.stream():
                    if file.tell() + len(piece) > MAX_BYTES:
                        library.shelf.refuse(incoming)
                        return refused(413, too_large)
                    file.write(piece)
            job = await run_in_threadpool(library.add, incoming)
        except ClientDisconnect:
            library.shelf.refuse(incoming)
            return refused(400, "")  # to nobody
        except PolicyQAError as error:
            return refused(422, words(_language(lang), "work_failed") + str(error))
        except OSError as error:
            library.shelf.refuse(incoming)
            return refused(507, words(_language(lang), "work_failed") + str(error.strerror))
        return JSONResponse({"id": job.id, "name": job.name})

    @app.get("/library/work")
    def work(lang: str = "zh") -> dict[str, Any]:
        language = _language(lang)
        removed = [{"id": one.id, "title": one.title} for one in library.removed()[:REMOVED]]
        return {"jobs": [_told(job, language) for job in library.jobs() if job.name], "removed": removed}

    @app.post("/library/undo/{removed_id}")
    def undo(removed_id: str, lang: str = "zh") -> JSONResponse:
        try:
            return JSONResponse(_told(library.undo(removed_id), _language(lang)))
        except PolicyQAError as error:
            return refused(404, str(error))


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"


def _told(job: Job, language: Language) -> Mapping[str, Any]:
    """What a page shows of a job: text to be set as text."""
    said = words(language, "work_join").join(words(language, key, **values) for key, values in job.said)
    share = job.done / job.total if job.total else None
    return {
        "id": job.id, "name": job.name, "state": job.state, "share": share, "text": said + job.reason, "undo": job.removed,
    }  # fmt: skip
