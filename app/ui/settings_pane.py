"""The settings pane: looks, the state of models and index, keys, and what is kept where. Everything is escaped."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.types import Language
from app.ui.cards import escape
from app.ui.feedback_pane import CANDIDATES
from app.ui.strings import words

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.history.book import History
    from app.settings import Settings

THEMES = ("system", "light", "dark")
_KEYS = (
    ("Enter", "key_enter"), ("Shift + Enter", "key_shift_enter"), ("Esc", "key_escape"), ("/", "key_slash"), ("↑", "key_up"),
    ("Tab", "key_tab"),
)  # fmt: skip
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


def settings_pane(language: Language) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring."""
    import gradio as gr

    with gr.Column(elem_id="pq-settings"):
        looks = gr.HTML(_heading("settings_looks", language))
        theme = gr.Radio(
            _themes(language), value="system", label=words(language, "settings_theme"), elem_id="pq-theme", container=False,
            show_label=False,
        )  # fmt: skip
        here = gr.HTML(_note("settings_kept_here", language))
        status = gr.HTML("", elem_id="pq-status", padding=False)
        check = gr.Button(words(language, "settings_check"), size="sm", scale=0, min_width=120, elem_id="pq-check")
        rest = gr.HTML("", elem_id="pq-about", padding=False)
    return {
        "settings_looks": looks, "theme": theme, "settings_here": here, "settings_status": status,
        "settings_check": check, "settings_rest": rest,
    }  # fmt: skip


def wire_settings(
    engine: "Engine", book: "History | None", settings: "Settings | None", parts: Mapping[str, Any], page: "gr.Blocks",
    tab: "gr.Tab",
) -> None:  # fmt: skip
    """Connect the pane. Without `settings` it tells nothing of files and models: the page may be open to other machines."""
    import gradio as gr

    from app.doctor import examine

    toggle, theme, check, status = (parts[n] for n in ("toggle", "theme", "settings_check", "settings_status"))

    def examined(language: Language) -> str:
        return status_html(examine(settings, engine.describe(), language), language) if settings else ""

    def about(language: Language) -> list[Any]:
        added = settings.library if settings else None
        places = {
            "data_store": str(engine.describe()["store"]),
            "data_library": str(added.absolute()) if added else words(language, "data_no_library"),
            "data_history": str(book.path.absolute()) if book else words(language, "data_off"),
            "data_candidates": str(book.path.absolute().with_name(CANDIDATES)) if book else words(language, "data_off"),
        }  # fmt: skip
        return [
            _heading("settings_looks", language), _note("settings_kept_here", language),
            keys_html(language) + data_html(places if settings else {}, language),
            gr.update(choices=_themes(language), label=words(language, "settings_theme")),
            gr.update(value=words(language, "settings_check"), visible=settings is not None),
            gr.update(label=words(language, "settings")),
        ]  # fmt: skip

    worded = [parts["settings_looks"], parts["settings_here"], parts["settings_rest"], theme, check, tab]
    gr.on([page.load, toggle.change], about, toggle, worded, queue=False, **_QUIET)
    # Asking a model's server may take seconds: only where someone looks.
    gr.on([tab.select, check.click], examined, toggle, status, **{**_QUIET, "show_progress": "minimal"})
    toggle.change(lambda: "", None, status, queue=False, **_QUIET)
    # The browser keeps it (kept.js); the page sets it and the language when it has loaded.
    theme.input(None, theme, None, js="(choice) => { window.policyqaKept.theme(choice); }", **_QUIET)


def status_html(report: Mapping[str, Any], language: Language) -> str:
    """Return doctor's report: what works in words and sign, not by colour alone. Keys are not in it."""
    rows = []
    for part in report["parts"]:
        sign, kind = ("✓", "ok") if part["ok"] else ("✗", "missing")
        state = f'<span class="pq-state-{kind}">{sign} {escape(words(language, f"status_{kind}"))}</span>'
        rows.append((escape(part["name"]), f"{state} {escape(part['detail'])}"))
    facts = {name: report[name] for name in ("version", "python", "platform")}
    line = f'<p class="pq-note">{escape(words(language, "settings_version", **facts))}</p>'
    return _heading("settings_status", language) + line + _table(rows)


def keys_html(language: Language) -> str:
    """Return the keys that the page knows."""
    rows = [(f"<kbd>{escape(key)}</kbd>", escape(words(language, name))) for key, name in _KEYS]
    return _heading("settings_keys", language) + _table(rows)


def data_html(places: Mapping[str, str], language: Language) -> str:
    """Return what is kept where, by the key of its name; without places, that they are not shown."""
    heading = _heading("settings_data", language)
    if not places:
        return heading + _note("data_hidden", language)
    table = _table([(escape(words(language, name)), escape(place)) for name, place in places.items()])
    return heading + table + _note("data_how", language) + _note("data_local", language)


def _themes(language: Language) -> list[tuple[str, str]]:
    return [(words(language, f"theme_{name}"), name) for name in THEMES]


def _heading(key: str, language: Language) -> str:
    return f'<h2 class="pq-pane-title">{escape(words(language, key))}</h2>'


def _note(key: str, language: Language) -> str:
    return f'<p class="pq-note">{escape(words(language, key))}</p>'


def _table(rows: Sequence[tuple[str, str]]) -> str:
    body = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in rows)
    return f'<div class="pq-table"><table class="pq-facts">{body}</table></div>'
