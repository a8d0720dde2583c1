"""The library pane: every document with what is known of it, its validity and what is wrong with it. Everything is escaped."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.cards import escape
from app.ui.strings import words

if TYPE_CHECKING:
    import gradio as gr

MAX_ROWS = 200  # documents listed at once; a table of thousands stalls the browser
MAX_WANTED = 100  # characters of the search box that are read
_COLUMNS = ("title", "issuer", "region", "date", "tier", "validity", "health")
_SEARCHED = ("title", "issuer", "doc_number", "source", "date")

Row = Mapping[str, Any]  # as app.documents.describe gives it


def library_html(rows: Sequence[Row], language: Language, wanted: str = "", flagged: bool = False) -> str:
    """Return the table of the documents that hold every word of `wanted`; `flagged` leaves those with a warning."""
    fitting = [row for row in rows if _holds(row, wanted[:MAX_WANTED]) and (warnings(row, language) or not flagged)]
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
    text = " ".join([*(str(row[name]) for name in _SEARCHED), *row["regions"]]).lower()
    return all(word in text for word in wanted.lower().split())


def _row(row: Row, language: Language) -> str:
    title = f"<strong>{escape(row['title'])}</strong><small>{escape(row['source'])}</small>"
    issued_by = "<br>".join(escape(part) for part in (row["issuer"], row["doc_number"]) if part)
    tier = row["tier"]
    cells = (
        title, issued_by, escape("、".join(row["regions"])), escape(row["date"]), escape(words(language, f"tier_{tier}")),
        _validity(row["validity"], language), _health(row, language),
    )  # fmt: skip
    names = (escape(words(language, f"column_{name}")) for name in _COLUMNS)  # said again where columns become lines
    return "<tr>" + "".join(f'<td data-name="{n}">{c}</td>' for n, c in zip(names, cells, strict=True)) + "</tr>"


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


def library_pane(language: Language) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring."""
    import gradio as gr

    with gr.Row(elem_id="pq-library-bar", equal_height=True):
        find = gr.Textbox(
            label=words(language, "library_find"), placeholder=words(language, "library_find"), show_label=False, lines=1,
            max_lines=1, max_length=MAX_WANTED, elem_id="pq-library-find", scale=4, min_width=200, container=False,
        )  # fmt: skip
        flagged = gr.Checkbox(
            label=words(language, "library_flagged"),
            elem_id="pq-library-flagged",
            scale=1,
            min_width=160,
            container=False,
        )
    return {
        "library_find": find,
        "library_flagged": flagged,
        "library": gr.HTML("", elem_id="pq-library", padding=False),
    }


def wire_library(parts: Mapping[str, Any], tab: "gr.Tab", rows: Callable[[], Sequence[Row]]) -> None:
    """List the documents when the pane is opened and whenever what is looked for or the language changes."""
    import gradio as gr

    def listed(wanted: str, flagged: bool, language: Language) -> str:
        return library_html(rows(), language, wanted or "", bool(flagged))

    gr.on(
        [tab.select, parts["library_find"].change, parts["library_flagged"].change, parts["toggle"].change],
        listed, [parts["library_find"], parts["library_flagged"], parts["toggle"]], parts["library"],
        show_progress="hidden", api_visibility="private", trigger_mode="always_last",
    )  # fmt: skip
