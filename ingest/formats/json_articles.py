"""Laws kept in JSON as lists of articles and chapters: found by what the entries hold, written as lines of text."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.formats.record_parts import TEXT, key_of, plain_text

_NUMERAL = r"(?:\d+|[一二三四五六七八九十百千零〇]+)"
_ARTICLE = re.compile(rf"\s*第\s*{_NUMERAL}(?:\s*[-－之]\s*{_NUMERAL})?\s*[條条](?:\s*之\s*{_NUMERAL})?")
_HEADING = re.compile(rf"\s*第\s*{_NUMERAL}(?:\s*[-－之]\s*{_NUMERAL})?\s*(?P<kind>[編编章節节款目])")
_LEVELS = {"編": 0, "编": 0, "章": 1, "節": 2, "节": 2, "款": 3, "目": 4}
_NUMBERS = frozenset(
    "條號 条号 條次 条次 條文號 articleno articlenumber article articleid number no num 条 條 条目 条文序号".split()
)
_TITLES = frozenset(
    "标题 標題 title name 名称 名稱 heading chapter chaptertitle chaptername section 章 章节 章節 編章節 编章节".split()
)
_BARE = re.compile(rf"\s*{_NUMERAL}\s*")
_MAX_DEPTH = 12


def holds_articles(value: Any, depth: int = 0) -> bool:
    """Tell whether a value is a list (or a mapping) most of whose entries are articles, or chapters with articles."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, dict):
        keys = [key for key in value if _ARTICLE.match(key) or _HEADING.match(key)]
        return 2 * len(keys) > len(value) > 0
    if not isinstance(value, list) or not value:
        return False
    articles = sum(1 for entry in value if _is_article(entry) or _has_articles(entry, depth))
    rest = sum(1 for entry in value if _is_heading(entry))
    return articles > 0 and 5 * (articles + rest) >= 3 * len(value)


def article_lines(value: Any) -> list[str]:
    """Return the lines of a law: `第1條 …` for an article, `## …` for a chapter, deeper for what is below it."""
    lines = list(_lines(value, 0, 0))
    levels = sorted({level for level, _ in lines if level >= 0})
    return [f"{'#' * min(6, 2 + levels.index(level))} {line}" if level >= 0 else line for level, line in lines]


def _lines(value: Any, depth: int, below: int) -> Iterator[tuple[int, str]]:
    """Yield (level of a heading or -1, line); `below` is the level for a heading that does not state its own."""
    if depth > 2 * _MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _lines(entry, depth + 1, below)
    elif isinstance(value, dict):
        yield from _entry(value, depth, below)
    elif value not in (None, ""):
        text = plain_text(str(value)).strip()
        if _HEADING.match(text) and len(text) <= 60 and "\n" not in text:
            yield _level(text, below), _tight(text)
        elif text:
            yield -1, text


def _entry(entry: Mapping[str, Any], depth: int, below: int) -> Iterator[tuple[int, str]]:
    """Lines of one object: an article, a chapter with what is in it, or a mapping of article numbers to texts."""
    if any(_ARTICLE.match(key) or _HEADING.match(key) for key in entry):
        for key, value in entry.items():
            if _ARTICLE.match(key) and isinstance(value, str):
                yield -1, _article(key, value)
            else:
                yield _level(key, below), _tight(key)
                yield from _lines(value, depth + 1, below + 1)
        return
    number, text = _number(entry), _text(entry)
    strings = {key: value for key, value in entry.items() if isinstance(value, str) and value.strip()}
    nested = [value for value in entry.values() if isinstance(value, (list, dict)) and value]
    if number and text:
        yield -1, _article(number, text)
        for remark in _remarks(entry):
            yield -1, remark
    else:
        heading = next((value for key, value in strings.items() if key_of(key) in _TITLES), "")
        if heading and (nested or not text):
            yield _level(heading, below), _tight(plain_text(heading).strip())
        elif heading and _ARTICLE.match(heading):
            yield -1, _article(heading, text)
            text = ""
        if text and text != heading:
            yield from _lines(text, depth + 1, below)
    for value in nested:
        if value is not entry.get(_text_key(entry)) or not text:
            yield from _lines(value, depth + 1, below + 1)


def _remarks(entry: Mapping[str, Any]) -> Iterator[str]:
    """Prose beside an article's number and text: a note, the reasons for it."""
    for key, value in entry.items():
        if key not in {_number_key(entry), _text_key(entry)} and isinstance(value, str) and re.search("[。；]", value):
            yield f"{key}：{plain_text(value).strip()}"


def _article(number: str, text: str) -> str:
    number, text = _tight(number), plain_text(text).strip()
    if _BARE.fullmatch(number):
        number = f"第{number.strip()}條" if "條" in text or "條" in number else f"第{number.strip()}条"
    return text if _tight(text[:20]).startswith(number) else f"{number} {text}"


def _tight(text: str) -> str:
    """第 一 章 總則 as 第一章 總則: the blanks inside a number are typesetting."""
    text = " ".join(text.split())
    match = _ARTICLE.match(text) or _HEADING.match(text)
    return re.sub(r"\s", "", match[0]) + text[match.end() :] if match else text


def _level(text: str, below: int) -> int:
    match = _HEADING.match(text)
    return _LEVELS[match["kind"]] if match else 1 + below


def _number_key(entry: Mapping[str, Any]) -> str:
    for key, value in entry.items():
        if key_of(key) in _NUMBERS and isinstance(value, str):
            named = key_of(key) in {"條號", "条号", "條次", "条次", "條文號", "条文序号"} or key_of(key).startswith(
                "article"
            )
            if _ARTICLE.fullmatch(value) or (named and _BARE.fullmatch(value)):
                return key
    return ""


def _number(entry: Mapping[str, Any]) -> str:
    return str(entry.get(_number_key(entry), ""))


def _text_key(entry: Mapping[str, Any]) -> str:
    return next((key for key in entry if key_of(key) in TEXT), "")


def _text(entry: Mapping[str, Any]) -> str:
    value = entry.get(_text_key(entry))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value if isinstance(value, str) else ""


def _is_article(entry: Any) -> bool:
    if isinstance(entry, str):
        return bool(_ARTICLE.match(entry))
    if not isinstance(entry, dict):
        return False
    return bool(_text(entry)) and bool(_number_key(entry) or _ARTICLE.match(_text(entry)) or _titled_article(entry))


def _titled_article(entry: Mapping[str, Any]) -> bool:
    return any(
        isinstance(value, str) and key_of(key) in _TITLES and _ARTICLE.match(value) for key, value in entry.items()
    )


def _is_heading(entry: Any) -> bool:
    if isinstance(entry, dict):
        strings = [value for value in entry.values() if isinstance(value, str) and value.strip()]
        return any(_HEADING.match(value) and len(value) <= 60 for value in strings)
    return isinstance(entry, str) and bool(_HEADING.match(entry)) and len(entry) <= 60


def _has_articles(entry: Any, depth: int) -> bool:
    """Tell a chapter: a law in a list of laws has articles too, but no heading such as 第一章."""
    return (
        isinstance(entry, dict)
        and _is_heading(entry)
        and any(holds_articles(value, depth + 1) for value in entry.values() if isinstance(value, (list, dict)))
    )
