"""Word's styles and automatic numbers: which paragraphs are headings, and what number Word shows before them."""

import re
from dataclasses import dataclass, field
from typing import Any

from ingest.formats.docx_package import attribute, child_of, is_on, tag_of, whole

_HEADING_NAME = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """What matters of a style, inherited values included. `level`: 1-9 for a heading, 0 for text."""

    level: int = 0
    hidden: bool = False
    number: tuple[str, int] | None = None  # (numId, ilvl; -1 where the numbering's own link to the style tells)


def read_styles(parts: list[Any]) -> dict[str, Style]:
    """Return each style of styles.xml by its id; a circle of basedOn links is cut."""
    elements = {attribute(style, "styleId"): style for style in parts if tag_of(style) == "style"}
    found: dict[str, Style] = {}
    for name in elements:
        chain: list[str] = []
        while name in elements and name not in found and name not in chain:
            chain.append(name)
            name = attribute(child_of(elements[name], "basedOn"))
        base = found.get(name, Style())
        for own in reversed(chain):
            base = found[own] = _inherited(elements[own], base)
    return found


def _inherited(style: Any, base: Style) -> Style:
    name = attribute(child_of(style, "name")).strip()
    outline = attribute(child_of(style, "pPr", "outlineLvl"))
    named = _HEADING_NAME.fullmatch(name)
    level = int(named[1]) if named else base.level
    if not named and outline:
        level = (whole(outline, 9) + 1) % 10
    if name.lower() in {"title", "标题"}:
        level = 1
    vanish = child_of(style, "rPr", "vanish")
    number = number_of(child_of(style, "pPr", "numPr"), -1)
    return Style(level, base.hidden if vanish is None else is_on(vanish), number or base.number)


def number_of(properties: Any, level: int) -> tuple[str, int] | None:
    """Return (numId, ilvl) of a numPr element; ("0", ...) turns numbers off, None states nothing."""
    identifier = attribute(child_of(properties, "numId"))
    return (identifier, whole(attribute(child_of(properties, "ilvl")), level)) if identifier else None


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    pattern: str
    style: str
    restarts: bool
    legal: bool


@dataclass(slots=True)
class Numbering:
    """The automatic numbers of a document: lists that share a definition go on counting, as in Word."""

    lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]]  # numId: (definition, levels, starts of its own)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def label(self, identifier: str, level: int, style: str) -> str | None:
        """Count one paragraph and return its number ("（一）"), "" for no visible one, None where it is not known."""
        if identifier not in self.lists:
            return None
        definition, levels, starts = self.lists[identifier]
        if level < 0:
            level = next((at for at, own in levels.items() if own.style == style), 0)
        if level not in levels:
            return None
        counts = self.counts.setdefault(definition, {})
        if identifier not in self.begun:
            self.begun.add(identifier)
            for at, start in starts.items():
                counts[at] = start - 1
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for deeper in [at for at in counts if at > level and (at not in levels or levels[at].restarts)]:
            del counts[deeper]
        return self._written(levels, counts, level)

    def _written(self, levels: dict[int, _Level], counts: dict[int, int], level: int) -> str | None:
        own = levels[level]
        if own.kind == "bullet":
            return "-"
        parts: list[str] = []
        for piece in re.split(r"(%[1-9])", own.pattern):
            at = int(piece[1]) - 1 if re.fullmatch(r"%[1-9]", piece) else -1
            if at in levels:
                kind = "decimal" if own.legal else levels[at].kind
                number = _formatted(counts.setdefault(at, levels[at].start), kind)
                if number is None:
                    return None
                parts.append(number)
            elif at < 0:
                parts.append(piece)
        return "".join(parts).strip()


