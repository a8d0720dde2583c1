"""Traces of questions by OpenTelemetry: one span a question, one a step in it. Off unless a receiver is configured.

The spans are made from the times that app.asked has counted, when the question has ended. The provider is ours alone:
nothing that another library measures goes out with it. No words of a question, document or answer are in them.
"""

import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from app.asked import Asked
from app.operations.options import Operating
from ingest.errors import MissingPartError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXTRA = "pip install 'policyqa[otel]'"
_LAST_SENDING = 2.0  # seconds; the exporter's own bound is half a minute
_BILLION = 1_000_000_000


def missing() -> MissingPartError:
    """Return what is told where the extra is not installed."""
    return MissingPartError("发送追踪数据需要 OpenTelemetry", EXTRA)


def open_traces(operating: Operating, exporter: "SpanExporter | None" = None) -> "Traces | None":
    """Return what sends traces; None where no receiver is configured. Raises MissingPartError without the extra."""
    if not operating.otel and exporter is None:
        return None
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise missing() from error
    named = Resource.create()  # reads OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    if str(named.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        named = named.merge(Resource({SERVICE_NAME: "policyqa"}))
    provider = TracerProvider(resource=named.merge(Resource({"service.version": _version()})), shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=operating.otel)))
    return Traces(provider)


class Traces:
    """Sends what was asked, step by step."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("policyqa")

    def asked(self, asked: Asked, headers: Mapping[str, str], request_id: str) -> None:
        """Send one question that has ended, under the trace that its request belongs to (`traceparent`), if any."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        def at(seconds: float) -> int:
            return int((asked.began + seconds) * _BILLION)

        parent = TraceContextTextMapPropagator().extract(dict(headers))
        facts = {"policyqa.request_id": request_id, **_facts(asked)}
        root = self._tracer.start_span("question", parent, SpanKind.SERVER, attributes=facts, start_time=at(0))
        within = set_span_in_context(root)
        for span in asked.spans:
            more = _facts_of_model(asked) if span.name == "generate" else {}
            child = self._tracer.start_span(span.name, within, attributes=more, start_time=at(span.began))
            if span.name == "generate" and asked.model == "failed":
                child.set_status(Status(StatusCode.ERROR))
            child.end(at(span.began + span.seconds))
        if asked.error:
            root.set_status(Status(StatusCode.ERROR, asked.error))
        root.end(at(asked.seconds))

    def close(self) -> None:
        """Send what waits, and end; a receiver that does not answer is not waited for."""
        sending = threading.Thread(target=self._provider.shutdown, name="policyqa-traces", daemon=True)
        sending.start()
        sending.join(_LAST_SENDING)


def _facts(asked: Asked) -> dict[str, Any]:
    answer = asked.answer
    if answer is None:
        return {"policyqa.error": asked.error}
    return {
        "policyqa.abstained": answer.abstained, "policyqa.abstain_reason": answer.abstain_reason,
        "policyqa.sentences": len(answer.sentences), "policyqa.citations": len(answer.citations),
        "policyqa.figures": len(answer.figures), "policyqa.dropped": len(answer.dropped),
        "policyqa.model": answer.model if asked.model == "used" else "extractive",
    }  # fmt: skip


def _facts_of_model(asked: Asked) -> dict[str, Any]:
    """The attributes that OpenTelemetry has names for."""
    usage = asked.answer.usage if asked.answer else None
    if usage is None:
        return {"policyqa.llm": asked.model}
    return {
        "policyqa.llm": asked.model, "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens, "policyqa.llm.attempts": usage.attempts,
        "policyqa.evidence": usage.evidence, "policyqa.kept": usage.kept,
    }  # fmt: skip


def _version() -> str:
    try:
        return version("policyqa")
    except PackageNotFoundError:
        return "source"
