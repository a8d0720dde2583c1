"""/v1/documents, /v1/files and /v1/jobs: what is indexed, and changing it where the server has a library."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from app.access.caller import Caller, caller_in
from app.api.errors import ApiError, answer
from app.api.given import LISTED, MAX_PAGE, FetchIn, Into
from app.api.library import MAX_NAME
from app.api.shapes import DocumentsOut, DocumentWithText, JobOut, JobsOut
from app.api.strict import ROLE
from app.api.work import engine_for
from app.library.work import Job
from app.ui.strings import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Response

    from app.engine import Engine
    from app.library.library import Library

MAX_JOBS = 200  # that may wait; whoever adds more is told to come again
_EDITOR = {ROLE: "editor"}


def add_documents(app: "FastAPI", engine: "Engine", library: "Library | None") -> None:
    """Add the routes. Those that change something are there without a library too, and say so."""
    _add_reading(app, engine)
    _add_changing(app, engine, library)
    _add_uploads(app, library)


def _add_reading(app: "FastAPI", engine: "Engine") -> None:
    from fastapi import Query, Request

    @app.get("/documents", response_model=None, responses={200: {"model": DocumentsOut}}, summary="What is indexed")
    def documents(
        request: Request,
        offset: Annotated[int, Query(ge=0, le=2**40)] = 0,
        limit: Annotated[int, Query(ge=1, le=LISTED)] = 100,
    ) -> "Response":
        rows = engine_for(engine, caller_in(request.scope)).documents()
        following = offset + limit if offset + limit < len(rows) else None
        return answer({"documents": rows[offset : offset + limit], "total": len(rows), "next": following})

    @app.get(
        "/documents/{doc_id}",
        response_model=None,
        responses={200: {"model": DocumentWithText}},
        summary="One document's record, with `text=1` a piece of its cleaned text",
    )
    def document(
        request: Request,
        doc_id: str,
        text: Annotated[Literal["0", "1"], Query()] = "0",
        offset: Annotated[int, Query(ge=0, le=2**40, description="in characters")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20_000,
    ) -> "Response":
        return answer(read_document(engine_for(engine, caller_in(request.scope)), doc_id, text == "1", offset, limit))


def read_document(engine: "Engine", doc_id: str, with_text: bool, offset: int, limit: int) -> dict[str, Any]:
    """Return a document's record and a piece of its text. Raises ApiError (404)."""
    known = engine.document(doc_id)
    row = next((row for row in engine.documents() if row["doc_id"] == doc_id), None) if known else None
    if known is None or row is None:
        raise ApiError(404, "not_found", "没有这份资料", "用 GET /v1/documents 查看编号")
    told = {**row, "health_report": asdict(known.health)}
    if with_text:
        piece = known.text[offset : offset + limit]
        end = offset + len(piece)
        following = end if end < len(known.text) and piece else None
        told["text"] = {"start": offset, "end": end, "chars": len(known.text), "text": piece, "next": following}
    return told


def _add_changing(app: "FastAPI", engine: "Engine", library: "Library | None") -> None:
    from fastapi import Request

    accepted: Any = {202: {"model": JobsOut}}

    @app.post(
        "/documents", response_model=None, status_code=202, responses=accepted, openapi_extra=_EDITOR,
        summary="Fetch addresses and add them",
    )  # fmt: skip
    def fetch(request: Request, body: FetchIn, collection: Into = None) -> "Response":
        shelf = editable(library, caller_in(request.scope), adding=len(body.urls))
        return _accepted([shelf.fetch(url, collection) for url in body.urls])

    @app.delete(
        "/documents/{doc_id}", response_model=None, status_code=202, responses=accepted, openapi_extra=_EDITOR,
        summary="Take a document out",
    )  # fmt: skip
    def remove(request: Request, doc_id: str) -> "Response":
        shelf = editable(library, caller_in(request.scope), adding=1)
        if engine_for(engine, caller_in(request.scope)).entry(doc_id) is None:
            raise ApiError(404, "not_found", "没有这份资料", "用 GET /v1/documents 查看编号")
        return _accepted([shelf.remove(doc_id)])

    @app.get(
        "/jobs", response_model=None, responses={200: {"model": JobsOut}}, openapi_extra=_EDITOR,
        summary="Work on the library",
    )  # fmt: skip
    def jobs(request: Request) -> "Response":
        own = editable(library, caller_in(request.scope))
        return answer({"jobs": [job_of(job) for job in own.jobs() if job.name]})

    @app.get(
        "/jobs/{job_id}", response_model=None, responses={200: {"model": JobOut}}, openapi_extra=_EDITOR,
        summary="How far a job is",
    )  # fmt: skip
    def job(request: Request, job_id: str) -> "Response":
        own = editable(library, caller_in(request.scope))
        found = next((job for job in own.jobs() if job.id == job_id), None)
        if found is None:
            raise ApiError(404, "not_found", "没有这项任务", "很久以前结束的任务不再保留")
        return answer(job_of(found))


