"""The library's place for new files and the list of what becomes of them, as HTML that library.js fills."""

from app.types import Language
from app.ui.cards import escape
from app.ui.strings import words
from ingest.read import MAX_BYTES

_CLIENT_WORDS = ("queued", "uploading", "large", "broken", "retry", "undo", "removed", "summary", "restarted")


def adding_html(language: Language, may_change: bool) -> str:
    """Return the place to drop files on, with the words that the script needs; or why nothing can be changed."""
    if not may_change:
        return f'<p class="pq-note">{escape(words(language, "library_fixed"))}</p>'
    limit = MAX_BYTES // 1_000_000
    data = {name: words(language, f"upload_{name}", megabytes=limit) for name in _CLIENT_WORDS}
    data |= {"lang": language, "limit": str(MAX_BYTES), "stated": words(language, "library_as_stated")}
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<div id="pq-drop"{attributes}><label for="pq-files" class="pq-pick">{escape(words(language, "upload_pick"))}</label>'
        f'<input type="file" id="pq-files" multiple><span>{escape(words(language, "upload_hint", megabytes=limit))}</span></div>'
    )


def work_html(language: Language, said: str = "") -> str:
    """Return where the script lists what is being done and what was removed; `said` is HTML that stands above it."""
    return (
        f'{said}<p id="pq-work-state" class="pq-note" role="status"></p>'
        f'<ul id="pq-work" class="pq-work" aria-label="{escape(words(language, "work_list"))}"></ul>'
        f'<button type="button" id="pq-work-clear" class="pq-small-button" hidden>{escape(words(language, "work_clear"))}</button>'
        '<details id="pq-removed" hidden><summary></summary><ul class="pq-work"></ul></details>'
    )
