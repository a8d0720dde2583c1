"""The ask pane: the conversation on the left, the sources of the answer on the right; asking, stopping, beginning anew."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.asker import as_asked
from app.ui.background import in_background
from app.ui.cards import escape
from app.ui.chat import Conversation, ask
from app.ui.feedback_pane import Editing, at_rest, feedback_pane, wire_feedback
from app.ui.message import inert
from app.ui.resume import taken_up
from app.ui.strings import DEFAULT_LANGUAGE, words
from app.understanding.plain import MAX_TYPED

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.book import History

EXAMPLES = 4
CONCURRENCY = 4  # questions answered at once; Gradio's own default is one
ASKING = "ask"  # the queue that they wait in
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


def ask_pane(engine: "Engine", language: Language) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring."""
    import gradio as gr

    with gr.Row(elem_id="pq-panes", equal_height=False):
        with gr.Column(scale=3, min_width=320, elem_id="pq-chat-pane"):
            parts = _chat_pane(engine, language)
        with gr.Column(scale=2, min_width=320, elem_id="pq-source-pane"):
            parts["sources_title"] = gr.HTML(_pane_title(language))
            parts["sources"] = gr.HTML(Conversation().sources(language), elem_id="pq-sources")
    return parts


def _chat_pane(engine: "Engine", language: Language) -> dict[str, Any]:
    import gradio as gr

    chatbot = gr.Chatbot(
        label=words(language, "chat"), show_label=False, elem_id="pq-chat", placeholder=_welcome(language),
        sanitize_html=True, allow_tags=False, latex_delimiters=[], buttons=[], layout="bubble", height="100%",
        feedback_options=None, allow_file_downloads=False, group_consecutive_messages=False,
    )  # fmt: skip
    with gr.Column(elem_id="pq-examples", min_width=0) as examples_box:
        examples_title = gr.HTML(_examples_title(language))
        with gr.Row(elem_id="pq-example-row"):
            examples = [gr.Button(size="sm", min_width=60, **shown) for shown in _example_buttons(engine, language)]
    parts = feedback_pane(language)
    with gr.Row(elem_id="pq-ask", equal_height=True):
        question = gr.Textbox(
            label=words(language, "question"), placeholder=words(language, "placeholder"), show_label=False, lines=1,
            max_lines=6, max_length=MAX_TYPED, elem_id="pq-question", scale=8, min_width=160, container=False,
            autofocus=True,
        )  # fmt: skip
        send = gr.Button(words(language, "send"), variant="primary", elem_id="pq-send", min_width=72)
        stop = gr.Button(words(language, "stop"), variant="stop", elem_id="pq-stop", min_width=72, visible=False)
    return {
        "chatbot": chatbot, "examples_box": examples_box, "examples_title": examples_title, "examples": examples,
        "question": question, "send": send, "stop": stop, **parts,
    }  # fmt: skip


def wire_ask(
    engine: "Engine", book: "History | None", parts: dict[str, Any], tab: "gr.Tab", page: "gr.Blocks | None" = None
) -> None:
    """Connect the pane. Every handler returns {part: new value} for the parts that it changes.

    With a `page` the examples are found when it has loaded: they are those of whoever asks.
    """
    import gradio as gr

    conversation, chosen, question, examples = (parts[n] for n in ("conversation", "chosen", "question", "examples"))
    names = ("conversation", "chatbot", "sources", "question", "send", "stop", "examples_box", "editing", "editing_box")
    shown = [parts[name] for name in (*names, "reason_box", "shown")]

    async def run(
        text: str, state: Conversation, choice: Language | None, editing: Editing | None, tab: str
    ) -> AsyncIterator[dict[Any, Any]]:
        state = taken_up(engine, book, state, tab, choice or DEFAULT_LANGUAGE)
        if not (text or "").strip() and state.exchanges and state.exchanges[-1].question:
            yield _rest(parts, state, choice)  # Enter pressed twice: the question is asked, the box is empty
            return
        instead = editing.key if editing and editing.conversation == state.id else ""
        async for update in _run(engine, parts, text, state, choice, book, instead):
            yield update

    limits = {"concurrency_limit": CONCURRENCY, "concurrency_id": ASKING, **_QUIET}
    asked = [conversation, chosen, parts["editing"], parts["shown"]]
    # A question sent in the moment in which an answer ends is asked after it: "once" would drop it without a word.
    sent = [question.submit, parts["send"].click]
    asking = [gr.on(sent, run, [question, *asked], shown, trigger_mode="always_last", **limits)]
    asking += [button.click(run, [button, *asked], shown, **limits) for button in examples]
    asking += wire_feedback(engine, book, parts, run, shown, **limits)
    parts["stop"].click(
        lambda state, choice: _rest(parts, state.stopped(), choice),
        [conversation, chosen], shown, cancels=asking, queue=False, **_QUIET,
    )  # fmt: skip
    parts["clear"].click(
        lambda state, choice: {**_rest(parts, state.cleared(), choice), parts["examples_box"]: gr.update(visible=True)},
        [conversation, chosen], shown, cancels=asking, queue=False, **_QUIET,
    )  # fmt: skip
    if page is not None:
        page.load(
            lambda language: [gr.update(**shown) for shown in _example_buttons(engine, language)],
            parts["toggle"], examples, queue=False, **_QUIET,
        )  # fmt: skip
    names = ("chosen", "sources", "chatbot", "question", "send", "stop", "clear", "examples_title", "sources_title")
    parts["toggle"].change(
        lambda language, state: {**_relabel(engine, parts, language, state), tab: gr.update(label=words(language, "ask_tab"))},
        [parts["toggle"], conversation], [*(parts[name] for name in names), *examples, tab], queue=False, **_QUIET,
    )  # fmt: skip