def _add_uploads(app: "FastAPI", library: "Library | None") -> None:
    from fastapi import Query, Request, UploadFile

    accepted: Any = {202: {"model": JobsOut}}

    @app.post(
        "/files", response_model=None, status_code=202, responses=accepted, openapi_extra=_EDITOR,
        summary="Add a file from a form (`file`)",
    )  # fmt: skip
    def upload(request: Request, file: UploadFile, collection: Into = None) -> "Response":
        shelf = editable(library, caller_in(request.scope), adding=1)
        with _incoming(shelf, file.filename or "") as incoming, incoming.open("wb") as kept:
            while piece := file.file.read(1 << 20):
                kept.write(piece)
        return _accepted([shelf.add(incoming, collection)])

    @app.put(
        "/files",
        response_model=None,
        status_code=202,
        responses=accepted,
        summary="Add a file that is the whole body",
        openapi_extra={
            **_EDITOR,
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            },
        },
    )
    async def put(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=MAX_NAME)], collection: Into = None
    ) -> "Response":
        from starlette.concurrency import run_in_threadpool

        shelf = editable(library, caller_in(request.scope), adding=1)
        with _incoming(shelf, name) as incoming, incoming.open("wb") as kept:
            async for piece in request.stream():
                kept.write(piece)
            if not kept.tell():
                raise ApiError(422, "unusable", "请求体是空的", "把文件作为请求体发送")
        return _accepted([await run_in_threadpool(shelf.add, incoming, collection)])


@contextlib.contextmanager
def _incoming(library: "Library", name: str) -> Iterator[Path]:
    """Give a fresh path for a file that comes in; cleared away where it does not come in whole. Raises ApiError (507)."""
    path = library.shelf.incoming(name)
    try:
        yield path
    except BaseException as error:
        library.shelf.refuse(path)
        if isinstance(error, OSError):
            raise ApiError(507, "no_room", "文件写不进去", "检查磁盘空间") from error
        raise


def editable(library: "Library | None", caller: Caller, adding: int = 0) -> "Library":
    """Return the library as a caller may change it, if it can be and has room for more work. Raises ApiError (403, 429)."""
    if library is None:
        raise ApiError(403, "read_only", "这个服务的资料库不能修改", "见 POLICYQA_LIBRARY")
    if adding and library.waiting() + adding > MAX_JOBS:
        raise ApiError(429, "busy", "等待处理的资料太多", "稍后再试", 10)
    return library.seen_by(caller)


def _accepted(jobs: list[Job]) -> "Response":
    return answer({"jobs": [job_of(job) for job in jobs]}, 202)


def job_of(job: Job) -> "Mapping[str, Any]":
    """Return a job as JSON."""
    said = words("zh", "work_join").join(words("zh", key, **values) for key, values in job.said)
    share = min(1.0, job.done / job.total) if job.total else None
    return {
        "id": job.id, "name": job.name, "state": job.state, "share": share, "message": said + job.reason, "removed": job.removed,
    }  # fmt: skip
