"""The article of an HTML page as lines of text, with the facts that its head states.

Two views are combined. trafilatura says which lines are the article, but drops some (the 发文字号 under a title); our
own rendering has every visible line in order. The article is the smallest element that holds four fifths of what
trafilatura took (where it is not importable or finds too little: of all prose), less link lists and page frame.
"""

import re
from dataclasses import dataclass
from typing import Any

from ingest.html_lines import SPACES, Line, visible_lines

_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,80}encoding=[\"']([\w.:-]+)", re.IGNORECASE
)
_PROSE = re.compile(r"[。；，！？]|[.;!?](?:\s|$)")
_FACT_LINE = re.compile(
    r"[〔\[（(]\d{4}[〕\]）)]\s*第?\d+号|来源[:：]|(?:发布|发文|成文)(?:时间|日期|机关)[:：]|^\d{4}[-年]\d{1,2}[-月]\d{1,2}"
)
_META_FACTS = {
    "articletitle": "title", "og:title": "title", "pubdate": "date", "publishdate": "date",
    "article:published_time": "date", "contentsource": "source", "source": "source", "author": "author",
    "url": "url", "og:url": "url", "sitename": "site", "columnname": "column",
}  # fmt: skip
_SHARE, _LOOK_BACK, _MIN_COVERED = 0.8, 12, 0.25


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML page says: its article as lines of text, and raw facts from its head."""

    text: str
    title: str
    meta: dict[str, Any]
    notes: tuple[str, ...]


def declared_charset(data: bytes) -> str:
    """Return the charset that a page's first 4 KiB declare, "" if none."""
    found = _DECLARED.search(data[:4096])
    return (found.group(1) or found.group(2)).decode("ascii", "replace") if found else ""


def read_page(html: str) -> Page:
    """Extract article, title and head facts. Headings become "#" lines, table rows "| a | b |" lines.

    A page without any prose (a list of links, a table of figures) is given whole, less navigation and footers.
    """
    from lxml import html as lxml_html

    if not html.strip():
        return Page("", "", {}, ())
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    root = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    facts = _head_facts(root)
    bodies = root.xpath("//body")
    body = bodies[0] if bodies else root
    taken, notes = _taken_by_trafilatura(html)
    lines = _article(visible_lines(body), taken)
    title = str(facts.get("title", "")) or _first_heading(lines) or _page_title(root)
    return Page("\n".join(line.text for line in lines), title, facts, notes)


def _head_facts(root: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for meta in root.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").strip().lower()
        value = SPACES.sub(" ", meta.get("content") or "").strip()
        if value and name in _META_FACTS:
            facts.setdefault(_META_FACTS[name], value)
    return facts


def _page_title(root: Any) -> str:
    text = " ".join("".join(title.itertext()) for title in list(root.iter("title"))[:1])
    text = SPACES.sub(" ", text).strip()
    return re.split(r"\s*[_|]\s*|\s+[-–—]\s+", text)[0].strip()


def _first_heading(lines: list[Line]) -> str:
    return next((line.text.lstrip("# ") for line in lines if line.heading), "")


def _taken_by_trafilatura(html: str) -> tuple[str, tuple[str, ...]]:
    """Return (the text that trafilatura takes for the article, without blanks; notes)."""
    try:
        import trafilatura
    except ImportError:  # lxml-html-clean is missing where an old pip installed its dependencies
        return "", ("html-without-trafilatura",)
    text = trafilatura.extract(html, favor_recall=True, include_tables=True, include_comments=False)
    return _bare(text or ""), ()


def _bare(text: str) -> str:
    return re.sub(r"[\s#|*>-]+", "", text)


def _article(lines: list[Line], taken: str) -> list[Line]:
    """Return the article's lines: those of the smallest element with four fifths of the prose, and facts above it."""
    weights = [_weight(line, taken) for line in lines]
    prose = sum(_weight(line, "") for line in lines)
    if taken and sum(weights) < _MIN_COVERED * prose:
        weights = [_weight(line, "") for line in lines]
    total = sum(weights)
    if not total:
        return [line for line in lines if line.link_chars <= len(line.text) / 2]
    first, last = _span(lines, weights, total)
    article = [line for line in lines[first : last + 1] if _belongs(line, taken)]
    above = [line for line in lines[max(0, first - _LOOK_BACK) : first] if _is_fact(line)]
    return above + article


def _weight(line: Line, taken: str) -> int:
    if taken:
        bare = _bare(line.text)
        return len(bare) if len(bare) >= 8 and bare in taken else 0
    own = len(line.text) - line.link_chars
    return own if own >= 15 and _PROSE.search(line.text) and not line.framed else 0


def _span(lines: list[Line], weights: list[int], total: int) -> tuple[int, int]:
    """First and last line of the smallest element that holds enough of the weight."""
    held: dict[Any, int] = {}
    for line, weight in zip(lines, weights, strict=True):
        for element in line.around:
            held[element] = held.get(element, 0) + weight
    enough = [element for element, weight in held.items() if weight >= _SHARE * total]
    container = max(enough, key=lambda element: len(list(element.iterancestors())))
    inside = [at for at, line in enumerate(lines) if container in line.around]
    return inside[0], inside[-1]


def _belongs(line: Line, taken: str) -> bool:
    if taken and len(_bare(line.text)) >= 8 and _bare(line.text) in taken:
        return True
    linked = line.link_chars > len(line.text) * 0.6
    if line.framed and (linked or not _PROSE.search(line.text)):
        return False
    return not linked or _names_document(line.text)


def _names_document(text: str) -> bool:
    """Attachments and cited documents are often links alone, and content all the same."""
    return bool(re.search(r"《.+》|附件|\.(?:pdf|docx?|xlsx?)$", text))


def _is_fact(line: Line) -> bool:
    return line.link_chars == 0 and not line.framed and (line.heading or bool(_FACT_LINE.search(line.text)))
