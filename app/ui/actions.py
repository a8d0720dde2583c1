"""What can be done to a message, as buttons in its HTML, and the notes that go with an answer when it is copied.

The chat's sanitizer keeps a button's name, value and title and takes data-* and aria-* away: `name` says what to do, `value`
which exchange (by its replay id, or its number where no history is kept), `title` what a screen reader says. chat.js hears
the click.
"""

import datetime
from collections.abc import Mapping

from app.history.records import Rating
from app.pack.notes import reference_of
from app.types import Answer, Language
from app.ui.message import inert
from app.ui.strings import words
from ingest.types import Document


def bar_html(
    key: str,
    language: Language,
    *,
    at_rest: bool,
    answered: bool,
    kept: str,
    again: bool,
    rating: Rating = "",
    proposed: bool = False,
) -> str:
    """Return the buttons below an answer: copy; below the last one, ask again; if the history keeps it, thumbs, test, export.

    `kept` is its replay id, "" where it is not kept.
    """
    names = ["copy"] if answered else []
    names += ["up", "down", "propose"] if answered and kept else []
    names += ["again"] if again else []
    on = {rating, "propose" if proposed else ""}
    buttons = "".join(_button(name, key, language, name in on) for name in names)
    if answered and kept:
        tip, label = (inert(words(language, key)) for key in ("do_export_tip", "do_export"))
        buttons += f'<a class="pq-do" href="/export/{kept}.docx" title="{tip}">{label}</a>'
    return f'<div class="pq-bar{"" if at_rest else " pq-away"}" role="group">{buttons}</div>' if buttons else ""


def edit_html(key: str, language: Language, at_rest: bool) -> str:
    """Return the button below a question that puts it back into the box."""
    return f'<div class="pq-bar{"" if at_rest else " pq-away"}">{_button("edit", key, language, False)}</div>'


def notes_html(answer: Answer, documents: Mapping[str, Document | None], language: Language) -> str:
    """Return the numbered notes of an answer: reference, page and quote. Not shown; they are copied with the answer."""
    today = datetime.date.today()
    items = []
    for citation in answer.citations:
        note = reference_of(citation, documents.get(citation.doc_id), today)
        page = words(language, "page", page=citation.page) if citation.page is not None else ""
        text = " ".join(filter(None, [f"[{citation.id}]", note, page, f"“{citation.quote}”"]))
        items.append(f"<li>{inert(text)}</li>")
    return f'<ul class="pq-notes" hidden>{"".join(items)}</ul>' if items else ""


def _button(name: str, key: str, language: Language, on: bool) -> str:
    label = words(language, f"do_{name}_done" if on else f"do_{name}")
    return (
        f'<button type="button" class="pq-do{" pq-on" if on else ""}" name="{name}" value="{key}" '
        f'title="{inert(words(language, f"do_{name}_tip"))}">{inert(label)}</button>'
    )
