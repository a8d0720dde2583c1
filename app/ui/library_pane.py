"""The library pane: files and addresses in, documents found, described, read again, taken out. The lists are in library."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from app.library.facts import CHOSEN, FIELDS, MAX_TYPED, TYPED
from app.types import Language
from app.ui.cards import escape
from app.ui.library import FILTERS, MAX_WANTED, Row, Wanted, choices, details_html, library_html, named
from app.ui.library_adding import adding_html, work_html
from app.ui.strings import words
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine
    from app.library.library import Library

MAX_ADDRESSES = 50  # that are added at once
MAX_PASTED = 20_000  # characters of them
_BUTTONS = ("library_save", "library_again", "library_remove")
_TOLD = "() => document.dispatchEvent(new Event('pq-library-work'))"
_SHOWN = """() => setTimeout(() => {
  const title = document.querySelector(".pq-details-title");
  title?.focus({ preventScroll: true });
  title?.scrollIntoView({ block: window.innerWidth > 800 ? "nearest" : "start" });
}, 100)"""
# The list tells which document is clicked on, and is told where the library has changed.
_LIST = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-doc]");
  if (button) trigger("click", { doc: button.dataset.doc });
});
document.addEventListener("pq-library-changed", () => trigger("submit"));
"""
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Parts = Mapping[str, Any]


