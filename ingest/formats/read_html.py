"""The article of an HTML page as lines of text, with the facts that its head states.

Where the page has a known layout (html_sites), the article is what that layout says. Elsewhere two views are combined:
trafilatura says which lines are the article, but drops some (the 发文字号 under a title); our own rendering has every
visible line in order. The article is the smallest element that holds four fifths of what trafilatura took (where it is
not importable or finds too little: of all prose), less link lists and page frame.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.decode import plausibility
from ingest.formats.html_article import article_by_weight, article_in_layout, bare_text
from ingest.formats.html_empty import refuse_empty_page
from ingest.formats.html_lines import Line, visible_lines
from ingest.formats.html_rows import LABELLED, SPACES
from ingest.formats.html_sites import article_element, article_in_script, site_facts

_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,80}encoding=[\"']([\w.:-]+)", re.IGNORECASE
)
# What servers and editors write when nobody chose: it decodes anything, so it says nothing of a Chinese page.
_DEFAULTS = re.compile(r"(?:x-)?(?:iso-?8859-?1|latin-?1|us-ascii|ascii|windows-1252|cp-?1252)", re.IGNORECASE)
_MADE_ON = re.compile(
    r"(?m)^[ \u3000]*(?:成文|发文|生成)日期[ \u3000]*[:：]\s*((?:19|20)\d{2}\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2}日?)"
)
_NAMED = re.compile(
    r"(?m)^[ \u3000]*(?:标[ \u3000]*题|信息名称|文件名称|名[ \u3000]*称)[ \u3000]*[:：][ \u3000]*(\S.{3,150})$"
)
_META_FACTS = {
    "articletitle": "title", "og:title": "title", "pubdate": "date", "publishdate": "date",
    "article:published_time": "date", "contentsource": "source", "source": "source", "author": "author",
    "og:article:author": "author", "url": "url", "og:url": "url", "sitename": "site", "columnname": "column",
}  # fmt: skip
_MAX_TAGS = 1_500_000  # about 700 MB as a tree
# Characters and tags that trafilatura reads within seconds, and tags up to which it may take its slow ways.
_MAX_WEIGHED, _MAX_WEIGHED_TAGS, _MAX_SLOW_TAGS = 1_500_000, 40_000, 6_000


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML page says: its article as lines of text, and raw facts from its head.

    `meta` keys: title, date, published, source, publisher (the account of a WeChat or NetEase article), author, url,
    site, column; what the page does not state is absent.
    """

    text: str
    title: str
    meta: dict[str, Any]
    notes: tuple[str, ...]


def declared_charset(data: bytes, header: str = "") -> str:
    """Return the charset that a page's HTTP header or its first 4 KiB declare, "" if none.

    Either may be wrong: `decode` weighs the answer against UTF-8. A mere default (ISO-8859-1) counts only for a page
    that is no Chinese text in GB18030.
    """
    found = _DECLARED.search(data[:4096])
    meta = (found.group(1) or found.group(2)).decode("ascii", "replace") if found else ""
    stated = [name for name in (header, meta) if name]
    chosen = next((name for name in stated if not _DEFAULTS.fullmatch(name)), "")
    return chosen or (stated[0] if stated and not _is_chinese(data) else "")


def _is_chinese(data: bytes) -> bool:
    text = data.decode("gb18030", "replace")
    return len(re.findall(r"[\u4e00-\u9fff]", text[:20_000])) >= 4 and plausibility(text) >= 0.5


