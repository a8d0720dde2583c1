"""A real Chroma server for tests: `chroma run` on a free port of the loopback, in a folder of its own."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class ChromaServer:
    """`start` it, `stop` it by its own pid; its folder outlives it."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        program = Path(sys.executable).parent / "chroma"
        command = [str(program) if program.exists() else shutil.which("chroma"), "run"]
        self.process = subprocess.Popen(
            [*command, "--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/api/v2/heartbeat", timeout=2).status_code == 200:
                    return self
            assert self.process.poll() is None, "chroma run has ended"
            time.sleep(0.05)
        self.stop()
        raise AssertionError("chroma run does not answer")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def empty(self):
        """Delete every collection."""
        import chromadb

        client = chromadb.HttpClient("127.0.0.1", self.port)
        for collection in client.list_collections():
            client.delete_collection(collection.name)
        client.close()
