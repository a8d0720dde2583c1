"""One chat message as HTML: question, progress, answer with links to its sources, or an error.

The chat shows Markdown. All text that comes from outside is made inert first: each ASCII sign that HTML, Markdown or a
linkifier could read becomes a character reference, so that text stays text whatever it holds.
"""

import re
from collections.abc import Callable, Collection, Sequence
from itertools import groupby

from app.render import escape, visible
from app.types import Answer, AnswerSentence, Language
from app.ui.strings import words

STAGES = ("understand", "retrieve", "answer", "verify")

Flaw = tuple[str, str, str]

# In the Markdown that app.render writes: an escaped sign, bold on or off, a marker.
_TOKEN = re.compile(r"\\([\\`*_\[\]<>#|~$])|(\*\*)|\[(\d{1,3})\]")
_DROPPED = re.compile(r" \(dropped (\d+)\)$")  # as app.engine names a model some of whose sentences failed
_HEADING = re.compile(r"#{1,6}\s+")
_RULE = re.compile(r"\|(?: -{3,} \|)+$")
_BAR = re.compile(r"(?<!\\)\|")
_BULLET = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+")


def inert(text: str) -> str:
    """Return text as character references wherever HTML or Markdown could read more into it; line feeds become <br>."""
    out = []
    for char in visible(text):
        if char == "\n":
            out.append("<br>")
        elif char.isalnum() or char == " " or ord(char) > 127:
            out.append(char)
        else:
            out.append(f"&#{ord(char)};")
    return "".join(out)


def question_html(question: str) -> str:
    """Return the user's message."""
    return f'<div class="pq-question">{inert(question.strip())}</div>'


def error_html(language: Language, message: str, hint: str = "") -> str:
    """Return a known error in plain words."""
    advice = f'<div class="pq-hint">{inert(words(language, "hint", hint=hint))}</div>' if hint else ""
    return f'<div class="pq-error"><div>{inert(message)}</div>{advice}</div>'


def progress_html(
    turn: int, stage: str, sentences: Sequence[AnswerSentence], language: Language, stopped: bool = False
) -> str:
    """Return an answer under way: the sentences so far and the line of stages, or the note that it was stopped."""
    lines = "".join(f"<p>{_sentence(turn, s, language)}</p>" for s in sentences)
    foot = f'<div class="pq-foot">{inert(words(language, "stopped"))}</div>'
    return f'<div class="pq-answer">{lines}{foot if stopped else _stage_line(stage, language)}</div>'


def answer_html(turn: int, answer: Answer, language: Language) -> str:
    """Return the finished answer: its Markdown (paragraphs, bullets, headings, bold, [n]), marks and a foot line."""
    body = _blocks(answer.text, lambda line: _line(turn, line, answer, language))
    return f'<div class="pq-answer">{_abstention(answer, language)}{body}{_foot(turn, answer, language)}</div>'


def _stage_line(stage: str, language: Language) -> str:
    at = STAGES.index(stage) if stage in STAGES else 0
    parts = []
    for position, name in enumerate(STAGES):
        state = "done" if position < at else "now" if position == at else "next"
        parts.append(f'<span class="pq-step pq-{state}">{inert(words(language, f"stage_{name}"))}</span>')
    return f'<div class="pq-stages">{"".join(parts)}</div>'


def _sentence(turn: int, sentence: AnswerSentence, language: Language) -> str:
    return _verdict(inert(sentence.text), sentence, language) + "".join(_link(turn, n) for n in sentence.citations)


def _verdict(html: str, sentence: AnswerSentence, language: Language) -> str:
    """Return a sentence with what checking it found: a tick for one that stands in its source, else a tag in words."""
    flaw = _flaw(sentence, language)
    if flaw is not None:
        return _flagged(html, flaw)
    if not sentence.citations:
        return html
    said = inert(words(language, "support_supported"))
    return f'{html}<span class="pq-ok" title="{said}">✓<span class="pq-sr">{said}</span></span>'


def _flaw(sentence: AnswerSentence, language: Language) -> Flaw | None:
    """Return what is wrong with a sentence: (css class, label, reasons); None where all of it stands in the source."""
    if sentence.support == "supported" and sentence.numbers_ok and sentence.scope_ok:
        return None
    kind = "unsupported" if sentence.support == "unsupported" else "partial"
    reasons = [] if sentence.numbers_ok else [words(language, "numbers_differ")]
    reasons += [] if sentence.scope_ok else [words(language, "scope_differs")]
    return f"pq-{kind}", words(language, f"support_{kind}"), " · ".join(reasons)


def _flagged(html: str, flaw: Flaw) -> str:
    kind, label, reasons = flaw
    tip = f' title="{inert(reasons)}"' if reasons else ""
    return f'<span class="{kind}">{html}</span><span class="pq-tag {kind}-tag"{tip}>{inert(label)}</span>'


