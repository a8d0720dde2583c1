"""An answer as its reader sees it: pieces of text in order, each with the markers shown behind it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.render import unescape
from eval.text import squash
from eval.trace import Said, SaidCitation
from ingest.text.repair import to_simplified

_MARKER = re.compile(r"(?<!\\)\[(\d{1,4})\]")
_QUOTED = re.compile(r"“([^“”]{2,}(?:“[^“”]*”[^“”]*)*)”|「([^「」]{2,})」|\"([^\"]{2,})\"")
_CLAUSE_MARK = re.compile(r"[，,；;。！？!?：:（）()\n]|(?<=[a-z])\.\s")
_DENIAL = re.compile(
    r"没有|未(?!来)|并非|不是|不能|无法|不支持|不成立|不存在|查不到|是否|有无|并无|\bno(?:thing)?\b|\bnot\b|\bnone\b|n't\b|\bcannot\b|\bwhether\b",
    re.IGNORECASE,
)

CLAUSE = re.compile(r"[^，,；;。：:（）()\n]+")
# What a clause says of the sources, not of the world: 资料未披露…, 不是…自身的数字. Nothing can be cited for it.
UNDISCLOSED = re.compile(
    r"未披露|未提供|没有?(?:披露|提供|给出|说|提到|找到|这样的|资料|数据)|查不到|无法回答|(?:自身|本身|自己)的"
    r"|no source|nothing says|no (?:figure|data)|cannot be answered",
    re.IGNORECASE,
)
# What an answer says of the sources to deny a statement, wider than UNDISCLOSED and without 自身的: which denies nothing.
_UNSAID = re.compile(
    r"未(?:披露|提供|公布|公开|说明|给出|提到|提及|载明)|没有?(?:披露|提供|公布|公开|给出|说|提到|提及|找到|资料|数据)|查不到|无法回答"
    r"|no source|nothing says|no (?:figure|data)|\bnot (?:disclosed?|stated?|give|given|reported)\b|cannot be answered",
    re.IGNORECASE,
)
# Ends of what one denial denies: 资料未披露：… goes on behind its colon, the comma of 120,000 parts nothing.
_UNSAID_ENDS = re.compile(
    r"[，；;。！？!?（）()\n]|(?<!\d),|,(?!\d)|(?<!披露|提供|公布|说明|给出|提到)[：:]|但|\bbut\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the answer without markers: one of its sentences, or what stands between them.

    `cited`: citations whose markers stand directly behind it. `quotes`: spans in `text` that repeat a cited quote, or a
    part of one, word for word: the whole text, or what stands between quotation marks.
    """

    text: str
    cited: tuple[SaidCitation, ...]
    is_sentence: bool
    quotes: tuple[tuple[int, int], ...] = ()

    def in_quote(self, position: int) -> bool:
        """Whether a position lies in a verbatim quote."""
        return any(start <= position < end for start, end in self.quotes)

    def is_unsaid(self, position: int) -> bool:
        """Whether a position stands in a clause that says that no source says it.

        Words of denial that the cited sources use themselves are theirs, so a verbatim sentence is never such a clause.
        """
        start = max((m.end() for m in _UNSAID_ENDS.finditer(self.text, 0, position)), default=0)
        after = _UNSAID_ENDS.search(self.text, position)
        denials = _UNSAID.findall(self.text, start, after.start() if after else len(self.text))
        return any(not any(word in citation.quote for citation in self.cited) for word in denials)


@dataclass(frozen=True, slots=True)
class Shown:
    """All pieces of an answer and what is wrong with its markers, in words."""

    pieces: tuple[Piece, ...]
    markers: int
    markers_valid: int
    problems: tuple[str, ...]


