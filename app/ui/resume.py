"""A tab that was loaded anew (F5, a lost connection, a restarted server) takes its conversation up again from the history."""

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.history.book import History
from app.types import Language
from app.ui.chat import Conversation
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine

log = logging.getLogger(__name__)
_ID = re.compile(r"c[0-9a-f]{16}")


def resumed(engine: "Engine", book: History, conversation: str, language: Language) -> Conversation | None:
    """Return the conversation that a tab showed, None where it had none or nothing of it is kept."""
    if not _ID.fullmatch(conversation or ""):
        return None
    try:
        kept = book.exchanges(conversation)
    except PolicyQAError as error:
        log.warning("the history did not give a conversation: %s", error)
        return None
    return Conversation.reopened(engine, conversation, kept, language) if kept else None


def taken_up(engine: "Engine", book: History | None, now: Conversation, shown: str, language: Language) -> Conversation:
    """Return the conversation that a tab shows, where the server has forgotten it: it was started anew in between."""
    if book is None or now.exchanges:
        return now
    return resumed(engine, book, shown, language) or now


def wire_resume(engine: "Engine", book: History, page: "gr.Blocks", parts: Mapping[str, Any]) -> Any:
    """Connect to the page's loading; return that event. What the tab remembers comes from connection.js."""
    import gradio as gr

    def loaded(conversation: str, language: Language) -> list[Any]:
        again = resumed(engine, book, conversation, language)
        if again is None:
            return [gr.skip()] * 5
        return [again, again.messages(language), again.sources(language), again.id, gr.update(visible=False)]

    shown = [parts[name] for name in ("conversation", "chatbot", "sources", "shown", "examples_box")]
    return page.load(
        loaded, [parts["shown"], parts["toggle"]], shown, js="(_, language) => pqTab(language)",
        show_progress="hidden", api_visibility="private", queue=False,
    )  # fmt: skip
