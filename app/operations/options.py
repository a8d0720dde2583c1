"""What an operator can set: POLICYQA_LOG*, POLICYQA_METRICS*, POLICYQA_OTEL, POLICYQA_GRACE."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ingest.errors import InputError

Form = Literal["", "json", "text", "off"]
_FORMS: Mapping[str, Form] = {"": "", "json": "json", "text": "text", "off": "off"}
LEVELS = ("debug", "info", "warning", "error")
LOOPBACK = "127.0.0.1"
GRACE = 20.0  # seconds
SIGNAL_URLS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")  # the standard's; the first wins


@dataclass(frozen=True, slots=True)
class Operating:
    """`log` "": as text where the server runs, none where a command does."""

    log: Form = ""
    log_level: str = "info"
    log_file: Path | None = None  # rotated; beside what goes to stderr
    log_questions: bool = False  # whether questions may stand in logs and traces
    metrics: bool = True  # whether /metrics is there
    metrics_port: int = 0  # a port of their own for the metrics; 0: none
    metrics_host: str = LOOPBACK
    otel: str = field(default="", repr=False)  # where traces go (OTLP over HTTP); "": nowhere
    otel_ours: bool = False  # whether that was set by a variable of ours
    grace: float = GRACE  # seconds that answers under way get at the end of the server


def load_operating(env: Mapping[str, str]) -> Operating:
    """Read the settings. Raises InputError for a value that cannot be used."""
    form = env.get("POLICYQA_LOG", "").strip().lower()
    if form not in _FORMS:
        raise InputError(f"POLICYQA_LOG={form} 无效", "可填 json、text 或 off")
    level = env.get("POLICYQA_LOG_LEVEL", "").strip().lower() or "info"
    if level not in LEVELS:
        raise InputError(f"POLICYQA_LOG_LEVEL={level} 无效", "可填 " + "、".join(LEVELS))
    file = env.get("POLICYQA_LOG_FILE", "").strip()
    otel, ours = _otel(env)
    return Operating(
        log=_FORMS[form],
        log_level=level,
        log_file=Path(file) if file else None,
        log_questions=env.get("POLICYQA_LOG_QUESTIONS", "").strip() == "1",
        metrics=env.get("POLICYQA_METRICS", "").strip().lower() != "off",
        metrics_port=int(_number(env, "POLICYQA_METRICS_PORT", 0, 65535)),
        metrics_host=env.get("POLICYQA_METRICS_HOST", "").strip() or LOOPBACK,
        otel=otel,
        otel_ours=ours,
        grace=_number(env, "POLICYQA_GRACE", GRACE, 3600),
    )


def _otel(env: Mapping[str, str]) -> tuple[str, bool]:
    """Where traces go, and whether a variable of ours says so. The standard's variables count unless ours says off."""
    own = env.get("POLICYQA_OTEL", "").strip()
    if own.lower() == "off" or env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "", False
    if own:
        if not own.startswith(("http://", "https://")):
            raise InputError(
                f"POLICYQA_OTEL={own} 不是网址", "填 OTLP 接收端的地址，例如 http://127.0.0.1:4318；或 off"
            )
        return own.rstrip("/") + "/v1/traces", True
    if env.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "otlp":
        return "", False
    whole, base = (env.get(name, "").strip() for name in SIGNAL_URLS)
    return whole or (base.rstrip("/") + "/v1/traces" if base else ""), False


def _number(env: Mapping[str, str], name: str, default: float, high: float) -> float:
    raw = env.get(name, "").strip()
    try:
        value = float(raw or default)
    except ValueError:
        value = -1.0
    if not 0 <= value <= high:
        raise InputError(f"{name}={raw} 无效", f"要 0 到 {high:g} 之间的数")
    return value
