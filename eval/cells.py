"""The cells of a grid: which pipelines are compared, from names and values as they are typed."""

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from app.retrieval.thresholds import Thresholds
from app.settings import Settings, load_settings
from eval.pipeline import FUSIONS, Pipeline
from ingest.errors import InputError
from ingest.text.split import CHUNK_SIZE, ChunkSize

# What a grid without --set compares, one thing at a time against the first of each: the project's own choices.
USUAL = {
    "fusion": ("adaptive", "dense", "words", "rrf"),
    "rerank": ("late", "none"),
    "chunk": (str(CHUNK_SIZE), "160/280", "600/900"),
}
_THRESHOLDS = tuple(field.name for field in fields(Thresholds))
NAMES = ("embed", "fusion", "rerank", "chunk", "llm", *_THRESHOLDS)
Values = Mapping[str, tuple[str, ...]]  # name -> its values, the first being the one compared against


@dataclass(frozen=True, slots=True)
class Cell:
    """One pipeline of a grid. `name` says what it has of its own; `choices` are its values as typed."""

    name: str
    choices: tuple[tuple[str, str], ...]
    settings: Settings
    pipeline: Pipeline


def read_values(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read NAME=V1,V2 of --set. Raises InputError for a name that is not one or has no value, or comes twice."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, _, listed = text.partition("=")
        values = tuple(dict.fromkeys(part.strip() for part in listed.replace("，", ",").split(",") if part.strip()))
        name = name.strip()
        if name not in NAMES:
            raise InputError(f"--set {text}：没有这一项 {name}", f"可用：{'、'.join(NAMES)}")
        if not values or name in found:
            raise InputError(f"--set {text}：{'没有取值' if not values else '同一项写了两次'}", "写作 名=值1,值2")
        found[name] = values
    return found


def make_cells(values: Values, settings: Settings, one_at_a_time: bool) -> list[Cell]:
    """Return the cells, the one with the first value of everything first: every combination, or one change at a time.

    Raises InputError for a value that can be none. Whether a model is here is found out when it is needed.
    """
    first = {name: options[0] for name, options in values.items()}
    if one_at_a_time:
        changes = [{name: value} for name, options in values.items() for value in options[1:]]
        chosen = [first, *(first | change for change in changes)]
    else:
        chosen = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
    varied = {name for name, options in values.items() if len(options) > 1}
    return [_cell(choices, first, varied, settings) for choices in chosen]


def _cell(choices: Mapping[str, str], first: Mapping[str, str], varied: set[str], settings: Settings) -> Cell:
    own = [f"{name}={choices[name]}" for name in choices if name in varied and choices[name] != first[name]]
    base = [f"{name}={value}" for name, value in first.items()]
    return Cell(" ".join(own or base) or "默认", tuple(choices.items()), *_made(choices, settings))


def _made(choices: Mapping[str, str], settings: Settings) -> tuple[Settings, Pipeline]:
    if "embed" in choices:
        settings = replace(settings, embed_model=choices["embed"])
    if "rerank" in choices:
        settings = replace(settings, rerank=choices["rerank"])
    if "llm" in choices:
        settings = _with_llm(settings, choices["llm"])
    fusion = choices.get("fusion", "adaptive")
    if fusion not in FUSIONS:
        raise InputError(f"没有融合方式 {fusion}", f"可用：{'、'.join(FUSIONS)}")
    numbers = {name: _share(name, choices[name]) for name in _THRESHOLDS if name in choices}
    size = _size(choices["chunk"]) if "chunk" in choices else CHUNK_SIZE
    return settings, Pipeline(fusion, size, replace(Thresholds(), **numbers))


def _with_llm(settings: Settings, value: str) -> Settings:
    """none; set (what the environment configures); or a preset's name or model file, as POLICYQA_LLM takes them."""
    if value == "set":
        if not settings.has_llm:
            raise InputError("llm=set：没有配置大模型", "设置 POLICYQA_LLM，或写 llm=预设名或 .gguf 文件")
        return settings
    other = load_settings({**os.environ, "POLICYQA_LLM": value} if value != "none" else {})
    theirs: dict[str, Any] = {
        field.name: getattr(other, field.name) for field in fields(Settings) if field.name.startswith("llm_")
    }
    return replace(settings, **theirs)


def _size(value: str) -> ChunkSize:
    target, _, limit = value.partition("/")
    if target.isdecimal() and limit.isdecimal() and 40 <= int(target) <= int(limit) <= 5000:
        return ChunkSize(int(target), int(limit))
    raise InputError(f"chunk={value} 无效", "写作 目标/上限，例如 320/480")


def _share(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InputError(f"{name}={value} 不是数字") from error
