"""The library as HTML: every document with what is known of it, its validity and what is wrong with it. Everything is escaped."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.types import Language
from app.ui.cards import escape, reader_html, web_link
from app.ui.strings import words
from ingest.facts.regions import by_name, display

MAX_ROWS = 200  # documents listed at once; a table of thousands stalls the browser
MAX_RELATIONS = 12
MAX_WANTED = 100  # characters of the search box that are read
_COLUMNS = ("title", "issuer", "region", "date", "tier", "validity", "health")
_SEARCHED = ("title", "issuer", "doc_number", "source", "date", "collection")

FILTERS = ("region", "year", "tier", "doc_type", "validity")

Row = Mapping[str, Any]  # as app.documents.describe gives it


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents are to be listed: "" and False ask for nothing."""

    text: str = ""  # every word of it stands in the title, issuer, number, path, date or regions
    flagged: bool = False  # only those with a warning
    region: str = ""  # as the record names it
    year: str = ""
    tier: str = ""
    doc_type: str = ""
    validity: str = ""

    def fits(self, row: Row) -> bool:
        """Tell whether a document is wanted."""
        chosen = ((getattr(self, name), _values(row, name)) for name in FILTERS)
        return (
            all(not value or value in held for value, held in chosen)
            and (not self.flagged or bool(row["flags"]) or not row["exists"])
            and _holds(row, self.text[:MAX_WANTED])
        )


def _values(row: Row, name: str) -> Sequence[str]:
    """The values of a document that a filter goes by."""
    if name == "region":
        return list(row["regions"])
    return [row["date"][:4] if name == "year" else row.get(name, "")]


def choices(rows: Sequence[Row], name: str, language: Language) -> list[tuple[str, str]]:
    """(what is shown, value) of a filter: all, then each value that occurs, the frequent regions and the late years first."""
    counts = Counter(value for row in rows for value in _values(row, name) if value)
    ordered = sorted(counts, reverse=True) if name == "year" else sorted(counts, key=lambda v: (-counts[v], v))
    return [(words(language, f"all_{name}"), ""), *((named(name, value, language), value) for value in ordered)]


def named(name: str, value: str, language: Language) -> str:
    """A value as a reader of the language knows it."""
    if name == "region":
        region = by_name(value) if language == "en" else None
        return display(region.code, "en") if region else value
    return words(language, f"{name}_{value}") if name in {"tier", "doc_type", "validity"} and value else value


