"""JSON and JSON Lines: dumps of documents or laws, by general rules on names and shapes; else tables of facts."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.decode import decode
from ingest.formats.json_articles import article_lines, holds_articles
from ingest.formats.json_records import Record, as_text, count_han, find_grids, find_records, nested
from ingest.formats.record_parts import is_title, key_of, record_part
from ingest.formats.table_rows import MAX_ROWS, table_parts
from ingest.types import Part, Unread

MAX_RECORDS, MAX_DEPTH = 200_000, 40
_QUESTIONS, _ANSWERS = frozenset("question 问题 問題 问 q".split()), frozenset("answer 答案 回答 答复 答 a".split())


def read_json(data: bytes) -> Iterator[Part | Unread]:
    """Yield the documents of a JSON or JSON Lines file, in order; `member` is the number from 1, "" where it is one.

    A document is an object with a text (by the names in ingest.formats.record_parts, else its longest prose), with articles
    (ingest.formats.json_articles), or under its title. Objects without text beside such are Unread, as are broken lines of
    JSON Lines. Without any document, lists of flat objects are tables of facts. Numbers keep the digits of the file.
    Raises UnreadableFileError: not JSON, nested deeper than 40, over 200,000 records, neither text nor table in it.
    """
    text, encoding = decode(data)
    try:
        value, broken = _parsed(text)
        _check_depth(value)
        parts = [*_documents(value, encoding)] or [*_tables(value, encoding)]
    except RecursionError as error:
        raise _too_deep() from error
    if not parts and not broken:
        raise UnreadableFileError(
            "JSON 里没有找到正文或表格", "需要有 content、text、正文、条文等字段，或由对象组成的列表"
        )
    yield from parts
    yield from broken


def _parsed(text: str) -> tuple[Any, list[Unread]]:
    """Return (the value, or the list of the lines' values; lines that are none)."""
    try:
        return _loads(text), []
    except ValueError as error:
        whole = error
    lines = [(number, line.strip("\x1e \t\r")) for number, line in enumerate(text.split("\n"), 1)]
    values, broken, first = [], list[Unread](), True
    for number, line in lines:
        if not line:
            continue
        try:
            value = _loads(line)
        except ValueError:
            broken.append(Unread(f"第 {number} 行", "这一行不是完整的 JSON"))
            if first:
                break
            continue
        first = False
        values.append(value)
    if not any(isinstance(value, (dict, list)) for value in values) or len(broken) > len(values):
        place = f"第 {whole.lineno} 行第 {whole.colno} 列附近" if isinstance(whole, json.JSONDecodeError) else "内容"
        raise UnreadableFileError("不是正确的 JSON", f"{place}无法解析，文件可能不完整") from whole
    return values, broken


def _loads(text: str) -> Any:
    # Numbers stay strings: their digits are quoted as they stand, and a huge one costs nothing.
    return json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=lambda _: None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object that keeps the values of a key that stands in it twice: 正文, 正文（2）."""
    found: dict[str, Any] = {}
    times: dict[str, int] = {}
    for key, value in pairs:
        times[key] = times.get(key, 0) + 1
        if not found.get(key):
            found[key] = value
        elif value:
            found[f"{key}（{times[key]}）"] = value
    return found


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level if isinstance(outer, (list, dict)) for inner in nested(outer)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> UnreadableFileError:
    return UnreadableFileError("JSON 嵌套过深", f"最多 {MAX_DEPTH} 层")


def _documents(value: Any, encoding: str) -> Iterator[Part | Unread]:
    records = list(find_records(value))
    if len(records) > MAX_RECORDS:
        raise UnreadableFileError(f"JSON 里有 {len(records)} 条记录", f"上限为 {MAX_RECORDS} 条，请拆分后再导入")
    for number, record in enumerate(records, 1):
        yield _document(record, str(number) if len(records) > 1 else "", encoding)


def _document(record: Record, member: str, encoding: str) -> Part | Unread:
    laws = {
        key: value for key, value in record.value.items() if isinstance(value, (list, dict)) and holds_articles(value)
    }
    fields: dict[str, str] = {}
    for key, value in record.value.items():
        if key not in laws:
            _flatten(key, value, fields)
    body = "\n".join(line for value in laws.values() for line in article_lines(value))
    name = record.name or next((key for key, value in laws.items() if isinstance(value, dict) and count_han(key)), "")
    if name and not any(is_title(field) for field in fields):
        fields["title"] = name
    for key, stated in record.above.items():
        fields.setdefault(key, stated)
    return record_part(fields, member, body, encoding)


def _flatten(name: str, value: Any, fields: dict[str, str]) -> None:
    """Add a value's strings to `fields` under their paths; lists of strings are lines, questions and answers too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, fields)
    elif isinstance(value, list):
        if all(not isinstance(item, (list, dict)) for item in value):
            stated = [as_text(item) for item in value]
            fields[name] = ("\n" if any(len(item) > 40 for item in stated) else "、").join(filter(None, stated))
        elif answers := _answers(value):
            fields["问答" if "问答" not in fields else name] = answers
        else:
            for number, item in enumerate(value, 1):
                _flatten(f"{name}.{number}", item, fields)
    elif as_text(value):
        fields[name] = as_text(value)


def _answers(entries: list[Any]) -> str:
    """Return a list of questions and answers as lines, "" where it is none."""
    lines = []
    for entry in entries:
        stated = {key_of(key): as_text(value) for key, value in entry.items()} if isinstance(entry, dict) else {}
        question = next((value for key, value in stated.items() if key in _QUESTIONS), "")
        answer = next((value for key, value in stated.items() if key in _ANSWERS), "")
        if not question or not answer:
            return ""
        lines += [f"问：{question}", f"答：{answer}"]
    return "\n".join(lines)


def _tables(value: Any, encoding: str) -> Iterator[Part | Unread]:
    grids = list(find_grids(value, ""))
    for name, grid in grids:
        yield from table_parts(grid[: MAX_ROWS + 1], name if len(grids) > 1 else "", encoding)
        if len(grid) > MAX_ROWS + 1:
            yield Unread(f"{name}第 {MAX_ROWS} 条之后", f"表格过大，只读取了前 {MAX_ROWS} 条，请拆分后再导入")