def read_numbering(elements: list[Any], styles: dict[str, Style]) -> Numbering:
    """Return the lists of numbering.xml, with their own starts and overridden levels."""
    definitions = {attribute(item, "abstractNumId"): item for item in elements if tag_of(item) == "abstractNum"}
    uses = {attribute(item, "numId"): item for item in elements if tag_of(item) == "num"}
    lists = {}
    for identifier, use in uses.items():
        definition = attribute(child_of(use, "abstractNumId"))
        linked = styles.get(attribute(child_of(definitions.get(definition, ()), "numStyleLink")))
        if linked and linked.number and linked.number[0] in uses:  # a list style: its levels are defined elsewhere
            definition = attribute(child_of(uses[linked.number[0]], "abstractNumId"))
        levels = _levels(definitions.get(definition, ()))
        starts: dict[int, int] = {}
        for override in use:
            if tag_of(override) == "lvlOverride":
                levels |= _levels(override)
                start = attribute(child_of(override, "startOverride"))
                starts |= {whole(attribute(override, "ilvl")): whole(start, 1)} if start else {}
        lists[identifier] = (definition, levels, starts)
    return Numbering(lists)


def _levels(parent: Any) -> dict[int, _Level]:
    return {
        whole(attribute(level, "ilvl")): _Level(
            start=whole(attribute(child_of(level, "start"))),
            kind=attribute(child_of(level, "numFmt")) or "decimal",
            pattern=attribute(child_of(level, "lvlText")),
            style=attribute(child_of(level, "pStyle")),
            restarts=attribute(child_of(level, "lvlRestart")) != "0",
            legal=is_on(child_of(level, "isLgl")),
        )
        for level in parent
        if tag_of(level) == "lvl"
    }


def _formatted(number: int, kind: str) -> str | None:
    """Write a number in one of Word's formats (ECMA-376 part 1, 17.18.59), None for a format not known here."""
    if kind == "none":
        return ""
    if kind == "decimalZero":
        return f"{number:02d}"
    if kind == "decimalFullWidth":
        return str(number).translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    for names, first, count in _SERIES:
        if kind in names:
            return chr(first + number - 1) if 1 <= number <= count else str(number)
    if kind in _CYCLES:
        cycle = _CYCLES[kind]
        return cycle[(number - 1) % len(cycle)] * (1 + (number - 1) // 26 if len(cycle) == 26 else 1)
    if kind in {"upperRoman", "lowerRoman"}:
        return _roman(number) if kind == "upperRoman" else _roman(number).lower()
    if kind in _DIGITS:
        return "".join(_DIGITS[kind][int(digit)] for digit in str(abs(number)))
    if kind in _COUNTING:
        return _chinese(number, *_COUNTING[kind])
    return str(number) if kind == "decimal" or kind.startswith("decimalHalf") else None


_SERIES = (
    (("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), 0x2460, 20), (("decimalEnclosedParen",), 0x2474, 20),
    (("decimalEnclosedFullstop",), 0x2488, 20), (("ideographEnclosedCircle",), 0x3280, 10),
)  # fmt: skip
_CYCLES = {
    "upperLetter": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lowerLetter": "abcdefghijklmnopqrstuvwxyz",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸", "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
}  # fmt: skip
_DIGITS = dict.fromkeys(("ideographDigital", "taiwaneseDigital", "japaneseDigitalTenThousand"), "〇一二三四五六七八九")
_HAN_COUNTING = ("零一二三四五六七八九", ("", "十", "百", "千"))
_HAN_LEGAL = ("零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"))
_COUNTING = {
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "japaneseCounting"), _HAN_COUNTING),
    **dict.fromkeys(("taiwaneseCounting", "taiwaneseCountingThousand", "koreanCounting"), _HAN_COUNTING),
    "chineseLegalSimplified": _HAN_LEGAL,
    "ideographLegalTraditional": ("零壹貳參肆伍陸柒捌玖", ("", "拾", "佰", "仟")),
}


def _chinese(number: int, digits: str, units: tuple[str, ...]) -> str:
    if not 0 < number < 10_000:
        return digits[0] if number == 0 else str(number)
    written = ""
    for at, digit in enumerate(reversed(str(number))):
        if digit != "0":
            written = digits[int(digit)] + units[at] + written
        elif written and not written.startswith(digits[0]):
            written = digits[0] + written
    return written[1:] if written.startswith("一十") else written


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    written = ""
    signs = "M CM D CD C XC L XL X IX V IV I".split()
    for value, sign in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), signs, strict=True):
        written += sign * (number // value)
        number %= value
    return written
