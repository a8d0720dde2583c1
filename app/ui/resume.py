"""A tab keeps its conversation across a reload and a restart of the server: the browser remembers its id, the history the rest."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.chat import Conversation
from app.ui.strings import DEFAULT_LANGUAGE
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.book import History

_ID = re.compile(r"c[0-9a-f]{16}")
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


def resumed(
    engine: "Engine", book: "History | None", state: Conversation, known: str, language: Language
) -> Conversation:
    """Return the conversation that the tab had, where this server knows nothing of it any more, else `state`.

    `known` is what the browser sent, and not to be trusted: an id that the history does not have changes nothing.
    """
    if book is None or state.exchanges or state.asked or state.id == known or not _ID.fullmatch(known or ""):
        return state
    try:
        kept = book.exchanges(known)
    except PolicyQAError:
        return state  # the log has it; a new conversation is better than none
    return Conversation.reopened(engine, known, kept, language) if kept else state


def wire_resume(engine: "Engine", book: "History | None", parts: Mapping[str, Any], page: "gr.Blocks") -> None:
    """Show the tab's conversation again when the page has loaded; kept.js holds the id for as long as the tab lives."""
    import gradio as gr

    def opened(state: Conversation, known: str, choice: Language | None) -> list[Any]:
        language = choice or DEFAULT_LANGUAGE
        again = resumed(engine, book, state, known, language)
        if again is state:
            return [gr.skip()] * 4
        return [again, again.messages(language), again.sources(language), gr.update(visible=False)]

    tab, shown = parts["tab"], [parts[n] for n in ("conversation", "chatbot", "sources", "examples_box")]
    state = [parts["conversation"], tab, parts["chosen"]]
    page.load(
        opened, state, shown, js="(state, _, chosen) => [state, window.policyqaKept.conversation(), chosen]", **_QUIET
    )
    tab.change(None, tab, None, js="(id) => { window.policyqaKept.remember(id); }", **_QUIET)
