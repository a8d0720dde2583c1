"""`policyqa serve` as a process of its own on a free port of the loopback, for tests of its start and its end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from chroma_server import free_port

REPO = Path(__file__).resolve().parent.parent


class Served:
    """A running server; `end` it with a signal, and read what it wrote."""

    def __init__(self, folder, store, program=("-m", "app"), **env):
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        self.client = httpx.Client(base_url=self.address, timeout=60, trust_env=False)
        self._err = (folder / f"stderr-{port}.txt").open("w+", encoding="utf-8")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("POLICYQA_", "OTEL_"))}
        self.process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", str(port), "--store", str(store)],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=self._err,
            env={**clean, "PYTHONPATH": str(REPO), "POLICYQA_LIBRARY": str(folder / "library"),
                 "POLICYQA_HISTORY": "off", "POLICYQA_LOG": "json", **env},
        )  # fmt: skip

    def __enter__(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if self.client.get("/readyz").status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            assert self.process.poll() is None, self.wrote()
            time.sleep(0.1)
        raise AssertionError("the server does not get ready: " + self.wrote())

    def __exit__(self, *_):
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._err.close()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def code(self, seconds=60):
        return self.process.wait(seconds)

    def wrote(self):
        return Path(self._err.name).read_text(encoding="utf-8")

    def lines(self, event=None):
        rows = [json.loads(line) for line in self.wrote().splitlines() if line.startswith("{")]
        return [row for row in rows if event in (None, row["event"])]


def events_of(response):
    """(name, data) of the server-sent events of a streamed response, as they come."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])