def _line(turn: int, line: str, answer: Answer, language: Language) -> str:
    """Return one line of the answer's Markdown as HTML, each of its sentences with its verdict."""
    known = {citation.id for citation in answer.citations}
    out, at = [], 0
    for sentence in answer.sentences:
        text = escape(sentence.text).strip()
        start = line.find(text, at) if text else -1
        if start >= 0:
            out += [_inline(turn, line[at:start], known), _verdict(_inline(turn, text, known), sentence, language)]
            at = start + len(text)
    return "".join([*out, _inline(turn, line[at:], known)])


def _inline(turn: int, text: str, known: Collection[int]) -> str:
    """Return text inert, with **bold** kept and markers of known citations as links; other markers stay text."""
    out, at, bold = [], 0, False
    for token in _TOKEN.finditer(text):
        literal, stars, number = token[1], token[2], token[3]
        out.append(inert(text[at : token.start()]))
        at = token.end()
        if stars:
            bold = not bold
            out.append("<strong>" if bold else "</strong>")
        elif number and int(number) in known:
            out.append(_link(turn, int(number)))
        else:
            out.append(inert(literal or token[0]))
    return "".join([*out, inert(text[at:]), "</strong>" if bold else ""])


def _link(turn: int, number: int) -> str:
    return f'<a class="pq-cite" href="#src-{turn}-{number}">&#91;{number}&#93;</a>'


def _blocks(text: str, render: Callable[[str], str]) -> str:
    """Return lines as paragraphs, headings, lists and tables; what else Markdown knows is shown as typed."""
    out: list[str] = []
    for kind, group in groupby((raw.strip() for raw in text.splitlines() if raw.strip()), key=_kind):
        lines = list(group)
        if kind == "row" and len(lines) > 1 and _RULE.match(lines[1]):
            out.append(_table(lines, render))
        elif kind == "bullet":
            items = (_BULLET.sub("", line, count=1) for line in lines)
            out.append(f"<ul>{''.join(f'<li>{render(item)}</li>' for item in items)}</ul>")
        elif kind == "heading":
            out += [f'<div class="pq-heading">{render(_HEADING.sub("", line, count=1))}</div>' for line in lines]
        else:
            out += [f"<p>{render(line)}</p>" for line in lines]
    return "".join(out)


def _kind(line: str) -> str:
    if line.startswith("|") and line.endswith("|"):
        return "row"
    return "bullet" if _BULLET.match(line) else "heading" if _HEADING.match(line) else "line"


def _table(lines: Sequence[str], render: Callable[[str], str]) -> str:
    """Return a Markdown table; a bar in a cell is escaped and parts nothing. It scrolls by itself on a narrow screen."""
    rows = [[render(cell.strip()) for cell in _BAR.split(line[1:-1])] for line in (lines[0], *lines[2:])]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows[1:])
    return f'<div class="pq-table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _abstention(answer: Answer, language: Language) -> str:
    if not answer.abstained:
        return ""
    reason = answer.abstain_reason or "not_disclosed"
    why = words(language, f"why_{reason}")
    if answer.citations and reason not in {"superseded", "conflicting"}:
        why += words(language, "abstain_closest")
    badge = f'<span class="pq-badge">{inert(words(language, f"abstain_{reason}"))}</span>'
    return f'<div class="pq-why">{badge} <span>{inert(why)}</span></div>'


def _foot(turn: int, answer: Answer, language: Language) -> str:
    """Return what checking found, who worded the answer, its number of citations (a link: on a phone they stand below), its time."""
    parts = [*_checked(answer, language), inert(_model(answer.model, language))]
    if answer.citations:
        count = inert(words(language, "cited", count=len(answer.citations)))
        parts.append(f'<a class="pq-count" href="#src-{turn}-{answer.citations[0].id}">{count}</a>')
    if "total" in answer.timings_ms:
        seconds = max(0.1, answer.timings_ms["total"] / 1000)
        parts.append(inert(words(language, "seconds", seconds=f"{seconds:.1f}")))
    return f'<div class="pq-foot">{" · ".join(parts)}</div>'


def _checked(answer: Answer, language: Language) -> list[str]:
    """How many sentences stand in their sources, and how many do so in part or not."""
    cited = [s for s in answer.sentences if s.citations or s.support != "supported"]
    flawed = sum(_flaw(s, language) is not None for s in cited)
    counts = {"checked_ok": len(cited) - flawed, "checked_flawed": flawed}
    return [inert(words(language, name, count=count)) for name, count in counts.items() if count]


def _model(name: str, language: Language) -> str:
    """Who worded the answer; where an LLM was asked and its words were not used, that is said."""
    if not name.startswith("extractive"):
        dropped = _DROPPED.search(name)
        return words(language, "model_dropped", model=name[: dropped.start()], count=dropped[1]) if dropped else name
    kind = "model_failed" if "LLM failed" in name else "model_rejected" if "(" in name else "model_extractive"
    return words(language, kind)
