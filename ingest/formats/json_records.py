"""Where in a JSON value the documents are: objects with a text, with articles, or under their titles; else its tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from ingest.formats.json_articles import holds_articles
from ingest.formats.record_parts import STRONG_TEXT, TEXT, is_known, is_title, key_of

_HAN = re.compile(r"[㐀-鿿]")
_LONG = 200  # Han characters of a text whose field has no telling name
_SHORT = 80  # characters: a text field shorter than that (median) is a cell
_SHARED = frozenset("issuer publisher source region 发布机构 发文机关 来源 地区".split())


@dataclass(frozen=True, slots=True)
class Record:
    """An object that is a document, and what its surroundings say of it."""

    value: dict[str, Any]
    above: dict[str, str]  # what the objects around it state for all of their records
    name: str = ""  # the key under which it stands, where that may be a title


def find_records(value: Any) -> Iterator[Record]:
    """Find the records: outermost objects with a text of their own, and what stands in one list with them."""
    yield from _found(value, {}, "", {})


def _found(value: Any, above: dict[str, str], name: str, judged: dict[int, bool]) -> Iterator[Record]:
    if isinstance(value, list):
        if holds_articles(value):
            yield Record({"articles": value}, above, name)
        elif 2 * sum(1 for entry in value if _is_record(entry, judged)) >= len(value) > 0:
            if not _is_table(value):  # else find_grids takes it
                yield from (Record(entry if isinstance(entry, dict) else {}, above) for entry in value)
        elif value and all(isinstance(entry, str) for entry in value) and count_han("".join(value)) >= _LONG:
            yield Record({"text": value}, above, name)
        else:
            for entry in value:
                yield from _found(entry, above, "", judged)
    elif isinstance(value, dict):
        if _is_record(value, judged):
            yield Record(value, above, name)
        elif _by_title(value):
            yield from (Record({"title": key, "text": text}, above) for key, text in value.items())
        else:
            around = above | {
                key if key_of(key) in _SHARED else f"{key}（文件）": inner
                for key, inner in value.items()
                if isinstance(inner, str) and inner
            }
            for key, inner in value.items():
                yield from _found(inner, around, key if count_han(key) else "", judged)


def _is_record(value: Any, judged: dict[int, bool]) -> bool:
    """Tell whether an object has a text of its own, or articles, or one object within it that has while it has facts.

    `judged` remembers by identity what was found: an object is asked for again by all that are around it.
    """
    if not isinstance(value, dict):
        return False
    if id(value) not in judged:
        judged[id(value)] = _has_text(value, judged)
    return judged[id(value)]


def _has_text(value: dict[str, Any], judged: dict[int, bool]) -> bool:
    if any(key_of(key) in TEXT and _is_text(inner) for key, inner in value.items()):
        return True
    if any(isinstance(inner, (list, dict)) and holds_articles(inner) for inner in value.values()):
        return True
    records = [inner for inner in value.values() if _is_record(inner, judged)]
    if len(records) == 1:
        return any(_states_facts(key, inner) for key, inner in value.items() if inner is not records[0])
    lists = (inner for inner in value.values() if isinstance(inner, list))
    if records or any(_is_record(entry, judged) for entries in lists for entry in entries):
        return False
    known = any(is_known(key) for key in value)
    return known and any(isinstance(inner, str) and count_han(inner) >= _LONG for inner in value.values())


def _is_table(entries: list[Any]) -> bool:
    """Tell rows with a column 内容 or text from documents: several flat objects without titles whose texts are short."""
    if len(entries) < 3 or not all(isinstance(entry, dict) and not nested(entry) for entry in entries):
        return False
    if any(is_title(key) or key_of(key) in STRONG_TEXT for entry in entries for key in entry):
        return False
    lengths = [
        max((len(as_text(text)) for key, text in entry.items() if key_of(key) in TEXT), default=0) for entry in entries
    ]
    return median(lengths) < _SHORT


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) for item in value)
    return isinstance(value, str) and bool(value.strip())


def _states_facts(key: str, value: Any) -> bool:
    return (
        any(is_known(inner) for inner in value) if isinstance(value, dict) else isinstance(value, str) and is_known(key)
    )


def _by_title(value: dict[str, Any]) -> bool:
    """Tell an object whose keys are titles and whose values are the texts."""
    if not all(isinstance(text, str) for text in value.values()) or any(is_known(key) for key in value):
        return False
    long = sum(1 for text in value.values() if count_han(text) >= _LONG)
    return long > 0 and 2 * long >= len(value)


def count_han(text: str) -> int:
    """Count the Han characters of a text."""
    return len(_HAN.findall(text))


def find_grids(value: Any, name: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Find lists of flat objects, and lists of lists with their column names beside them."""
    if isinstance(value, list):
        if len(value) > 1 and all(isinstance(entry, dict) and entry and not nested(entry) for entry in value):
            keys = list(dict.fromkeys(key for entry in value for key in entry))
            if len(keys) <= 500:
                yield name, [keys, *([as_text(entry.get(key)) for key in keys] for entry in value)]
                return
        if len(value) > 1 and all(isinstance(entry, list) and not nested(entry) for entry in value):
            yield name, [[as_text(cell) for cell in entry] for entry in value]
            return
        for number, entry in enumerate(value, 1):
            yield from find_grids(entry, f"{name}{number}")
    elif isinstance(value, dict):
        columns, rows = value.get("columns"), value.get("data")
        if isinstance(columns, list) and isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows):
            yield name, [[as_text(cell) for cell in row] for row in (columns, *rows)]
            return
        for key, inner in value.items():
            yield from find_grids(inner, f"{name}.{key}" if name else key)


def nested(value: Any) -> list[Any]:
    """Return the lists and objects right inside a list or an object."""
    items = value.values() if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, (list, dict))]


def as_text(value: Any) -> str:
    """Return a scalar as text, "" for null; numbers are strings already."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
