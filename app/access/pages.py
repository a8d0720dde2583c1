"""The sign-in page and the one to sign out: HTML of our own, without scripts and without anything fetched. Everything is escaped."""

from html import escape
from urllib.parse import quote

from app.access.strings import say
from app.types import Language
from app.ui.strings import words

_STYLE = """
:root { color-scheme: light dark; font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
body { max-width: 22rem; margin: 12vh auto; padding: 0 1rem; line-height: 1.5; }
.product { margin: 0; font-size: .95rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin: .8rem 0 .2rem; }
input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .55rem .7rem; border: 1px solid #8a94a6; border-radius: .4rem; }
button { margin-top: 1.2rem; background: #1d4ed8; color: #fff; border-color: #1d4ed8; cursor: pointer; }
:focus-visible { outline: 3px solid #60a5fa; outline-offset: 1px; }
[role=alert] { border-left: 4px solid #c2410c; padding: .3rem .7rem; }
nav { margin-top: 1.5rem; font-size: .9rem; }
"""


def language_of(accepted: str, chosen: str = "") -> Language:
    """The language of the page: the one that was chosen, else the browser's."""
    if chosen in {"zh", "en"}:
        return "en" if chosen == "en" else "zh"
    return "en" if accepted.lower().startswith("en") else "zh"


def sign_in_page(
    language: Language, token: str, there: str, *, said: str = "", name: str = "", oidc: bool = False, form: bool = True
) -> str:
    """Return the page. `token` comes back with the form; `there` is where to go then; `said` is plain text above it."""
    told = f'<p role="alert">{escape(said)}</p>' if said else ""
    target = escape(f"/login?lang={language}")
    fields = (
        f'<form method="post" action="{target}"><input type="hidden" name="token" value="{escape(token)}">'
        f'<input type="hidden" name="next" value="{escape(there)}">'
        f'<label for="name">{say(language, "name")}</label>'
        f'<input id="name" name="name" value="{escape(name)}" autocomplete="username" maxlength="100" required autofocus>'
        f'<label for="password">{say(language, "password")}</label>'
        f'<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>'
        f"<button>{say(language, 'go')}</button></form>"
    )
    elsewhere = f'<p><a href="/login/oidc?next={quote(there)}">{say(language, "oidc")}</a></p>' if oidc else ""
    other = "zh" if language == "en" else "en"
    link = f'<nav><a href="/login?lang={other}&amp;next={quote(there)}">{say(language, "other")}</a></nav>'
    return _page(language, say(language, "title"), told + (fields if form else "") + elsewhere + link)


def sign_out_page(language: Language, token: str, name: str) -> str:
    """Return the page that asks whether to sign out."""
    body = (
        f"<p>{escape(say(language, 'signed', name=name))}</p>"
        f'<form method="post" action="/logout?lang={language}"><input type="hidden" name="token" value="{escape(token)}">'
        f'<button>{say(language, "out")}</button></form><nav><a href="/">{say(language, "back")}</a></nav>'
    )
    return _page(language, say(language, "out"), body)


def _page(language: Language, title: str, body: str) -> str:
    product = escape(words(language, "title"))  # as the page itself is called
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)} · {product} · policyqa</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f'<main><p class="product">{product} · policyqa</p><h1>{escape(title)}</h1>{body}</main></html>'
    )
