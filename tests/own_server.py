"""`policyqa serve` in a process of its own, to be killed: its store, library and history in one folder, on a free port of loopback."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from chroma_server import free_port

REPO = Path(__file__).resolve().parent.parent
PLACES = "贵州省 湖南省 甘肃省 江西省 云南省 山西省 青海省 海南省 河北省 福建省 安徽省 吉林省".split()
NEVER = {"waiting", "running"}


def article(number, filler=0):
    """A document of its own, and what is asked of it and has to be in the answer."""
    place, rate = PLACES[number % len(PLACES)], 11 + number
    more = "".join(
        f"第{n + 2}条 {place}第{number * 1000 + n}号窗口受理第{number}类事项，由第{n * 7 + number}科承办。\n\n"
        for n in range(filler)
    )
    title = f"{place}第{number}号算力券办法"
    text = (
        f"# {title}\n\n{place}人民政府\n2024年3月1日\n\n第一条 {title}对企业的补贴比例为合同金额的{rate}%。\n\n{more}"
    )
    return f"{number:03d}.md", text, f"{title}的补贴比例是多少", f"{rate}%"


def own_cache(folder):
    """A cache folder of one client's own, so that its mirror is; the model in it is the user's."""
    from ingest.cache import default_cache_dir
    from ingest.model import MODEL_NAME, ensure_bundled_model

    cache = Path(folder) / "cache"
    cache.mkdir(parents=True)
    (cache / MODEL_NAME).symlink_to(ensure_bundled_model(default_cache_dir()), target_is_directory=True)
    return str(cache)


class OwnServer:
    """`start` it, `kill` it (-9) or `stop` it, start it again; the folder outlives it."""

    def __init__(self, folder, store=None, port=0, **environment):
        self.folder, self.port = Path(folder), port or free_port()
        self.url, self.process = f"http://127.0.0.1:{self.port}", None
        plain = {n: v for n, v in os.environ.items() if n == "POLICYQA_CACHE" or not n.startswith("POLICYQA_")}
        self.store = str(store or self.folder / "store")
        self.environment = {
            **plain,
            "POLICYQA_STORE": self.store,
            "POLICYQA_HISTORY": str(self.folder / "history.sqlite3"),
            "POLICYQA_LIBRARY": str(self.folder / "library"),
            **environment,
        }
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def run(self, *arguments):
        """One command beside the server, with its settings."""
        return subprocess.run(
            [sys.executable, "-m", "app", *map(str, arguments)], cwd=REPO, env=self.environment, capture_output=True,
            text=True, encoding="utf-8", timeout=300,
        )  # fmt: skip

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=REPO, env=self.environment, stdout=log, stderr=log)
        self.ready()
        return self

    def ready(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(httpx.HTTPError):
                if self.client.get("/readyz").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"never ready: {self.log()}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def log(self):
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def ask(self, question):
        return self.client.post("/v1/ask", json={"question": question})

    def add(self, name, text):
        """Upload; the job's id once the file is accepted."""
        reply = self.client.put("/v1/files", params={"name": name}, content=text.encode())
        return reply.json()["jobs"][0]["id"] if reply.status_code == 202 else reply

    def settled(self, seconds=240):
        """Wait until no job is left; return how they ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            jobs = self.client.get("/v1/jobs").json()["jobs"]
            if not any(job["state"] in NEVER for job in jobs):
                return {job["id"]: job for job in jobs}
            time.sleep(0.1)
        raise AssertionError("the library never settles")

    def document_text(self, doc_id):
        reply = self.client.get(f"/v1/documents/{doc_id}", params={"text": "1"}).json()
        return reply["text"]["text"]

    def holds(self, number):
        """The document is listed, found and verifiable: the answer says its figure and quotes its text verbatim."""
        _, _, question, said = article(number)
        reply = self.ask(question)
        assert reply.status_code == 200, reply.text
        answer = reply.json()
        assert said in answer["answer"], (question, said, answer["answer"])
        cited = [c for c in answer["citations"] if said in c["quote"]]
        assert cited, answer["citations"]
        for citation in cited:
            text = self.document_text(citation["doc_id"])
            assert text[citation["start"] : citation["end"]] == citation["quote"]


@contextlib.contextmanager
def own_server(folder, **options):
    server = OwnServer(folder, **options)
    try:
        yield server
    finally:
        server.kill()
        server.client.close()
