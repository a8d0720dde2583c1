"""The whole server with access checked, over small stores, for tests: accounts, keys, and a tab of the page without a browser."""

import json
import re
from contextlib import ExitStack, closing, contextmanager

import httpx
from api_server import served
from small_embedder import SmallEmbedder

from app.access import accounts, keys, sessions
from app.access.gate import COOKIE
from app.access.ledger import Ledger
from app.access.opening import Access
from app.engine import Engine
from app.history.book import History
from app.library.library import Library
from app.library.shelf import Shelf
from app.server import build_app
from ingest.pipeline import ingest_paths
from ingest.store import open_store

EMBEDDER = SmallEmbedder()
PEOPLE = {  # name: role, collections
    "reader": ("reader", ()), "editor": ("editor", ()), "other": ("editor", ()), "inside": ("editor", ("密",)),
    "admin": ("admin", ("*",)),
}  # fmt: skip


class Server:
    """A running server; `ask` is a request as someone, by their key."""

    def __init__(self, address, app, engine, book, library, ledger):
        self.address, self.app, self.engine, self.book, self.library = address, app, engine, book, library
        self.ledger = ledger
        self.keys = {name: keys.make_key(ledger, name) for name in PEOPLE}

    def ask(self, who, method, path, **more):
        headers = {"authorization": f"Bearer {self.keys[who]}", **more.pop("headers", {})}
        return httpx.request(method, self.address + path, headers=headers, timeout=60, **more)

    def cookie(self, who):
        return {COOKIE: sessions.begin(self.ledger, who)}


def stored(folder, *batches):
    """A store of (folder of documents, collection) batches."""
    with open_store(folder, EMBEDDER.name, EMBEDDER.dimension, writable=True) as store:
        for documents, collection in batches:
            ingest_paths([str(documents)], store, EMBEDDER, collection=collection)
    return folder


@contextmanager
def guarded(store, folder):
    """The server over a store, everything else of it in `folder`."""
    with ExitStack() as opened:
        ledger = opened.enter_context(closing(Ledger(folder / "accounts.sqlite3")))
        for name, (role, granted) in PEOPLE.items():
            accounts.add(ledger, name, accounts.NOBODY_SIGNS_IN, role, accounts.granted(granted))
        engine = Engine(opened.enter_context(open_store(store, EMBEDDER.name, EMBEDDER.dimension)), EMBEDDER)
        book = opened.enter_context(closing(History(folder / "history.sqlite3")))
        library = opened.enter_context(closing(Library(engine, Shelf(folder / "library"))))
        app = build_app(engine, True, book, library, None, Access(ledger))
        app.state.readiness.warm()
        address = opened.enter_context(served(app))
        yield Server(address, app, engine, book, library, ledger)


class Tab:
    """The page as a browser's tab uses it: every handler can be called, and what comes back is kept as text."""

    def __init__(self, server, who, name):
        self.client = httpx.Client(base_url=server.address, cookies=server.cookie(who), timeout=60)
        self.client.headers["sec-fetch-site"] = "same-origin"
        self.config = self.client.get("/config").json()
        self.name, self.said = name, [self.client.get("/").text, json.dumps(self.config, ensure_ascii=False)]
        self.parts = {c["id"]: c for c in self.config["components"]}

    def call(self, dependency, values, event=None):
        """Call a handler with values by elem_id; return the text of all that the server says."""
        props = [self.parts[i]["props"] for i in dependency["inputs"]]
        data = [values.get(p.get("elem_id"), p.get("value")) for p in props]
        told = {"data": data, "fn_index": dependency["id"], "session_hash": self.name, "event_data": event}
        joined = self.client.post("/gradio_api/queue/join", json=told)
        assert joined.status_code == 200, joined.text
        lines = []
        with self.client.stream("GET", f"/gradio_api/queue/data?session_hash={self.name}") as events:
            for line in events.iter_lines():
                lines.append(line)
                if '"process_completed"' in line or '"close_stream"' in line or '"unexpected_error"' in line:
                    break
        text = json.dumps([json.loads(x[5:]) for x in lines if x.startswith("data:")], ensure_ascii=False)
        self.said.append(text)
        return text

    def of(self, elem_id, event):
        """The handlers of an element's event; "" for the page's own."""
        ids = {i for i, part in self.parts.items() if part["props"].get("elem_id") == elem_id}
        return [
            d for d in self.config["dependencies"]
            if d["backend_fn"] and any(e == event and (i in ids or not elem_id) for i, e in d["targets"])
        ]  # fmt: skip

    def everything(self, values, event=None):
        """Call every handler of the page once."""
        for dependency in self.config["dependencies"]:
            if dependency["backend_fn"]:
                self.call(dependency, values, event)
        return "\n".join(self.said)


def scrubbed(text):
    """A text without what differs from run to run: ids, times, durations."""
    text = re.sub(r"[cr][0-9a-f]{16}|chatcmpl-[0-9a-f]+|\b1[0-9]{9}\b", "ID", text)
    text = re.sub(r'"timings_ms": ?\{[^}]*\}', "TIMES", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+", "WHEN", text)