def library_pane(language: Language, may_change: bool = False) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring. Without `may_change` it only shows what is there."""
    import gradio as gr

    parts: dict[str, Any] = {
        "library_top": gr.HTML(adding_html(language, may_change), elem_id="pq-library-top", padding=False)
    }
    if may_change:
        with gr.Row(elem_id="pq-library-urls", equal_height=True) as parts["library_urls"]:
            parts["library_url"] = gr.Textbox(
                label=words(language, "library_url"), placeholder=words(language, "library_url"), show_label=False, lines=1,
                max_lines=6, max_length=MAX_PASTED, elem_id="pq-library-url", scale=4, min_width=200, container=False,
            )  # fmt: skip
            parts["library_fetch"] = gr.Button(
                words(language, "library_fetch"), scale=0, min_width=130, elem_id="pq-library-fetch"
            )
            parts["library_into"] = gr.Dropdown(
                [], value=None, label=words(language, "library_into"), visible=False, allow_custom_value=True, scale=1,
                min_width=150, elem_id="pq-library-into",
            )  # fmt: skip
        parts["library_work"] = gr.HTML(work_html(language), elem_id="pq-library-work", padding=False)
    with gr.Row(elem_id="pq-library-bar", equal_height=True):
        parts["library_find"] = gr.Textbox(
            label=words(language, "library_find"), placeholder=words(language, "library_find"), show_label=False, lines=1,
            max_lines=1, max_length=MAX_WANTED, elem_id="pq-library-find", scale=4, min_width=200, container=False,
        )  # fmt: skip
        for name in FILTERS:
            parts[f"filter_{name}"] = gr.Dropdown(
                choices([], name, language), value="", label=words(language, f"field_{name}"), show_label=False, scale=1,
                min_width=130, container=False, filterable=name == "region", elem_id=f"pq-filter-{name}",
            )  # fmt: skip
        parts["library_flagged"] = gr.Checkbox(
            label=words(language, "library_flagged"),
            elem_id="pq-library-flagged",
            scale=1,
            min_width=160,
            container=False,
        )
    with gr.Row(elem_id="pq-library-panes", equal_height=False):
        with gr.Column(scale=3, min_width=300):
            parts["library"] = gr.HTML("", elem_id="pq-library", padding=False, js_on_load=_LIST)
        with gr.Column(scale=2, min_width=300, visible=False, elem_id="pq-details") as details:
            parts |= _details(language, may_change)
    return parts | {"details": details, "opened": gr.State(None)}


def _details(language: Language, may_change: bool) -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {"details_view": gr.HTML("", elem_id="pq-details-view", padding=False)}
    if may_change:
        parts["details_said"] = gr.HTML("", elem_id="pq-details-said", padding=False)
        with gr.Column(elem_id="pq-form") as form:
            for name in TYPED:
                parts[f"form_{name}"] = gr.Textbox(
                    label=words(language, f"field_{name}"), max_length=MAX_TYPED, lines=1, max_lines=3 if name == "title" else 1,
                    elem_id=f"pq-form-{name}",
                )  # fmt: skip
            for name in CHOSEN:
                parts[f"form_{name}"] = gr.Dropdown(
                    _options(name, language), value="", label=words(language, f"field_{name}"), filterable=False,
                    elem_id=f"pq-form-{name}",
                )  # fmt: skip
            parts["library_save"] = gr.Button(
                words(language, "library_save"), variant="primary", elem_id="pq-library-save"
            )
        parts["form"] = form
        with gr.Row(elem_id="pq-details-buttons") as parts["details_buttons"]:
            parts["library_again"] = gr.Button(words(language, "library_again"), size="sm", min_width=90)
            parts["library_remove"] = gr.Button(
                words(language, "library_remove"), variant="stop", size="sm", min_width=90
            )
    parts["details_close"] = gr.Button(words(language, "details_close"), size="sm", elem_id="pq-details-close")
    return parts


def _options(name: str, language: Language) -> list[tuple[str, str]]:
    return [(words(language, "by_rule"), ""), *((named(name, value, language), value) for value in CHOSEN[name])]


def wire_library(
    engine: "Engine", library: "Library | None", parts: Parts, tab: "gr.Tab", page: "gr.Blocks | None" = None
) -> None:
    """Connect the pane to the engine's documents and, where they may be changed, to the library.

    With a `page` what only editors need is hidden from others when it has loaded.
    """
    import gradio as gr

    filters = [parts[f"filter_{name}"] for name in FILTERS]
    asked = [parts["library_find"], parts["library_flagged"], *filters, parts["toggle"]]
    gr.on(
        [parts["library_find"].change, parts["library_flagged"].change, *(f.input for f in filters)],
        lambda *values: _listed(engine.documents(), *values), asked, parts["library"], trigger_mode="always_last", **_QUIET,
    )  # fmt: skip
    gr.on(
        [tab.select, parts["library"].submit, parts["toggle"].change],
        lambda *values: _listed_anew(engine.documents(), *values), asked, [parts["library"], *filters],
        trigger_mode="always_last", **_QUIET,
    ).then(None, js=_TOLD)  # fmt: skip
    _wire_details(engine, library, parts)
    if library is not None:
        _wire_changes(library, parts)
        _wire_collections(library, parts, tab, page)
    _wire_words(parts, tab, library)


def _wire_collections(library: "Library", parts: Parts, tab: "gr.Tab", page: "gr.Blocks | None") -> None:
    """Offer the collections that a document may be added to, where there are more than the common one."""
    import gradio as gr

    def offered(language: Language) -> Any:
        common = words(language, "collection_common")
        stated = words(language, "library_as_stated")
        names = [stated, *(name or common for name in library.collections())]
        shown = library.may_change() and len(names) > 2
        return gr.update(
            choices=names, value=stated if shown else None, visible=shown, label=words(language, "library_into")
        )

    begun = [tab.select, parts["library"].submit, parts["toggle"].change, *([page.load] if page else [])]
    gr.on(begun, offered, parts["toggle"], parts["library_into"], queue=False, **_QUIET)
    if page is None:
        return

    def allowed(language: Language) -> list[Any]:
        may = library.may_change()
        return [adding_html(language, may), *[gr.update(visible=may)] * 3]

    names = ("library_top", "library_urls", "library_work", "details_buttons")
    page.load(allowed, parts["toggle"], [parts[name] for name in names], queue=False, **_QUIET)


def _listed(rows: Sequence[Row], text: str, flagged: bool, *rest: Any) -> str:
    *filters, language = rest
    chosen = {name: value or "" for name, value in zip(FILTERS, filters, strict=True)}
    return library_html(rows, language, Wanted(text or "", bool(flagged), **chosen))


def _listed_anew(rows: Sequence[Row], text: str, flagged: bool, *rest: Any) -> list[Any]:
    """The list, and the filters' choices; one whose value occurs no more is set back."""
    import gradio as gr

    *filters, language = rest
    offered = {name: choices(rows, name, language) for name in FILTERS}
    kept = [
        value if value in {v for _, v in offered[name]} else "" for name, value in zip(FILTERS, filters, strict=True)
    ]
    updates = [gr.update(choices=offered[name], value=value) for name, value in zip(FILTERS, kept, strict=True)]
    return [_listed(rows, text, flagged, *kept, language), *updates]


