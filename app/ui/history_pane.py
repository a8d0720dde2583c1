"""The history pane: conversations found, opened again, renamed, taken out with a way back, exported."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.history.book import MAX_TITLE, History
from app.types import Answer, Language
from app.ui.cards import escape
from app.ui.chat import Conversation
from app.ui.strings import words
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine

MAX_WANTED = 100  # characters of the search box that are read
_WORDED = ("history_open", "history_rename", "history_remove", "history_undo")


def history_pane(language: Language) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring."""
    import gradio as gr

    with gr.Row(elem_id="pq-history-bar", equal_height=True):
        find = gr.Textbox(
            label=words(language, "history_find"), placeholder=words(language, "history_find"), show_label=False, lines=1,
            max_lines=1, max_length=MAX_WANTED, elem_id="pq-history-find", scale=2, min_width=200, container=False,
        )  # fmt: skip
        picked = gr.Dropdown(
            choices=[], value=None, label=words(language, "history_pick"), show_label=False, container=False, scale=3,
            elem_id="pq-history-pick", min_width=200, filterable=False,
        )  # fmt: skip
        open_ = gr.Button(
            words(language, "history_open"), variant="primary", scale=0, min_width=96, elem_id="pq-history-open"
        )
    with gr.Row(elem_id="pq-history-edit", equal_height=True):
        title = gr.Textbox(
            label=words(language, "history_title"), placeholder=words(language, "history_title"), show_label=False, lines=1,
            max_lines=1, max_length=MAX_TITLE, elem_id="pq-history-title", scale=2, min_width=200, container=False,
        )  # fmt: skip
        rename = gr.Button(words(language, "history_rename"), scale=0, min_width=96)
        remove = gr.Button(words(language, "history_remove"), variant="stop", scale=0, min_width=96)
        undo = gr.Button(words(language, "history_undo"), scale=0, min_width=96, visible=False)
    return {
        "history_find": find, "history_pick": picked, "history_open": open_, "history_title": title, "history_rename": rename,
        "history_remove": remove, "history_undo": undo, "history_removed": gr.State(""),
        "history_view": gr.HTML("", elem_id="pq-history", padding=False),
    }  # fmt: skip


def wire_history(engine: "Engine", book: History, parts: Mapping[str, Any], tabs: "gr.Tabs", tab: "gr.Tab") -> None:
    """Connect the pane to the history and to the chat."""
    import gradio as gr

    find, pick, toggle = parts["history_find"], parts["history_pick"], parts["toggle"]
    shown = [pick, parts["history_view"]]
    gr.on(
        [tab.select, find.change, toggle.change], lambda wanted, chosen, language: _listed(book, wanted, chosen, language),
        [find, pick, toggle], shown, trigger_mode="always_last", **_QUIET,
    )  # fmt: skip
    pick.input(lambda chosen, language: preview_html(book, chosen, language), [pick, toggle], shown[1], **_QUIET)
    _wire_opening(engine, book, parts, tabs)
    _wire_editing(book, parts, shown)
    _wire_words(parts, tab)


_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


def _listed(book: History, wanted: str, chosen: str | None, language: Language) -> list[Any]:
    """What the list and the preview show: the chosen conversation if it is still among those found, else the first."""
    import gradio as gr

    choices = choices_of(book, (wanted or "")[:MAX_WANTED])
    value = chosen if chosen in {i for _, i in choices} else choices[0][1] if choices else None
    return [gr.update(choices=choices, value=value), preview_html(book, value, language)]


def _wire_opening(engine: "Engine", book: History, parts: Mapping[str, Any], tabs: "gr.Tabs") -> None:
    import gradio as gr

    def opened(chosen: str | None, language: Language) -> list[Any]:
        if not chosen:
            return [gr.skip()] * 6
        again = Conversation.reopened(engine, chosen, book.exchanges(chosen), language)
        examples = gr.update(visible=not again.exchanges)
        return [again, again.messages(language), again.sources(language), again.id, examples, gr.update(selected="ask")]

    shown = [*(parts[name] for name in ("conversation", "chatbot", "sources", "shown", "examples_box")), tabs]
    parts["history_open"].click(opened, [parts["history_pick"], parts["toggle"]], shown, **_QUIET)


