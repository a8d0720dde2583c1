"""A YAML file beside a document that states its facts: 某办法.pdf.yaml, or 某办法.yaml for every 某办法.*.

It overrides whatever else is known. It is written by hand, so faults are told with file and line instead of being guessed at.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ingest.collections import COMMON_NAME, as_collection
from ingest.errors import InputError, UnreadableFileError
from ingest.facts.dates import iso
from ingest.facts.fields import DOC_TYPES, FIELDS, LEVELS, VALIDITIES, closed_value, field_of
from ingest.formats.decode import decode
from ingest.types import TIERS

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 64_000
_MAX_ITEMS = 200
_DATES = frozenset(("date", "published", "effective", "repealed"))
_LISTS = frozenset(("region", "replaces", "amends", "collections"))
_CLOSED = {"tier": TIERS, "level": LEVELS, "doc_type": DOC_TYPES, "validity": VALIDITIES}
_HINT = "可用的字段：标题、发文机关、文号、地区、日期、施行日期、废止日期、层级、文种、时效性、来源层级、网址、同时废止、修订、集合 等"


def is_sidecar(path: Path) -> bool:
    """Tell whether a file has the name of a sidecar: no document of its own."""
    return path.suffix.lower() in SUFFIXES


def sidecar_of(document: Path) -> Path | None:
    """Return the sidecar file of a document, None if it has none. The one with the document's full name goes first."""
    for suffix in SUFFIXES:
        for candidate in (document.with_name(document.name + suffix), document.with_suffix(suffix)):
            if candidate != document and candidate.is_file():
                return candidate
    return None


def read_sidecar(document: Path) -> dict[str, Any]:
    """Return the facts that the sidecar of a document states, under the names of ingest.facts.fields; {} where it has none.

    Values are strings, of region, replaces and amends lists of strings; dates are ISO, closed values as listed. Raises
    UnreadableFileError, naming file and line: bad YAML, no mapping, unknown or repeated field, nested value, a date or a
    closed value that is none; also for a file over 64 kB, of another encoding than text, or that cannot be read.
    """
    path = sidecar_of(document)
    return {} if path is None else parse_sidecar(_load(path), path.name)


def dump_sidecar(facts: Mapping[str, Any]) -> str:
    """Return the text of a sidecar that states the facts (named as in ingest.facts.fields; strings or lists of strings)."""
    import yaml

    return str(yaml.safe_dump(dict(facts), allow_unicode=True, sort_keys=False, width=1000))


def beside(path: str, others: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what is stated of a file in an archive by a sidecar in it, among `others` by their paths. Raises as read_sidecar does."""
    for suffix in SUFFIXES:
        for name in (f"{path}{suffix}", str(PurePosixPath(path).with_suffix(suffix))):
            if name in others:
                return parse_sidecar(_text(others[name], name), name)
    return {}


def _load(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(f"无法读取旁置文件：{path.name}", error.strerror or "系统读取错误") from error
    return _text(data, path.name)


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise UnreadableFileError(f"旁置文件过大：{name}", f"上限为 {MAX_BYTES // 1000} kB，只写字段即可")
    return decode(data)[0] if data.strip() else ""


def parse_sidecar(text: str, name: str) -> dict[str, Any]:
    """Return the facts of a sidecar's text; `name` is the file's, for messages. Raises as read_sidecar does."""
    root = _compose(text, name)
    facts: dict[str, Any] = {}
    for key_node, value_node in root.value if root else ():
        line = key_node.start_mark.line + 1
        if not isinstance(key_node.value, str):
            raise _fault(name, line, "字段名应是文字", "每行写成 字段: 值")
        field = field_of(key_node.value)
        if field not in FIELDS:
            raise _fault(name, line, f"未知字段“{_short(key_node.value)}”", _HINT)
        if field in facts:
            raise _fault(name, line, f"字段“{_short(key_node.value)}”重复", "同一字段只写一次")
        facts[field] = _value(field, value_node, name)
    return {field: value for field, value in facts.items() if value not in ("", [])}


def _compose(text: str, name: str) -> "MappingNode | None":
    """The mapping of a YAML text as nodes, which know their lines and stay strings; None for an empty text."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _fault(
            name, mark.line + 1 if mark else 1, "不是有效的 YAML", "检查缩进、冒号后的空格；含冒号的值请加引号"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _fault(name, 1, "不是有效的 YAML", "文件里有不允许的字符，或嵌套过深") from error
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise _fault(name, root.start_mark.line + 1, "内容不是“字段: 值”", "每行写成 字段: 值")
    return root


def _value(field: str, node: "Node", name: str) -> str | list[str]:
    if field in _LISTS:
        return _list(field, node, name)
    value, line = _scalar(node, name), node.start_mark.line + 1
    if value and field in _DATES:
        if not (date := iso(value)):
            raise _fault(name, line, f"日期无效：{_short(value)}", "写成 2025-03-01 或 2025年3月1日")
        return date
    if value and field in _CLOSED:
        known = closed_value(field, value) if field != "tier" else value * (value in TIERS)
        if not known:
            raise _fault(name, line, f"不认识的取值：{_short(value)}", "可用：" + "、".join(_CLOSED[field]))
        return known
    if value and field == "collection":
        try:
            as_collection(value)  # kept as it stands: 公共 is said on purpose
        except InputError as error:
            raise _fault(name, line, error.message, error.hint) from error
    return value


def _list(field: str, node: "Node", name: str) -> list[str]:
    from yaml.nodes import SequenceNode

    items = node.value if isinstance(node, SequenceNode) else [node]
    if len(items) > _MAX_ITEMS:
        raise _fault(name, node.start_mark.line + 1, f"“{field}”的条目过多", f"上限为 {_MAX_ITEMS} 条")
    values = [_scalar(item, name) for item in items]
    if field == "region":
        values = [part for value in values for part in re.split(r"[,，、;；\s]+", value)]
    if field == "collections":
        try:
            values = [as_collection(value) or COMMON_NAME for value in values]
        except InputError as error:
            raise _fault(name, node.start_mark.line + 1, error.message, error.hint) from error
    return [value for value in values if value]


def _scalar(node: "Node", name: str) -> str:
    from yaml.nodes import ScalarNode

    if not isinstance(node, ScalarNode):
        raise _fault(name, node.start_mark.line + 1, "值不能嵌套", "写成一行文字；多个值用列表")
    return "" if node.tag == "tag:yaml.org,2002:null" else " ".join(str(node.value).split())


def _short(value: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", value)[:40]


def _fault(name: str, line: int, what: str, hint: str) -> UnreadableFileError:
    return UnreadableFileError(f"旁置文件 {name} 第 {line} 行：{what}", hint)
