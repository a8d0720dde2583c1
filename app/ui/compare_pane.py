"""The compare pane: regions and aspects chosen, the matrix they give, and the sources of its cells."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.composition.facets import ASPECTS
from app.composition.matrix import MAX_ASPECTS, MAX_REGIONS, MAX_WORDS, is_name
from app.types import Language
from app.ui.cards import escape
from app.ui.compare_view import comparison_html, sources_html
from app.ui.strings import words
from ingest.errors import PolicyQAError
from ingest.facts.regions import display
from prompts import phrase

if TYPE_CHECKING:
    import gradio as gr

    from app.engine import Engine

MAX_TYPED = 400  # characters of the box for free aspects
_FIRST = ("aspect_goal", "aspect_measure", "aspect_risk")  # chosen when the pane is opened first
_BETWEEN = re.compile(r"[、，,；;\n]+")
_UNNAMED = re.compile(r"某.*(?:省份?|市|县|区|州)")  # 某北方省份; 各地 and 不少企业 are nobody to compare
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
log = logging.getLogger(__name__)


def compare_pane(language: Language) -> dict[str, Any]:
    """Build the pane; its parts are named for the wiring."""
    import gradio as gr

    with gr.Row(elem_id="pq-compare-bar", equal_height=False):
        regions = gr.Dropdown(
            choices=[], value=[], multiselect=True, label=words(language, "compare_regions"), scale=3, min_width=260,
            elem_id="pq-compare-regions", max_choices=None,
        )  # fmt: skip
        aspects = gr.Dropdown(
            choices=_aspects(language), value=list(_FIRST), multiselect=True, label=words(language, "compare_aspects"),
            scale=3, min_width=260, elem_id="pq-compare-aspects", max_choices=None,
        )  # fmt: skip
        free = gr.Textbox(
            label=words(language, "compare_free"), placeholder=words(language, "compare_free_hint"), lines=1, max_lines=1,
            max_length=MAX_TYPED, elem_id="pq-compare-free", scale=3, min_width=260,
        )  # fmt: skip
        go = gr.Button(words(language, "compare_go"), variant="primary", scale=0, min_width=96, elem_id="pq-compare-go")
    with gr.Row(elem_id="pq-compare-panes", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="pq-compare-main"):
            view = gr.HTML(_empty(language), elem_id="pq-compare", padding=False)
        with gr.Column(scale=2, min_width=300, elem_id="pq-compare-side"):
            title = gr.HTML(_title(language), padding=False)
            cards = gr.HTML(_no_cards(language), elem_id="pq-compare-sources", padding=False)
    return {
        "compare_regions": regions, "compare_aspects": aspects, "compare_free": free, "compare_go": go, "compare": view,
        "compare_title": title, "compare_cards": cards, "compared": gr.State(None),
    }  # fmt: skip


def wire_compare(engine: "Engine", parts: Mapping[str, Any], tab: "gr.Tab") -> None:
    """Connect the pane. What was compared last is kept, to be said again in another language."""
    import gradio as gr

    regions, aspects, free, toggle = (
        parts[n] for n in ("compare_regions", "compare_aspects", "compare_free", "toggle")
    )
    shown = [parts["compare"], parts["compare_cards"]]

    def offered(chosen: Sequence[str], language: Language) -> Any:
        choices = region_choices(engine.regions(), language)
        codes = [code for _, code in choices]  # what was chosen may have left the library since
        return gr.update(choices=choices, value=[code for code in chosen if code in codes] or codes[:2])

    def compared(codes: Sequence[str], keys: Sequence[str], typed: str, language: Language) -> list[Any]:
        wanted = [*keys, *split_free(typed)]
        return [*compare(engine, codes, wanted, language), (list(codes), wanted)]

    def relabelled(last: tuple[list[str], list[str]] | None, language: Language) -> list[Any]:
        again = compare(engine, *last, language) if last else (_empty(language), _no_cards(language))
        codes = region_choices(engine.regions(), language)
        return [
            gr.update(label=words(language, "compare")),
            gr.update(label=words(language, "compare_regions"), choices=codes),
            gr.update(label=words(language, "compare_aspects"), choices=_aspects(language)),
            gr.update(label=words(language, "compare_free"), placeholder=words(language, "compare_free_hint")),
            words(language, "compare_go"), _title(language), *again,
        ]  # fmt: skip

    tab.select(offered, [regions, toggle], regions, **_QUIET)
    gr.on(
        [parts["compare_go"].click, free.submit], compared, [regions, aspects, free, toggle], [*shown, parts["compared"]],
        show_progress="minimal", show_progress_on=[parts["compare"]], api_visibility="private", trigger_mode="once",
    )  # fmt: skip
    worded = [tab, regions, aspects, free, parts["compare_go"], parts["compare_title"], *shown]
    toggle.change(relabelled, [parts["compared"], toggle], worded, **_QUIET)


def compare(engine: "Engine", regions: Sequence[str], aspects: Sequence[str], language: Language) -> tuple[str, str]:
    """Return the matrix and the cards of its sources as HTML; what is wrong with the choice is said in one line."""
    if told := _unfit(list(dict.fromkeys(regions)), list(dict.fromkeys(aspects)), language):
        return _said(told), _no_cards(language)
    try:
        comparison = engine.compare(regions, aspects, language)
        documents = {c.doc_id: engine.document(c.doc_id) for c in comparison.citations}
        return comparison_html(comparison, language), sources_html(comparison, documents, language)
    except PolicyQAError as error:
        return _said(error.message, words(language, "hint", hint=error.hint) if error.hint else ""), _no_cards(language)
    except Exception:
        log.exception("a comparison failed")
        return _said(words(language, "internal_error")), _no_cards(language)


def _unfit(regions: Sequence[str], aspects: Sequence[str], language: Language) -> str:
    if not regions or not aspects:
        return words(language, "compare_nothing")
    if len(regions) > MAX_REGIONS or len(aspects) > MAX_ASPECTS:
        return words(
            language, "compare_too_many", max_regions=MAX_REGIONS, max_aspects=MAX_ASPECTS, regions=len(regions),
            aspects=len(aspects),
        )  # fmt: skip
    return "" if all(map(is_name, aspects)) else words(language, "compare_no_name", most=MAX_WORDS)


def region_choices(codes: Sequence[str], language: Language) -> list[tuple[str, str]]:
    """(name, code) of the places that can be compared: provinces and cities first, then groups of them and the nation."""
    named = [code for code in codes if code.isdigit()]
    groups = [code for code in codes if code.isascii() and not code.isdigit()]
    unnamed = [code for code in codes if _UNNAMED.fullmatch(code)]
    return [(display(code, language), code) for code in (*named, *groups, *unnamed)]


def split_free(typed: str) -> list[str]:
    """The aspects in free words that the box holds."""
    return [part.strip() for part in _BETWEEN.split((typed or "")[:MAX_TYPED]) if part.strip()]


def _aspects(language: Language) -> list[tuple[str, str]]:
    return [(phrase(language, key), key) for key in ASPECTS]


def _said(message: str, hint: str = "") -> str:
    advice = f'<div class="pq-hint">{escape(hint)}</div>' if hint else ""
    return f'<div class="pq-error" role="alert"><div>{escape(message)}</div>{advice}</div>'


def _empty(language: Language) -> str:
    return f'<p class="pq-note pq-empty">{escape(words(language, "compare_empty"))}</p>'


def _no_cards(language: Language) -> str:
    return f'<p class="pq-note pq-empty">{escape(words(language, "compare_cards_empty"))}</p>'


def _title(language: Language) -> str:
    return f'<h2 class="pq-pane-title">{escape(words(language, "sources"))}</h2>'
