"""The Gradio page: its header, its tabs, its scripts. Each pane is built and connected in its own module."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.ask_pane import ASKING, CONCURRENCY, ask_pane, wire_ask
from app.ui.asker import asker, of_asker
from app.ui.cards import escape
from app.ui.chat import Conversation
from app.ui.compare_pane import compare_pane, wire_compare
from app.ui.history_pane import history_pane, wire_history
from app.ui.library_pane import library_pane, wire_library
from app.ui.no_files import take_no_files
from app.ui.resume import wire_resume
from app.ui.settings_pane import settings_pane, wire_settings
from app.ui.source_words import PAGE_WORDS
from app.ui.strings import DEFAULT_LANGUAGE, STRINGS, words

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library
    from app.settings import Settings

QUEUE = 64  # questions that may wait
SESSIONS = 200  # tabs that the server remembers, some 1 MB each; the longest unused goes first (Gradio: 10,000)
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
_HERE = Path(__file__).parent
_SCRIPTS = ("kept.js", "page.js", "viewer.js", "connection.js", "queue.js", "chat.js", "library.js", "plot.js")
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
    guarded: bool = False,
) -> "gr.Blocks":
    """Return the page for an engine: asking, comparing, the library, past conversations, settings.

    Without a `library` it shows what is indexed and changes nothing. Without `settings` it tells nothing of files and
    models: it may be open to other machines. Where access is checked (`guarded`) everyone has what is theirs: nothing is
    known of a reader while the page is built, so it is said when it has loaded.
    """
    import gradio as gr

    language = DEFAULT_LANGUAGE
    if guarded:
        engine, book, library = of_asker(engine, book, library)
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
            with gr.Tab(words(language, "ask_tab"), id="ask") as ask_tab:
                parts |= ask_pane(engine, language)
            with gr.Tab(words(language, "compare"), id="compare") as compare_tab:
                parts |= compare_pane(language)
            with gr.Tab(words(language, "library"), id="library") as library_tab:
                parts |= library_pane(language, library is not None)
            if book is not None:
                with gr.Tab(words(language, "history"), id="history") as history_tab:
                    parts |= history_pane(language)
            with gr.Tab(words(language, "settings"), id="settings") as settings_tab:
                parts |= settings_pane(language)
        _wire_header(engine, parts, page if guarded else None)
        wire_ask(engine, book, parts, ask_tab, page if guarded else None)
        wire_compare(engine, parts, compare_tab)
        wire_library(engine, library, parts, library_tab, page if guarded else None)
        begin = page.load
        if book is not None:
            wire_history(engine, book, parts, tabs, history_tab)
            begin = wire_resume(engine, book, page, parts).then
        wire_settings(engine, book, settings, parts, page, settings_tab)
        # After the conversation: a page said anew in the reader's language takes what it says from what is shown.
        begin(None, None, [parts["theme"], parts["toggle"]], js="() => window.policyqaKept.read()", **_QUIET)
    page.state_session_capacity = SESSIONS  # what is forgotten is taken up from the history, as after a restart
    page.queue(max_size=QUEUE, default_concurrency_limit=CONCURRENCY, api_open=False)
    take_no_files(page)
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


def _wire_header(engine: "Engine", parts: dict[str, Any], page: "gr.Blocks | None") -> None:
    """Say the title in the chosen language, with the number of documents as it is; with a `page` also when it has loaded."""
    import gradio as gr

    gr.on(
        [parts["toggle"].change, parts["library"].submit, *([page.load] if page else [])],
        lambda language: [_title(engine, language), gr.update(label=words(language, "language"))],
        parts["toggle"], [parts["title"], parts["toggle"]], queue=False, **_QUIET,
    )  # fmt: skip


def waiting(page: "gr.Blocks") -> int:
    """How many questions wait for their turn."""
    queue = page._queue.event_queue_per_concurrency_id.get(ASKING)
    return len(queue.queue) if queue is not None else 0


def _title(engine: "Engine", language: Language) -> str:
    status = words(language, "status", documents=engine.describe()["documents"])
    name = asker().name
    out = (
        f' · {escape(name)} · <a href="/logout?lang={language}">{escape(words(language, "sign_out"))}</a>'
        if name
        else ""
    )
    return (
        f"<h1>{escape(words(language, 'title'))}</h1>"
        f'<p><span>{escape(words(language, "tagline"))}</span><span class="pq-status">{escape(status)}{out}</span></p>'
    )