def read_answer(said: Said) -> Shown:
    """Split an answer into pieces and check its markers.

    A marker is valid if a citation has its number. Problems: a marker or a sentence's citation that resolves to
    nothing, a sentence that is not in the text, one whose markers in the text are not the citations it claims, one that
    has none though it speaks of the world, a marker or a cited span given twice.
    """
    body, marks = _without_markers(said.answer)
    by_id = {citation.id: citation for citation in said.citations}
    spans_cited = [(c.source, c.start, c.end) for c in said.citations]
    problems = [f"同一处原文列为 {n} 条引注" for n in Counter(spans_cited).values() if n > 1]
    problems += [f"引注 [{n}] 无对应来源" for n in dict.fromkeys(n for _, n in marks) if n not in by_id]
    spans, found = _sentence_spans(said, body), list[tuple[int, int, tuple[int, ...]]]()
    for sentence, span in zip(said.sentences, spans, strict=True):
        problems += [f"句子引用的 [{n}] 无对应来源" for n in sentence.citations if n not in by_id]
        if span is None:
            problems.append(f"正文中没有这句话：{sentence.text[:30]}")
            continue
        start, end, until = span
        shown = tuple(n for position, n in marks if end <= position <= until)
        if len(set(shown)) < len(shown):
            problems.append(f"同一句后引注重复：{list(shown)}")
        if not shown and not sentence.citations and not UNDISCLOSED.search(sentence.text):
            problems.append(f"没有引注：{sentence.text[:30]}")
        if set(shown) != set(sentence.citations):
            claimed = list(sentence.citations)
            problems.append(f"正文引注 {list(shown)} 与句子引注 {claimed} 不一致：{sentence.text[:20]}")
        found.append((start, end, shown))
    pieces = []
    at = 0
    for start, end, shown in sorted(found):
        pieces += _between(body[at:start])
        pieces.append(_piece(body[start:end], tuple(by_id[n] for n in shown if n in by_id)))
        at = max(at, end)
    pieces += _between(body[at:])
    valid = sum(n in by_id for _, n in marks)
    return Shown(tuple(pieces), len(marks), valid, tuple(dict.fromkeys(problems)))


def _without_markers(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return simplified text without Markdown escapes, a space for every marker, and (position, number) of each."""
    plain, marks, at = "", [], 0
    for match in _MARKER.finditer(text):
        plain += unescape(text[at : match.start()])
        marks.append((len(plain), int(match[1])))
        plain, at = plain + " ", match.end()
    return to_simplified(plain + unescape(text[at:])), marks


def _sentence_spans(said: Said, body: str) -> list[tuple[int, int, int] | None]:
    """(start, end, start of what follows) in `body` of every sentence, None where it is not shown."""
    reduced = squash(body)
    spans: list[tuple[int, int, int] | None] = []
    cursor = 0
    for sentence in said.sentences:
        plain = _without_markers(sentence.text)[0].strip()
        needle = squash(plain).text
        first = reduced.text.find(needle, cursor) if needle else -1
        if first < 0:
            spans.append(None)
            continue
        cursor = first + len(needle)
        following = reduced.at[cursor] if cursor < len(reduced.at) else len(body)
        start, end = reduced.at[first], reduced.at[cursor - 1] + 1
        spans.append((*_with_marks(body, start, end, plain), following))
    return spans


def _with_marks(body: str, start: int, end: int, plain: str) -> tuple[int, int]:
    """Widen a span found by its letters to the quotation marks and full stops around it that are the sentence's own."""
    own = squash(plain).at
    lead, tail = own[0], len(plain) - own[-1] - 1
    before = lead if body[max(0, start - lead) : start] == plain[:lead] else 0
    behind = tail if tail and body[end : end + tail] == plain[-tail:] else 0
    return start - before, end + behind


def _between(text: str) -> list[Piece]:
    return [Piece(line.strip(), (), False) for line in text.splitlines() if squash(line).text]


def _piece(text: str, cited: tuple[SaidCitation, ...]) -> Piece:
    originals = [citation.quote for citation in cited]
    if _repeats(text, originals):
        return Piece(text, cited, True, ((0, len(text)),))
    quotes = [match.span() for match in quoted_spans(text) if _repeats(match.group(), originals)]
    return Piece(text, cited, True, tuple(quotes))


def quoted_spans(text: str) -> list[re.Match[str]]:
    """Return matches of what stands between quotation marks in `text`; a mark left open runs to the end."""
    closed = text + "”" if text.count("“") > text.count("”") else text
    return list(_QUOTED.finditer(closed))


def _repeats(text: str, originals: Sequence[str]) -> bool:
    needle = squash(text).text
    return bool(needle) and any(needle in squash(original).text for original in originals)


def is_denied(text: str, position: int) -> bool:
    """Whether the clause around a position denies or leaves open what it says (资料未披露…, 是否…, no source …)."""
    start = max((m.end() for m in _CLAUSE_MARK.finditer(text, 0, position)), default=0)
    after = _CLAUSE_MARK.search(text, position)
    return bool(_DENIAL.search(text, start, after.start() if after else len(text)))


def is_quotation_of(text: str, position: int, originals: Sequence[str]) -> bool:
    """Whether a position lies between quotation marks around words of one of the originals (the question, a source)."""
    return any(
        match.start() <= position < match.end() and _repeats(match.group(), originals) for match in quoted_spans(text)
    )