def read_page(html: str) -> Page:
    """Extract article, title and head facts. Headings become "#" lines, table rows "| a | b |" lines.

    A page without any prose (a list of links, a table of figures) is given whole, less navigation and footers.
    Raises UnreadableFileError for a page that is no document (a waiting screen, a check for humans, an error page, an
    empty viewer), and for one too large or too deeply nested to be read whole.
    """
    root = _parsed(html)
    if root is None:
        return Page("", "", {}, ())
    facts = _head_facts(root) | site_facts(root, html)
    bodies = root.xpath("//body")
    body = bodies[0] if bodies else root
    marked = article_element(root)
    scripted = _parsed(article_in_script(html)) if marked is None else None
    if scripted is not None:
        body, marked = scripted, scripted
    lines = _with_labels_joined(visible_lines(body, marked))
    refuse_empty_page(root, lines)
    notes: tuple[str, ...] = ()
    article = article_in_layout(lines, marked)
    if not article:
        taken, notes = _taken_by_trafilatura(html)
        article = article_by_weight(lines, taken)
    text = "\n".join(line.text for line in article)
    made_on, named = _MADE_ON.search(text, 0, 4_000), _NAMED.search(text, 0, 4_000)
    if made_on:  # a document is of the day on which it was made; the page may have come much later
        facts |= {"date": made_on[1], **({"published": facts["date"]} if "date" in facts else {})}
    title = facts.get("title") or (named[1].strip() if named else "") or _first_heading(article)
    title = title or _page_title(root) or _opening(lines)
    return Page(text, title, facts, notes)


def _parsed(html: str) -> Any:
    """Return the root of the page, None for one without content. Entities of its own are never expanded."""
    from lxml import etree
    from lxml import html as lxml_html

    if not html.strip():
        return None
    if html.count("<") > _MAX_TAGS:
        raise UnreadableFileError("网页过大：标签过多", "请只保存正文部分再导入")
    # huge_tree: else libxml2 drops, without a word, what lies 256 elements deep and everything after it.
    parser = lxml_html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        root = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        root = None
    if any("depth" in entry.message for entry in parser.error_log):
        raise UnreadableFileError("网页嵌套过深，无法读全", "请在浏览器中打开，另存为 PDF 再导入")
    return root


def _head_facts(root: Any) -> dict[str, str]:
    facts: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").strip().lower()
        value = SPACES.sub(" ", meta.get("content") or "").strip()
        if value and name in _META_FACTS:
            facts.setdefault(_META_FACTS[name], value)
    return facts


def _page_title(root: Any) -> str:
    text = " ".join("".join(title.itertext()) for title in list(root.iter("title"))[:1])
    text = SPACES.sub(" ", text).strip()
    return re.split(r"(?<!\s)\s*+[_|]\s*|(?<!\s)\s++[-–—]\s+", text)[0].strip()


def _first_heading(lines: Sequence[Line]) -> str:
    return next((line.text.lstrip("# ") for line in lines if line.heading), "")


def _opening(lines: Sequence[Line]) -> str:
    """The heading with which the page opens, above what was taken for the article; "" where it opens otherwise."""
    return lines[0].text.lstrip("# ") if lines and lines[0].heading else ""


def _with_labels_joined(lines: list[Line]) -> list[Line]:
    """Put a label that stands alone (发文机关：) and the value in the next element on one line."""
    joined: list[Line] = []
    for line in lines:
        label = joined[-1].text if joined else ""
        if len(label) <= 12 and len(line.text) <= 150 and LABELLED.fullmatch(label) and not LABELLED.match(line.text):
            text = re.sub(r"[ \u3000]+", "", label) + line.text
            joined[-1] = replace(joined[-1], text=text, link_chars=line.link_chars)
        else:
            joined.append(line)
    return joined


def _taken_by_trafilatura(html: str) -> tuple[str, tuple[str, ...]]:
    """Return (the text that trafilatura takes for the article, without blanks; notes)."""
    if len(html) > _MAX_WEIGHED or html.count("<") > _MAX_WEIGHED_TAGS:
        return "", ("html-without-trafilatura",)
    try:
        import trafilatura
    except ImportError:  # lxml-html-clean is missing where an old pip installed its dependencies
        return "", ("html-without-trafilatura",)
    try:
        # Its fallbacks take time in the square of the paragraphs: 44 s for a table of 10,000 cells.
        text = trafilatura.extract(
            html, favor_recall=True, include_tables=True, include_comments=False, fast=html.count("<") > _MAX_SLOW_TAGS
        )
    except Exception:  # whatever a stranger's page does to it; the page is then read by density, and the note says so
        return "", ("html-without-trafilatura",)
    return bare_text(text or ""), ()
