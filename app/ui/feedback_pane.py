"""What a reader does with a message: rate it and say why, turn it into a test, edit its question, ask again."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.history.book import MAX_REASON, History
from app.history.candidate import append, candidate
from app.types import Language
from app.ui.cards import escape
from app.ui.chat import Conversation, Exchange
from app.ui.resume import taken_up
from app.ui.strings import DEFAULT_LANGUAGE, words
from ingest.errors import InputError, PolicyQAError

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.records import Rating

CANDIDATES = "candidates.jsonl"  # beside the history's file
# chat.js calls it: "select" with {do, key} for what is done at once, "submit" with {key} for asking again.
_BRIDGE = "window.policyqaAct = (event, data) => trigger(event, data);"
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Run = Callable[[str, Conversation, Language | None, "Editing | None", str], AsyncIterator[dict[Any, Any]]]


@dataclass(frozen=True, slots=True)
class Editing:
    """The question that the next one takes the place of; only in the conversation in which it was chosen."""

    conversation: str
    key: str


def feedback_pane(language: Language) -> dict[str, Any]:
    """Build the two lines above the question box, both hidden until they are needed, and the page's ear for messages."""
    import gradio as gr

    with gr.Row(elem_id="pq-editing", visible=False, equal_height=True) as editing_box:
        note = gr.HTML("", elem_id="pq-editing-note")
        cancel = gr.Button(words(language, "editing_cancel"), size="sm", min_width=72, elem_id="pq-editing-cancel")
    with gr.Row(elem_id="pq-reason", visible=False, equal_height=True) as reason_box:
        reason = gr.Textbox(
            label=words(language, "reason_down"), placeholder=words(language, "reason_down"), show_label=False, lines=1,
            max_lines=1, max_length=MAX_REASON, container=False, scale=8, min_width=160, elem_id="pq-reason-text",
        )  # fmt: skip
        save = gr.Button(words(language, "reason_save"), size="sm", min_width=64, elem_id="pq-reason-save")
        close = gr.Button(words(language, "reason_close"), size="sm", min_width=64, elem_id="pq-reason-close")
    return {
        "editing_box": editing_box, "editing_note": note, "editing_cancel": cancel, "editing": gr.State(None),
        "reason_box": reason_box, "reason": reason, "reason_save": save, "reason_close": close, "rated": gr.State(("", "")),
        "bridge": gr.HTML("", elem_id="pq-bridge", visible="hidden", js_on_load=_BRIDGE),
    }  # fmt: skip


def wire_feedback(
    engine: "Engine", book: History | None, parts: Mapping[str, Any], run: Run, shown: list[Any], **asking: Any
) -> list[Any]:
    """Connect it; return the events that answer a question, for the stop button. `run` asks, `shown` is what it changes."""
    import gradio as gr

    bridge, state = parts["bridge"], [parts["conversation"], parts["chosen"], parts["shown"]]
    names = ("question", "editing", "editing_box", "editing_note", "reason_box", "reason", "rated")
    changed = [parts["conversation"], parts["chatbot"], *(parts[name] for name in names)]

    def act(now: Conversation, choice: Language | None, tab: str, event: gr.EventData) -> dict[Any, Any]:
        """Do what a message's button says; what the browser sends is checked against the conversation."""
        language = choice or DEFAULT_LANGUAGE
        now = taken_up(engine, book, now, tab, language)
        exchange = now.find(_key(event))
        if exchange is None:
            gr.Warning(words(language, "not_here"), title=words(language, "warned"))
        if exchange is None or now.pending:
            return {parts["rated"]: gr.skip()}
        return _act(book, parts, now, language, exchange, str(event._data.get("do")))

    async def again(
        now: Conversation, choice: Language | None, tab: str, event: gr.EventData
    ) -> AsyncIterator[dict[Any, Any]]:
        now = taken_up(engine, book, now, tab, choice or DEFAULT_LANGUAGE)
        exchange = now.find(_key(event))
        if exchange is None or now.pending or not exchange.question:
            return
        async for update in run(exchange.question, now, choice, Editing(now.id, exchange.key), now.id):
            yield update

    bridge.select(act, state, changed, **_QUIET)
    _wire_reason(book, parts)
    parts["editing_cancel"].click(
        lambda: [None, gr.update(visible=False), ""],
        None, [parts["editing"], parts["editing_box"], parts["question"]], queue=False, **_QUIET,
    )  # fmt: skip
    # Another conversation, or other words: what was begun in these lines is over.
    over = [parts[name].click for name in ("clear", "history_open") if name in parts] + [parts["toggle"].change]
    gr.on(over, lambda: at_rest(parts), None, list(at_rest(parts)), queue=False, **_QUIET)
    _wire_words(parts)
    return [bridge.submit(again, state, shown, **asking)]


