"""The API over the sample corpus, for tests: an app, its client, and a library that only notes what it is told."""

from contextlib import contextmanager

from app.build import open_engine
from app.library.shelf import Shelf
from app.library.work import Job
from app.server import build_app
from app.settings import Settings
from ingest.errors import InputError
from ingest.walk import is_address


class NotingLibrary:
    """Takes everything in, does nothing with it."""

    def __init__(self, folder):
        self.shelf = Shelf(folder)
        self.told = []

    def _note(self, what, name):
        self.told.append((what, name))
        job = Job(name or "?", id=f"{len(self.told):016x}", state="done")
        self._jobs = [*getattr(self, "_jobs", []), job][-50:]
        return job

    def listen(self, told):
        self.on_end = told

    def stop(self):
        pass

    def jobs(self):
        return getattr(self, "_jobs", [])

    def seen_by(self, caller):
        return self

    def may_change(self):
        return True

    def waiting(self):
        return sum(job.state in {"waiting", "running"} for job in self.jobs())

    def collections(self):
        return [""]

    def removed(self):
        return []

    def add(self, incoming, collection=None):
        data = incoming.read_bytes()
        self.shelf.refuse(incoming)
        return self._note("add", f"{incoming.name}:{len(data)}")

    def fetch(self, url, collection=None):
        if not is_address(url):
            raise InputError(f"这不是网址：{url[:80]}", "应以 http:// 或 https:// 开头")
        return self._note("fetch", url)

    def remove(self, doc_id):
        return self._note("remove", doc_id)


@contextmanager
def sample_app(store, folder, local_only=True, **settings):
    """The whole server's app over a store, its library in `folder`, warm."""
    with open_engine(Settings(store=store)) as engine:
        library = NotingLibrary(folder)
        app = build_app(engine, local_only, library=library, settings=Settings(store=store, **settings))
        app.state.readiness.warm()
        yield app, engine, library


@contextmanager
def served(app):
    """Address of an app on loopback, by a real server in a thread."""
    import threading
    import time

    import uvicorn

    from app.heads import bounded_protocol

    config = uvicorn.Config(
        app, port=0, http=bounded_protocol(), ws="none", log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
