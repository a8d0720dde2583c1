"""What is counted, for Prometheus. Every label has few values: routes as they are declared, known reasons, known states."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from app.asked import Asked
from ingest.summary import Summary

if TYPE_CHECKING:
    from app.engine import Engine

TYPE = "text/plain; version=0.0.4; charset=utf-8"
REFUSED = frozenset((429, 503))
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_ANSWER = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 120)
_STAGE = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Meters:
    """The counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
        from prometheus_client.gc_collector import GCCollector
        from prometheus_client.process_collector import ProcessCollector

        disable_created_metrics()  # type: ignore[no-untyped-call]  # else every counter is two series
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)  # type: ignore[no-untyped-call]

        def make(kind: Any, name: str, told: str, labels: tuple[str, ...] = (), **more: Any) -> Any:
            return kind(f"policyqa_{name}", told, labels, registry=self.registry, **more)

        self._gauge = partial(make, Gauge)
        self._requests = make(Counter, "requests", "Requests by declared route", ("method", "route", "status"))
        self._request_seconds = make(Histogram, "request_seconds", "Time of a request", ("route",), buckets=_ANSWER)
        self._refused = make(Counter, "refused", "Requests told to come back later", ("status",))
        self._asking = make(Gauge, "answers_in_progress", "Questions being answered")
        self._answers = make(Counter, "answers", "Questions by their end", ("result",))
        self._abstained = make(Counter, "abstentions", "Answers that abstain, by reason", ("reason",))
        self._seconds = make(Histogram, "answer_seconds", "From question to answer", buckets=_ANSWER)
        self._stages = make(Histogram, "stage_seconds", "Time of one step of answering", ("stage",), buckets=_STAGE)
        self._dropped = make(Counter, "verifier_refusals", "Sentences of a model left out, by reason", ("reason",))
        self._llm = make(Counter, "llm_requests", "Questions put to a language model, by result", ("result",))
        self._llm_seconds = make(Histogram, "llm_seconds", "Time that a language model took", buckets=_ANSWER)
        self._tokens = make(Counter, "llm_tokens", "Tokens by kind", ("kind",))
        self._documents = make(Counter, "ingest_documents", "Documents read, by what became of them", ("change",))
        self._chunks = make(Counter, "ingest_chunks", "Passages written")
        self._jobs = make(Counter, "jobs", "Jobs of the library by their end", ("state",))

    def watch(self, name: str, told: str, look: Callable[[], float]) -> None:
        """Have a number looked up whenever the metrics are read."""
        self._gauge(name, told).set_function(look)

    def watch_store(self, engine: "Engine") -> None:
        """Have the size of an engine's store looked up."""
        self.watch("store_documents", "Documents in the index", lambda: float(engine.describe()["documents"]))
        self.watch("store_chunks", "Passages in the index", lambda: float(engine.describe()["chunks"]))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)
        if status in REFUSED and route != "/readyz":  # a probe is no caller
            self._refused.labels(str(status)).inc()

    def asking(self) -> None:
        """Count a question that has begun."""
        self._asking.inc()

    def asked(self, asked: Asked) -> None:
        """Count a question that has ended."""
        self._asking.dec()
        for span in asked.spans:
            self._stages.labels(span.name).observe(span.seconds)
            if span.name == "generate":
                self._llm_seconds.observe(span.seconds)
        if asked.model:
            self._llm.labels(asked.model).inc()
        answer = asked.answer
        if answer is None:
            self._answers.labels("left" if asked.error == "left" else "failed").inc()
            return
        self._seconds.observe(asked.seconds)
        self._answers.labels("abstained" if answer.abstained else "answered").inc()
        if answer.abstained:
            self._abstained.labels(answer.abstain_reason or "other").inc()
        for dropped in answer.dropped:
            self._dropped.labels(dropped.reason).inc()
        if answer.usage is not None:
            self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
            self._tokens.labels("completion").inc(answer.usage.completion_tokens)

    def ingested(self, summary: Summary) -> None:
        """Count files that have been read."""
        changes = {
            "added": summary.added, "updated": summary.updated, "unchanged": summary.unchanged,
            "removed": summary.removed, "failed": len(summary.skipped),
        }  # fmt: skip
        for change, count in changes.items():
            self._documents.labels(change).inc(count)
        self._chunks.inc(summary.chunks)

    def job(self, state: str) -> None:
        """Count a job of the library that has ended."""
        self._jobs.labels(state).inc()

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))


def serve_metrics(meters: Meters, host: str, port: int) -> Callable[[], None]:
    """Give the metrics on a port of their own; return what ends that. Raises OSError where the port cannot be had."""
    from prometheus_client import start_http_server

    server, thread = start_http_server(port, host, meters.registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return stop
