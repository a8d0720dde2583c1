"""The paragraphs and tables of DrawingML, the text of slides, charts and SmartArt."""

import re
from collections.abc import Iterator
from typing import Any

from ingest.formats.docx_numbering import _formatted
from ingest.formats.docx_package import attribute, child_of, tag_of, whole
from ingest.formats.pdf_lines import PAGE_MARK
from ingest.formats.read_docx import _SUPERSCRIPT

_NUMBER_STYLE = re.compile(r"(arabic(?:Db)?|alpha[LU]c|roman[LU]c|circleNum|ea1)\w*?(Plain|Period|ParenR|ParenBoth)")
_NUMBER_KINDS = {
    "arabic": "decimal", "arabicDb": "decimalFullWidth", "alphaLc": "lowerLetter", "alphaUc": "upperLetter",
    "romanLc": "lowerRoman", "romanUc": "upperRoman", "circleNum": "decimalEnclosedCircle", "ea1": "chineseCounting",
}  # fmt: skip
_AROUND = {"Plain": "{}", "Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}


def inside(element: Any) -> list[Any]:
    """Return an element's children, none where there is no element."""
    return [] if element is None else list(element)


def body_lines(body: Any) -> list[str]:
    """Return the paragraphs of a text body, with the automatic numbers that they state themselves."""
    lines: list[str] = []
    counts: dict[int, tuple[str, int]] = {}  # by level: the kind of number, the last one
    for paragraph in inside(body):
        if tag_of(paragraph) != "p":
            continue
        text = "".join(_inline(paragraph)).replace(PAGE_MARK, "\ufffd")
        own = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
        if own:
            own[0] = _label(child_of(paragraph, "pPr"), counts) + own[0]
            lines += own
    return lines


def table_lines(table: Any) -> list[str]:
    """Return a table's rows as "| a | b |" lines; a merged cell once, at its first place; one column as lines."""
    rows = [[cell for cell in row if tag_of(cell) == "tc"] for row in table if tag_of(row) == "tr"]
    if all(len(row) < 2 for row in rows):
        return [line for row in rows for cell in row for line in body_lines(child_of(cell, "txBody"))]
    lines = []
    for row in rows:
        cells = ["" if _goes_on(cell) else " ".join(body_lines(child_of(cell, "txBody"))) for cell in row]
        if any(cells):
            lines.append(f"| {' | '.join(cell.replace('|', '｜') for cell in cells)} |")
    return lines


def _goes_on(cell: Any) -> bool:
    return any(attribute(cell, name) in {"1", "true"} for name in ("hMerge", "vMerge"))


def _inline(parent: Any) -> Iterator[str]:
    for child in parent:
        tag = tag_of(child)
        if tag == "t":
            yield re.sub(r"\s+", " ", child.text or "")
        elif tag == "br":
            yield "\n"
        elif tag == "AlternateContent":
            yield next((text for choice in child if (text := "".join(_inline(choice))).strip()), "")
        elif tag == "r":
            text = "".join(_inline(child))
            raised = whole(attribute(child_of(child, "rPr"), "baseline")) > 0 and re.fullmatch(r"[0-9+-]+", text)
            yield text.translate(_SUPERSCRIPT) if raised else text
        elif not tag.endswith("Pr"):
            yield from _inline(child)


def _label(properties: Any, counts: dict[int, tuple[str, int]]) -> str:
    """Count a paragraph and return its automatic number: a list goes on while its level and kind stay the same."""
    level = whole(attribute(properties, "lvl"))
    for deeper in [at for at in counts if at > level]:
        del counts[deeper]
    number = child_of(properties, "buAutoNum")
    style = _NUMBER_STYLE.fullmatch(attribute(number, "type"))
    if style is None:
        counts.pop(level, None)
        return ""
    kind, last = counts.get(level, ("", 0))
    count = last + 1 if kind == style[0] else whole(attribute(number, "startAt"), 1)
    counts[level] = (style[0], count)
    written = _AROUND[style[2]].format(_formatted(count, _NUMBER_KINDS[style[1]]))
    return written if written[-1] in ")①②③④⑤⑥⑦⑧⑨⑩" else f"{written} "