def library_html(rows: Sequence[Row], language: Language, wanted: Wanted = Wanted()) -> str:
    """Return the table of the documents that are wanted."""
    fitting = [row for row in rows if wanted.fits(row)]
    if not fitting:
        return f'<p class="pq-note">{escape(words(language, "library_none"))}</p>'
    shown = fitting[:MAX_ROWS]
    count = words(
        language,
        "library_count" if len(shown) == len(fitting) else "library_shown",
        count=len(fitting),
        shown=len(shown),
    )
    head = "".join(f'<th scope="col">{escape(words(language, f"column_{name}"))}</th>' for name in _COLUMNS)
    body = "".join(_row(row, language) for row in shown)
    return (
        f'<p class="pq-note">{escape(count)}</p><div class="pq-table"><table class="pq-library">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def warnings(row: Row, language: Language) -> list[str]:
    """What a reader of this document has to know: what is wrong with its text, that it no longer is in force, that its file is gone."""
    found = []
    if row["flags"]:
        found = [row["health"]] if language == "zh" else [words(language, f"flag_{name}") for name in row["flags"]]
    if not row["exists"]:
        found.append(words(language, "health_gone"))
    return found


def _holds(row: Row, wanted: str) -> bool:
    text = " ".join([*(str(row.get(name, "")) for name in _SEARCHED), *row["regions"]]).lower()
    return all(word in text for word in wanted.lower().split())


def _row(row: Row, language: Language) -> str:
    title = (
        f'<button type="button" class="pq-describe" data-doc="{escape(row["doc_id"])}">{escape(row["title"])}</button>'
        f"<small>{escape(row['source'])}</small>"
    )
    issued_by = "<br>".join(escape(part) for part in (row["issuer"], row["doc_number"]) if part)
    tier = row["tier"]
    cells = (
        title, issued_by, escape(_regions(row, language)), escape(row["date"]), escape(words(language, f"tier_{tier}")),
        _validity(row["validity"], language), _health(row, language),
    )  # fmt: skip
    names = (escape(words(language, f"column_{name}")) for name in _COLUMNS)  # said again where columns become lines
    return "<tr>" + "".join(f'<td data-name="{n}">{c}</td>' for n, c in zip(names, cells, strict=True)) + "</tr>"


def _regions(row: Row, language: Language) -> str:
    return words(language, "comma").join(named("region", name, language) for name in row["regions"])


def _validity(validity: str, language: Language) -> str:
    if not validity:
        return ""
    kind = "fact" if validity == "现行有效" else "warn"
    return f'<span class="pq-{kind}">{escape(words(language, f"validity_{validity}"))}</span>'


def _health(row: Row, language: Language) -> str:
    notes = [f'<span class="pq-warn">{escape(text)}</span>' for text in warnings(row, language)]
    if row["same_as"]:
        notes.append(f'<span class="pq-fact">{escape(words(language, "health_same"))}</span>')
    return "<br>".join(notes) or f'<span class="pq-fact">{escape(words(language, "health_ok"))}</span>'


def details_html(row: Row, language: Language) -> str:
    """Return what is known of one document, each fact with where it was found, and how whole it is."""
    found = row.get("found", {})
    facts = [
        ("issuer", row["issuer"], "issuer"), ("doc_number", row["doc_number"], "doc_number"),
        ("region", _regions(row, language), "regions"), ("date", row["date"], "issued"),
        ("effective", row.get("effective", ""), "effective"), ("repealed", row.get("repealed", ""), "repealed"),
        ("tier", named("tier", row["tier"], language), "tier"),
        ("doc_type", named("doc_type", row.get("doc_type", ""), language), "doc_type"),
        ("collection", row.get("collection", ""), "collection"),
    ]  # fmt: skip
    lines = [
        _fact(words(language, f"field_{name}"), escape(value), found.get(place, ""), language)
        for name, value, place in facts
        if value
    ]
    if row["validity"]:
        lines.append(_fact(words(language, "field_validity"), _validity(row["validity"], language), "", language))
    lines += [
        _fact(words(language, f"relation_{r['kind']}"), escape(r["title"]), "", language)
        for r in row.get("relations", ())[:MAX_RELATIONS]
    ]
    lines.append(_fact(words(language, "column_health"), _health(row, language), "", language))
    size = words(language, "size", chars=row.get("chars", 0), chunks=row.get("chunks", 0))
    lines.append(_fact(words(language, "field_size"), escape(size), "", language))
    lines.append(_fact(words(language, "field_source"), escape(row["source"]), "", language))
    if url := row.get("url", ""):
        lines.append(
            _fact(words(language, "field_url"), web_link(url, url) or escape(url), found.get("url", ""), language)
        )
    lines.append(_fact("SHA-256", f"<code>{escape(row.get('sha256', ''))}</code>", "", language))
    title = f'<h2 class="pq-details-title" tabindex="-1">{escape(row["title"])}</h2>'
    return f'{title}<p>{reader_html(row["doc_id"], language)}</p><dl class="pq-facts">{"".join(lines)}</dl>'


def _fact(name: str, value: str, place: str, language: Language) -> str:
    """One line; `value` is HTML."""
    where = f"<small>{escape(words(language, f'place_{place}'))}</small>" if place else ""
    return f"<div><dt>{escape(name)}</dt><dd>{value}{where}</dd></div>"
