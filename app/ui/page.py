"""The Gradio page: layout and wiring. What it shows comes from chat (messages) and cards (sources) as HTML."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.background import in_background
from app.ui.cards import escape
from app.ui.chat import Conversation, ask
from app.ui.compare_pane import compare_pane, wire_compare
from app.ui.feedback_pane import Editing, at_rest, feedback_pane, wire_feedback
from app.ui.history_pane import history_pane, wire_history
from app.ui.library_pane import library_pane, wire_library
from app.ui.message import inert
from app.ui.resume import taken_up, wire_resume
from app.ui.settings_pane import settings_pane, wire_settings
from app.ui.source_words import PAGE_WORDS
from app.ui.strings import DEFAULT_LANGUAGE, STRINGS, words
from app.understanding.plain import MAX_TYPED

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library
    from app.settings import Settings

EXAMPLES = 4
CONCURRENCY = 4  # questions answered at once; Gradio's own default is one
QUEUE = 64  # questions that may wait
_HERE = Path(__file__).parent
_SCRIPTS = ("kept.js", "page.js", "viewer.js", "connection.js", "chat.js", "library.js", "plot.js")
_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
# System fonts only: nothing is fetched, and Chinese text gets the reader's own font.
_FONTS = ("system-ui", "-apple-system", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")


def page_options(kept: bool = False) -> dict[str, Any]:
    """Return looks and scripts of the page, as keyword arguments of gr.mount_gradio_app. All are local files.

    `kept` is whether a history keeps the conversations.
    """
    import gradio as gr

    known: dict[str, Any] = {
        code: {**PAGE_WORDS[code], **{k: v for k, v in STRINGS[code].items() if k.startswith("js_")}} for code in _NAMES
    }
    told = json.dumps({**known, "kept": kept}, ensure_ascii=False).replace("<", "\\u003c")
    scripts = [(_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    return {
        "theme": gr.themes.Default(
            primary_hue="blue", neutral_hue="slate", font=_FONTS, font_mono=("ui-monospace", "monospace")
        ),
        "css_paths": [_HERE / "style.css"],
        "head": "".join(f"<script>{script}</script>" for script in (f"const PQ_WORDS = {told};", *scripts)),
        "footer_links": [],
    }  # fmt: skip


def build_page(
    engine: "Engine",
    book: "History | None" = None,
    library: "Library | None" = None,
    settings: "Settings | None" = None,
) -> "gr.Blocks":
    """Return the page for an engine: chat on the left, the sources of the answer on the right.

    Without a `library` it shows what is indexed and changes nothing. Without `settings` it tells nothing of files and
    models: it may be open to other machines.
    """
    import gradio as gr

    language = DEFAULT_LANGUAGE
    with gr.Blocks(title=words(language, "title"), fill_width=True, fill_height=True) as page:
        # The choice is apart from the conversation, which an answer under way would write back over it.
        parts = {
            "conversation": gr.State(lambda: Conversation()),
            "chosen": gr.State(None),
            # Id of the conversation in the tab: the browser knows it when the server forgot.
            "shown": gr.Textbox(visible=False),
            **_header(engine, language),
        }
        with gr.Tabs(elem_id="pq-tabs") as tabs:
            with (
                gr.Tab(words(language, "ask_tab"), id="ask") as ask_tab,
                gr.Row(elem_id="pq-panes", equal_height=False),
            ):
                with gr.Column(scale=3, min_width=320, elem_id="pq-chat-pane"):
                    parts |= _chat_pane(engine, language)
                with gr.Column(scale=2, min_width=320, elem_id="pq-source-pane"):
                    parts["sources_title"] = gr.HTML(_pane_title(language))
                    parts["sources"] = gr.HTML(Conversation().sources(language), elem_id="pq-sources")
            with gr.Tab(words(language, "compare"), id="compare") as compare_tab:
                parts |= compare_pane(language)
            with gr.Tab(words(language, "library"), id="library") as library_tab:
                parts |= library_pane(language, library is not None)
            if book is not None:
                with gr.Tab(words(language, "history"), id="history") as history_tab:
                    parts |= history_pane(language)
            with gr.Tab(words(language, "settings"), id="settings") as settings_tab:
                parts |= settings_pane(language)
        parts |= {"ask_tab": ask_tab}
        _wire(engine, parts, book)
        wire_compare(engine, parts, compare_tab)
        wire_settings(engine, book, settings, parts, page, settings_tab)
        wire_library(engine, library, parts, library_tab)
        parts["library"].submit(
            lambda language: _title(engine, language), parts["toggle"], parts["title"], api_visibility="private"
        )
        if book is not None:
            wire_history(engine, book, parts, tabs, history_tab)
            wire_resume(engine, book, page, parts)
    page.queue(max_size=QUEUE, default_concurrency_limit=CONCURRENCY)
    return page


def _header(engine: "Engine", language: Language) -> dict[str, Any]:
    import gradio as gr

    with gr.Row(elem_id="pq-header"):
        title = gr.HTML(_title(engine, language), elem_id="pq-title")
        clear = gr.Button(words(language, "clear"), elem_id="pq-clear", size="sm", scale=0, min_width=72)
        toggle = gr.Radio(
            [(name, code) for code, name in _NAMES.items()], value=language, label=words(language, "language"),
            show_label=False, container=False, elem_id="pq-language", scale=0, min_width=100,
        )  # fmt: skip
    return {"title": title, "clear": clear, "toggle": toggle}


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


def _wire(engine: "Engine", parts: dict[str, Any], book: "History | None") -> None:
    """Connect the parts. Every handler returns {part: new value} for the parts that it changes."""
    import gradio as gr

    conversation, chosen, question, examples = (parts[n] for n in ("conversation", "chosen", "question", "examples"))
    names = ("conversation", "chatbot", "sources", "question", "send", "stop", "examples_box", "editing", "editing_box")
    shown = [parts[name] for name in (*names, "reason_box", "shown")]

    async def run(
        text: str, state: Conversation, choice: Language | None, editing: Editing | None, tab: str
    ) -> AsyncIterator[dict[Any, Any]]:
        state = taken_up(engine, book, state, tab, choice or DEFAULT_LANGUAGE)
        instead = editing.key if editing and editing.conversation == state.id else ""
        async for update in _run(engine, parts, text, state, choice, book, instead):
            yield update

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    limits = {"concurrency_limit": CONCURRENCY, "concurrency_id": "ask", **quiet}
    asked = [conversation, chosen, parts["editing"], parts["shown"]]
    asking = [
        gr.on([question.submit, parts["send"].click], run, [question, *asked], shown, trigger_mode="once", **limits)
    ]
    asking += [button.click(run, [button, *asked], shown, **limits) for button in examples]
    asking += wire_feedback(engine, book, parts, run, shown, **limits)
    parts["stop"].click(
        lambda state, choice: _rest(parts, state.stopped(), choice),
        [conversation, chosen], shown, cancels=asking, queue=False, **quiet,
    )  # fmt: skip
    parts["clear"].click(
        lambda state, choice: {**_rest(parts, state.cleared(), choice), parts["examples_box"]: gr.update(visible=True)},
        [conversation, chosen], shown, cancels=asking, queue=False, **quiet,
    )  # fmt: skip
    worded = (
        "chosen", "sources", "toggle", "title", "chatbot", "question", "send", "stop", "clear", "examples_title",
        "sources_title", "ask_tab",
    )  # fmt: skip
    parts["toggle"].change(
        lambda code, state: _relabel(engine, parts, "en" if code == "en" else "zh", state),
        [parts["toggle"], conversation], [*(parts[name] for name in worded), *examples],
        queue=False, **quiet,
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
    async for now in in_background(lambda: ask(engine, state, (text or "")[:MAX_TYPED], choice, book, instead)):
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
    """Return every word of the interface in another language; messages stay in the language in which they were said."""
    import gradio as gr

    update: dict[Any, Any] = {
        parts["chosen"]: language,
        parts["sources"]: gr.skip() if state.exchanges else state.sources(language),
        parts["title"]: _title(engine, language),
        parts["toggle"]: gr.update(label=words(language, "language")),
        parts["chatbot"]: gr.update(
            label=words(language, "chat"),
            placeholder=_welcome(language),
            **({} if state.pending else {"value": state.messages(language)}),
        ),
        parts["question"]: gr.update(label=words(language, "question"), placeholder=words(language, "placeholder")),
        parts["examples_title"]: _examples_title(language),
        parts["sources_title"]: _pane_title(language),
        parts["ask_tab"]: gr.update(label=words(language, "ask_tab")),
    }
    update |= {parts[name]: words(language, name) for name in ("send", "stop", "clear")}
    buttons = zip(parts["examples"], _example_buttons(engine, language), strict=True)
    return update | {button: gr.update(**shown) for button, shown in buttons}


def _example_buttons(engine: "Engine", language: Language) -> list[dict[str, Any]]:
    found = engine.examples(language)[:EXAMPLES]
    missing = EXAMPLES - len(found)
    return [{"value": text, "visible": True} for text in found] + [{"value": "", "visible": False}] * missing


def _title(engine: "Engine", language: Language) -> str:
    status = words(language, "status", documents=engine.describe()["documents"])
    return (
        f"<h1>{escape(words(language, 'title'))}</h1>"
        f'<p><span>{escape(words(language, "tagline"))}</span><span class="pq-status">{escape(status)}</span></p>'
    )


def _welcome(language: Language) -> str:
    title, hint = inert(words(language, "welcome")), inert(words(language, "welcome_hint"))
    return f'<div class="pq-welcome"><strong>{title}</strong><br>{hint}</div>'


def _examples_title(language: Language) -> str:
    return f'<span class="pq-small">{escape(words(language, "examples"))}</span>'


def _pane_title(language: Language) -> str:
    return f'<h2 class="pq-pane-title">{escape(words(language, "sources"))}</h2>'