async def _run(
    engine: "Engine",
    parts: dict[str, Any],
    text: str,
    state: Conversation,
    choice: Language | None,
    book: "History | None",
    instead: str = "",
) -> AsyncIterator[dict[Any, Any]]:
    import gradio as gr

    # Values go as updates throughout: a plain one after a skipped one leaves Gradio one more copy of the component's
    # settings in the session, value and all, for every question (gradio 6.31, Blocks.postprocess_data).
    now, first = state, True
    asked = as_asked(lambda: ask(engine, state, (text or "")[:MAX_TYPED], choice, book, instead))
    async for now in in_background(asked):
        update = {
            parts["conversation"]: now,
            parts["chatbot"]: gr.update(value=now.messages(choice or DEFAULT_LANGUAGE)),
        }
        if first:
            update |= at_rest(parts) | {
                parts["sources"]: gr.update(value=now.sources(choice or DEFAULT_LANGUAGE)),
                parts["shown"]: gr.update(value=now.id), parts["question"]: gr.update(value=""),
                parts["examples_box"]: gr.update(visible=False),
                parts["send"]: gr.update(visible=False), parts["stop"]: gr.update(visible=True),
            }  # fmt: skip
            first = False
        yield update
    yield _rest(parts, now, choice)


def _rest(parts: dict[str, Any], state: Conversation, choice: Language | None) -> dict[Any, Any]:
    """Return what the page shows when no answer is under way."""
    import gradio as gr

    return {
        parts["conversation"]: state, parts["chatbot"]: gr.update(value=state.messages(choice or DEFAULT_LANGUAGE)),
        parts["sources"]: gr.update(value=state.sources(choice or DEFAULT_LANGUAGE)),
        parts["shown"]: gr.update(value=state.id if state.exchanges else ""),
        parts["send"]: gr.update(visible=True), parts["stop"]: gr.update(visible=False),
    }  # fmt: skip


def _relabel(engine: "Engine", parts: dict[str, Any], language: Language, state: Conversation) -> dict[Any, Any]:
    """Return every word of the pane in another language; what is said in stays in its language."""
    import gradio as gr

    update: dict[Any, Any] = {
        parts["chosen"]: language,
        parts["sources"]: gr.skip() if state.exchanges else state.sources(language),
        parts["chatbot"]: gr.update(
            label=words(language, "chat"),
            placeholder=_welcome(language),
            **({"value": state.messages(language)} if state.exchanges and not state.pending else {}),
        ),
        parts["question"]: gr.update(label=words(language, "question"), placeholder=words(language, "placeholder")),
        parts["examples_title"]: _examples_title(language),
        parts["sources_title"]: _pane_title(language),
    }
    update |= {parts[name]: words(language, name) for name in ("send", "stop", "clear")}
    buttons = zip(parts["examples"], _example_buttons(engine, language), strict=True)
    return update | {button: gr.update(**shown) for button, shown in buttons}


def _example_buttons(engine: "Engine", language: Language) -> list[dict[str, Any]]:
    found = engine.examples(language)[:EXAMPLES]
    missing = EXAMPLES - len(found)
    return [{"value": text, "visible": True} for text in found] + [{"value": "", "visible": False}] * missing


def _welcome(language: Language) -> str:
    title, hint = inert(words(language, "welcome")), inert(words(language, "welcome_hint"))
    return f'<div class="pq-welcome"><strong>{title}</strong><br>{hint}</div>'


def _examples_title(language: Language) -> str:
    return f'<span class="pq-small">{escape(words(language, "examples"))}</span>'


def _pane_title(language: Language) -> str:
    return f'<h2 class="pq-pane-title">{escape(words(language, "sources"))}</h2>'
