"""Local stand-ins for model servers: real sockets, scripted behaviour."""

import contextlib
import json
import socket
import threading
import time


@contextlib.contextmanager
def serving(behave):
    """A socket on loopback; `behave(connection, stopped)` runs for each client in a thread of its own."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)

        def accept():
            while not stopped.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    threading.Thread(target=behave, args=(connection, stopped), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        stopped.set()
        thread.join()


def read_request(connection):
    """(head, parsed body) of one HTTP request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 << 16)
        if not piece:
            return "", {}
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head.decode("latin-1"), json.loads(body or b"{}")


def chunk(content=None, usage=None, **delta):
    """One server-sent event of a streamed completion."""
    if content is not None:
        delta["content"] = content
    row = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    row["choices"] = [{"index": 0, "delta": delta}] if delta else []
    if usage:
        row["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return f"data: {json.dumps(row, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Scripted:
    """A server that streams `events` (bytes, or a function of the request's body that returns them) and keeps requests."""

    def __init__(self, *events, statuses=(), forever=None, reset=False):
        self.events, self.statuses, self.forever, self.reset = events, list(statuses), forever, reset
        self.requests, self.heads, self.sent = [], [], 0
        self.gone = threading.Event()  # set once the client has hung up

    def __call__(self, connection, stopped):
        with connection, contextlib.suppress(OSError):
            head, body = read_request(connection)
            self.heads.append(head)
            self.requests.append(body)
            if self.statuses:
                status, headers, text = self.statuses.pop(0)
                if status:
                    data = text.encode()
                    connection.sendall(
                        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}"
                        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
                        + data
                    )
                    return
            connection.sendall(HEAD)
            for event in self.events:
                connection.sendall(event(body) if callable(event) else event)
            if self.reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            until = time.monotonic() + 30
            while self.forever is not None and not stopped.wait(0.05) and time.monotonic() < until:
                try:
                    connection.sendall(self.forever)
                    self.sent += 1
                except OSError:
                    self.gone.set()
                    return


def silent(connection, stopped):
    """Accept and say nothing."""
    with connection:
        stopped.wait(30)


def cite(body, part, text):
    """`text` with the marker of the source line that holds `part`, as a good model would write it."""
    lines = body["messages"][1]["content"].splitlines()
    number = next(line[1 : line.index("]")] for line in lines if line.startswith("[") and part in line)
    return chunk(f"{text}[{number}]。")