def _wire_details(engine: "Engine", library: "Library | None", parts: Parts) -> None:
    import gradio as gr

    shown = [parts["details"], parts["opened"], parts["details_view"]]
    fields = [parts[f"form_{name}"] for name in FIELDS] if library is not None else []
    extra = [parts["details_said"], parts["form"], *fields] if library is not None else []

    def opened(language: Language, event: gr.EventData) -> list[Any]:
        doc_id = str(event.doc)
        row = next((row for row in engine.documents() if row["doc_id"] == doc_id), None)
        entry = engine.entry(doc_id) if library is not None else None
        if row is None:
            return [gr.update(visible=False), None, "", *([gr.skip()] * len(extra))]
        start = [gr.update(visible=True), {"doc_id": doc_id}, details_html(row, language)]
        if library is None or entry is None:
            return [*start, *([gr.skip()] * len(extra))]
        fixed, form = library.why_fixed(entry), library.form(doc_id)
        start[1] = {"doc_id": doc_id, "before": form}
        said = words(language, fixed or "form_hint")
        return [*start, _said(said, bool(fixed)), gr.update(visible=not fixed), *(form[name] for name in FIELDS)]

    parts["library"].click(opened, parts["toggle"], [*shown, *extra], **_QUIET).then(None, js=_SHOWN)
    parts["details_close"].click(_closed, None, shown[:2], **_QUIET)


def _closed() -> list[Any]:
    import gradio as gr

    return [gr.update(visible=False), None]


def _said(text: str, is_warning: bool = False) -> str:
    return f'<p class="{"pq-warn" if is_warning else "pq-note"}" role="{"alert" if is_warning else "note"}">{escape(text)}</p>'


def _wire_changes(library: "Library", parts: Parts) -> None:
    """Add addresses, save, read again, remove: each is a job, which the page's script then follows."""
    import gradio as gr

    fields = [parts[f"form_{name}"] for name in FIELDS]
    after = [parts["details"], parts["opened"], parts["details_said"]]

    def fetched(typed: str, into: str | None, language: Language) -> list[Any]:
        refused = []
        for url in (typed or "").split()[:MAX_ADDRESSES]:
            try:
                library.fetch(url, None if into == words(language, "library_as_stated") else into or None)
            except PolicyQAError as error:
                refused.append((url, str(error)))
        said = "".join(_said(error, True) for _, error in refused)
        return [" ".join(url for url, _ in refused), work_html(language, said)]

    def tried(act: Any, state: Any, language: Language, *values: Any) -> list[Any]:
        try:
            act(state, *values)
        except PolicyQAError as error:
            return [gr.skip(), gr.skip(), _said(str(error), True)]
        return [*_closed(), ""]

    gr.on(
        [parts["library_fetch"].click, parts["library_url"].submit], fetched, [parts["library_url"], parts["library_into"], parts["toggle"]],
        [parts["library_url"], parts["library_work"]], **_QUIET,
    ).then(None, js=_TOLD)  # fmt: skip
    acts = {
        "library_save": (
            lambda state, *values: library.edit(
                state["doc_id"], dict(zip(FIELDS, values, strict=True)), state["before"]
            ),
            fields,
        ),
        "library_again": (lambda state: library.again(state["doc_id"]), []),
        "library_remove": (lambda state: library.remove(state["doc_id"]), []),
    }
    for name, (act, inputs) in acts.items():
        parts[name].click(partial(tried, act), [parts["opened"], parts["toggle"], *inputs], after, **_QUIET).then(
            None, js=_TOLD
        )


def _wire_words(parts: Parts, tab: "gr.Tab", library: "Library | None") -> None:
    import gradio as gr

    may_change = library is not None
    fields = [*(f"filter_{name}" for name in FILTERS), *(f"form_{name}" for name in FIELDS if may_change)]

    def relabelled(language: Language) -> dict[Any, Any]:
        update: dict[Any, Any] = {
            parts["library_top"]: adding_html(language, library is not None and library.may_change()),
            parts["library_flagged"]: gr.update(label=words(language, "library_flagged")),
            parts["details"]: gr.update(visible=False),
            parts["details_close"]: words(language, "details_close"),
            tab: gr.update(label=words(language, "library")),
        }
        for name in fields:
            kind, field = name.split("_", 1)
            label = words(language, f"field_{field}")
            options = {"choices": _options(field, language)} if kind == "form" and field in CHOSEN else {}
            update[parts[name]] = gr.update(label=label, **options)
        for name in ("library_find", "library_url") if may_change else ("library_find",):
            update[parts[name]] = gr.update(label=words(language, name), placeholder=words(language, name))
        if may_change:
            update |= {parts[name]: words(language, name) for name in (*_BUTTONS, "library_fetch")}
            update[parts["library_work"]] = work_html(language)
        return update

    names = ["library_top", "library_flagged", "details", "details_close", "library_find", *fields]
    names += ["library_url", "library_fetch", "library_work", *_BUTTONS] if may_change else []
    worded = [*(parts[name] for name in names), tab]
    parts["toggle"].change(relabelled, parts["toggle"], worded, queue=False, **_QUIET).then(None, js=_TOLD)