def _wire_editing(book: History, parts: Mapping[str, Any], shown: Sequence[Any]) -> None:
    """Rename, delete and undo; each ends by listing anew."""
    import gradio as gr

    pick, find, title, toggle = (parts[n] for n in ("history_pick", "history_find", "history_title", "toggle"))
    removed, undo = parts["history_removed"], parts["history_undo"]

    def renamed(chosen: str | None, name: str, wanted: str, language: Language) -> list[Any]:
        try:
            if chosen:
                book.rename(chosen, name or "")
        except PolicyQAError as error:
            gr.Warning(error.message)
            return [gr.skip()] * 3
        return ["", *_listed(book, wanted, chosen, language)]

    def taken_out(chosen: str | None, wanted: str, language: Language) -> list[Any]:
        if chosen:
            book.remove(chosen)
        return [chosen or "", gr.update(visible=bool(chosen)), *_listed(book, wanted, None, language)]

    def brought_back(gone: str, wanted: str, language: Language) -> list[Any]:
        if gone:
            book.restore(gone)
        return ["", gr.update(visible=False), *_listed(book, wanted, gone, language)]

    gr.on(
        [parts["history_rename"].click, title.submit], renamed, [pick, title, find, toggle], [title, *shown], **_QUIET
    )
    parts["history_remove"].click(taken_out, [pick, find, toggle], [removed, undo, *shown], **_QUIET)
    undo.click(brought_back, [removed, find, toggle], [removed, undo, *shown], **_QUIET)


def _wire_words(parts: Mapping[str, Any], tab: "gr.Tab") -> None:
    import gradio as gr

    def relabelled(language: Language) -> list[Any]:
        hints = [gr.update(placeholder=words(language, name)) for name in ("history_find", "history_title")]
        return [*(words(language, name) for name in _WORDED), *hints, gr.update(label=words(language, "history"))]

    worded = [*(parts[name] for name in (*_WORDED, "history_find", "history_title")), tab]
    parts["toggle"].change(relabelled, parts["toggle"], worded, queue=False, **_QUIET)


def choices_of(book: History, wanted: str) -> list[tuple[str, str]]:
    """(what is shown, id) of the kept conversations, the one last used first; a title said twice is told apart by its time."""
    return [(f"{kept.title}  ·  {kept.updated[:16].replace('T', ' ')}", kept.id) for kept in book.conversations(wanted)]


def _beginning(answer: Answer) -> str:
    """How an answer begins, without its markup: its lead, or its first sentences where that is a table or a heading."""
    first = next((line for line in answer.text.splitlines() if line.strip()), "")
    marked = first.startswith(("|", "**", "- ")) and answer.sentences
    text = " ".join(s.text for s in answer.sentences[:3]) if marked else first
    return " ".join(text.replace("**", "").replace("\\", "").split())[:160]


def preview_html(book: History, conversation: str | None, language: Language) -> str:
    """The questions of a conversation with how each answer begins, and links to its evidence pack."""
    if not conversation:
        return f'<p class="pq-note">{escape(words(language, "history_none"))}</p>'
    rows = []
    for exchange in book.exchanges(conversation):
        begin = _beginning(exchange.answer) if exchange.answer else exchange.error or words(language, "unanswered")
        rated = words(language, f"do_{exchange.rating}") if exchange.rating else ""
        told = " · ".join(filter(None, [rated, exchange.reason]))
        note = f"<small>{escape(told)}</small>" if told else ""
        rows.append(f"<li><strong>{escape(exchange.question)}</strong><small>{escape(begin)}</small>{note}</li>")
    links = " · ".join(
        f'<a href="/export/{conversation}.{suffix}" download>{escape(words(language, f"export_{suffix}"))}</a>'
        for suffix in ("docx", "md")
    )
    return f'<p class="pq-export">{links}</p><ol class="pq-history-list">{"".join(rows)}</ol>'
