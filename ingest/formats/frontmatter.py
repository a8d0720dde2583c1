"""YAML front matter and capture headers at the very start of a text file: facts to keep, text to leave out."""

import re
from datetime import date
from typing import Any

_YAML_BLOCK = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY_LINE = re.compile(r"^[ \t]*([A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff -]{0,30}?)[ \t]*[:：][ \t]*(.*)$")
# What some crawlers put in front of a text: a heading, "- key: value" lines with program-like keys, then a rule.
_CAPTURE_BLOCK = re.compile(
    r"\A(?:#{1,3} [^\n]{1,40}\n)?\n*((?:[-*] [a-z][a-z0-9_]{1,30}: [^\n]*\n){3,40})\n*-{3,}[ \t]*\n",
)
MAX_CHARS = 64_000


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return (facts, rest) where text starts with a front matter block, else ({}, text).

    A block is YAML between two `---` lines, or a crawler's list of `- key: value` lines closed by a rule. Dates become
    ISO strings, keys strings in lower case. Blocks over 64,000 characters are text. Broken YAML is read line by line
    where every line is "key: value" (a colon inside a title is the usual fault); otherwise, and where the block is no
    mapping, nothing is split off: no content is lost, and the file stays readable.
    """
    start = len(text) - len(text.lstrip("\ufeff"))
    head = text[start : start + MAX_CHARS]
    block = _YAML_BLOCK.match(head)
    if block:
        facts = _parse(block.group(1))
        return (facts, text[start + block.end() :]) if facts else ({}, text)
    capture = _CAPTURE_BLOCK.match(head)
    if capture:
        facts = _key_lines(re.sub(r"(?m)^[-*] ", "", capture.group(1)))
        return (facts, text[start + capture.end() :]) if facts else ({}, text)
    return {}, text


def _parse(block: str) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2025-02-30
        return _key_lines(block)
    if not isinstance(loaded, dict):
        return _key_lines(block)
    return {str(key).strip().lower(): _plain(value) for key, value in loaded.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # datetime is one too
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _key_lines(block: str) -> dict[str, Any]:
    """Read plain "key: value" lines; {} as soon as one line is anything else."""
    facts: dict[str, Any] = {}
    for line in block.splitlines():
        if not line.strip():
            continue
        found = _KEY_LINE.match(line)
        if not found:
            return {}
        facts[found.group(1).strip().lower()] = found.group(2).strip().strip("\"'")
    return facts