def at_rest(parts: Mapping[str, Any]) -> dict[Any, Any]:
    """Return what both lines show when nothing is edited or rated: nothing."""
    import gradio as gr

    return {
        parts["editing"]: None,
        parts["editing_box"]: gr.update(visible=False),
        parts["reason_box"]: gr.update(visible=False),
    }


def _key(event: "gr.EventData") -> str:
    return str(event._data.get("key")) if isinstance(event._data, dict) else ""


def _act(
    book: History | None, parts: Mapping[str, Any], now: Conversation, language: Language, exchange: Exchange, do: str
) -> dict[Any, Any]:
    import gradio as gr

    try:
        if do == "edit":
            return _edited(parts, now, language, exchange)
        if book is not None and exchange.kept and do in {"up", "down"}:
            return _rated(book, parts, now, language, exchange, "up" if do == "up" else "down")
        if book is not None and exchange.kept and do == "propose":
            gr.Info(propose(book, exchange.kept, language), title=words(language, "told"))
            return _shown(parts, now.marked(exchange.number, exchange.rating, True), language)
    except PolicyQAError as error:
        gr.Warning(escape(str(error)), title=words(language, "warned"))
    return {parts["rated"]: gr.skip()}


def propose(book: History, exchange: str, language: Language) -> str:
    """Write an answer down as a test for review, beside the history's file; return what to tell the reader, as HTML.

    Raises InputError for an answer that is not kept, or a file that cannot be written.
    """
    kept = book.exchange(exchange)
    if kept is None:
        raise InputError("找不到这次问答的记录")
    target = book.path.with_name(CANDIDATES)
    added = append(target, candidate(kept, book.before(exchange), book.figures(exchange)))
    return escape(words(language, "proposed" if added else "proposed_before", path=target))


def _edited(parts: Mapping[str, Any], now: Conversation, language: Language, exchange: Exchange) -> dict[Any, Any]:
    import gradio as gr

    position = sum(bool(e.question) for e in now.exchanges if e.number <= exchange.number)
    said = words(language, "editing", number=position)
    return {
        parts["question"]: gr.update(value=exchange.question), parts["editing"]: Editing(now.id, exchange.key),
        parts["editing_box"]: gr.update(visible=True), parts["reason_box"]: gr.update(visible=False),
        parts["editing_note"]: gr.update(value=f'<span class="pq-small">{escape(said)}</span>'),
    }  # fmt: skip


def _rated(
    book: History, parts: Mapping[str, Any], now: Conversation, language: Language, exchange: Exchange, rating: "Rating"
) -> dict[Any, Any]:
    """Keep a thumb at once, the reason may follow; the same thumb again takes it back."""
    import gradio as gr

    given: Rating = "" if exchange.rating == rating else rating
    book.rate(exchange.kept, given)
    label = words(language, f"reason_{rating}")
    return {
        **_shown(parts, now.marked(exchange.number, given, exchange.proposed), language),
        parts["rated"]: (exchange.kept, given),
        parts["reason"]: gr.update(value="", label=label, placeholder=label),
        parts["reason_box"]: gr.update(visible=bool(given)),
    }


def _shown(parts: Mapping[str, Any], now: Conversation, language: Language) -> dict[Any, Any]:
    import gradio as gr

    return {parts["conversation"]: now, parts["chatbot"]: gr.update(value=now.messages(language))}


def _wire_reason(book: History | None, parts: Mapping[str, Any]) -> None:
    import gradio as gr

    def kept(text: str, rated: "tuple[str, Rating]", choice: Language | None) -> Any:
        (exchange, rating), language = rated, choice or DEFAULT_LANGUAGE
        try:
            if book is not None and exchange and (text or "").strip():
                book.rate(exchange, rating, text.strip())
                gr.Info(words(language, "reason_kept"), title=words(language, "told"))
        except PolicyQAError as error:
            gr.Warning(escape(str(error)), title=words(language, "warned"))
            return gr.skip()
        return gr.update(visible=False)

    reason = [parts["reason"], parts["rated"], parts["chosen"]]
    gr.on([parts["reason_save"].click, parts["reason"].submit], kept, reason, parts["reason_box"], **_QUIET)
    parts["reason_close"].click(lambda: gr.update(visible=False), None, parts["reason_box"], queue=False, **_QUIET)


def _wire_words(parts: Mapping[str, Any]) -> None:
    names = ("editing_cancel", "reason_save", "reason_close")
    parts["toggle"].change(
        lambda language: [words(language, name) for name in names],
        parts["toggle"], [parts[name] for name in names], queue=False, **_QUIET,
    )  # fmt: skip
