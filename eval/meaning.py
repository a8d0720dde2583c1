"""What an answer says in words of its own, against the words that it cites: turned around, told otherwise, not there.

Only what can be told with certainty counts against an answer. A clause is compared word by word only where most of its
words are its source's (a copy with something changed): of freer wording no rule can say that it is wrong. The lists of
denials, modals, opposites and plans are those of app.verification; how many changes they find is measured apart from the
verifier, by `policyqa eval mutate`.
"""

import re
from collections.abc import Iterator, Sequence

from app.types import Evidence
from app.verification.certainty import DONE, PLANNED, kind_stands, told_otherwise
from app.verification.clauses import Clause, clauses_of, contained, whole_of
from app.verification.polarity import modals_stand, ranks_stand, turned_around
from eval.answers import CLAUSE, UNDISCLOSED, Piece, quoted_spans
from eval.corpus import Corpus
from eval.passages import evidence_of
from eval.quantities import same_value
from eval.text import bigram_share, is_chinese, squash
from ingest.facts.figures import find_figures
from ingest.types import Figure

# Share of a clause's character pairs that its source must have for the two to be compared word by word.
COPIED = 0.35
# Shares below which a sentence is not its citation's; the second for one with a figure that the citation states.
FOREIGN, FOREIGN_FIGURES = 0.28, 0.15
_HAN, _MIN_HAN = re.compile("[㐀-鿿]"), 4
_NAME = re.compile(r"《([^《》]{2,80})》")
_MIN_QUOTE = 2  # characters between quotation marks from which on they are a quotation, no emphasis
_DENIALS = re.compile(r"没有?|未|并非|不是|不")
# Words that a sentence may not put in unless its source has one of the others: bans, duties, all, not only, a denied figure.
_PUT_IN = tuple(
    (re.compile(added), re.compile(excuse))
    for added, excuse in (
        (r"不得|禁止|严禁|不准|不允许|不可以", r"不|未|没|无|禁|非"),
        (r"应当|应该|必须|务必", r"应(?![用对急])|须|必|(?<![需重主首])要(?![素点求])|得"),
        (r"已经?(?:初步)?(?:建成|建立|达到|实现|完成)", r"已|建成|达到|实现|完成|了"),
        (r"所有|全部|一切|任何|全体", r"所有|全|一切|任何|各|都|每|均"),
        (r"不[只仅单止](?!.*[也还更且])", r"不[只仅单止]"),
        (r"(?:未能?|没有?)(?=突破|超|达|升至|降[至到]|提高到|增长)", r"未|没|不"),
    )
)
_UP = re.compile(r"增[长加速幅至到]|[提升]高|提升|上[升涨]|升[至到]|扩大|高[出于]")
_DOWN = re.compile(r"[下降]降|降[低至到幅]|减少|减至|下跌|缩[短小减]|低于|跌[至到幅]")
_KIND_NOTE = re.compile(r"[（(][^（）()]*(?:目标|预测|target|forecast)")


def find_twists(piece: Piece, asked: str, corpus: Corpus, has_figure: bool) -> list[str]:
    """Return what a cited piece says otherwise than its citations, in words; [] if nothing, or nothing is cited.

    `has_figure`: whether it states a figure that they state. English about Chinese sources is checked for quotations only.
    """
    if not piece.cited or not squash(frame := frame_of(piece)).text:
        return []
    quotes = "\n".join(citation.quote for citation in piece.cited)
    found = [f"引号里不是原文：{quote}" for quote in foreign_quotes(piece, asked)]
    if _is_han(frame) and is_chinese(quotes):
        evidence = evidence_of(piece.cited, corpus)
        found += [f"与原文意思相反或不同：{clause}" for clause in dict.fromkeys(_twisted(piece.text, evidence))]
        found += [f"原文没有这层意思：{word}" for word in _put_in(frame, evidence.text)]
        bound = FOREIGN_FIGURES if has_figure else FOREIGN
        found += [f"升降相反：{figure}" for figure in _other_directions(piece, evidence)]
        if is_chinese(frame) and not piece.quotes and bigram_share(piece.text, quotes) < bound:
            found.append(f"所引原文说的不是这件事：{piece.text[:30]}")
    return found


def frame_of(piece: Piece) -> str:
    """Return the text of a piece with its verbatim quotes blanked, length kept."""
    return "".join(" " if piece.in_quote(at) else char for at, char in enumerate(piece.text))


def without_undisclosed(text: str) -> str:
    """Return a text with the clauses blanked that say what the sources do not say, length kept: no source states them."""
    return CLAUSE.sub(lambda m: " " * len(m[0]) if UNDISCLOSED.search(m[0]) else m[0], text)


def foreign_quotes(piece: Piece, asked: str) -> list[str]:
    """Chinese words between quotation marks or in 《》 that stand neither in a citation, nor in its title, nor in the question."""
    said = [squash(text).text for c in piece.cited for text in (c.quote, c.title)] + [squash(asked).text]
    found = []
    for match in [*quoted_spans(piece.text), *_NAME.finditer(piece.text)]:
        words = squash(match.group()).text
        if len(words) >= _MIN_QUOTE and is_chinese(words) and not any(words in text for text in said):
            found.append(match.group()[:30])
    return found


def _twisted(text: str, evidence: Evidence) -> Iterator[str]:
    """Clauses that copy a clause of the evidence and turn it around."""
    source, verbatim = clauses_of(evidence.text), squash(evidence.text).text
    for clause in clauses_of(without_undisclosed(text)):
        if len(clause.words) < 2 or squash(clause.text).text in verbatim:
            continue
        nearest = sorted(source, key=lambda c: -contained(clause, c))
        if nearest and _copied(clause, nearest[0]) and _is_turned(clause, nearest, evidence):
            yield clause.text.strip()


def _copied(clause: Clause, nearest: Clause) -> bool:
    """Whether most of a clause, but for denials put in, is its source's."""
    return contained(clause, nearest) >= COPIED or contained(whole_of(_DENIALS.sub("", clause.text)), nearest) >= COPIED


def _is_turned(clause: Clause, nearest: Sequence[Clause], evidence: Evidence) -> bool:
    both_planned = PLANNED.search(clause.text) and PLANNED.search(nearest[0].text)  # 就要建成 of 要建立
    return (
        turned_around(clause, nearest)
        or (told_otherwise(clause, nearest[0], evidence) and not both_planned)
        or not ranks_stand(clause.text, evidence.text)
        or not modals_stand((clause,), clauses_of(evidence.text))
    )


def _put_in(frame: str, source: str) -> Iterator[str]:
    for added, excuse in _PUT_IN:
        if (found := added.search(frame)) and not excuse.search(source):
            yield found[0]


def _other_directions(piece: Piece, evidence: Evidence) -> Iterator[str]:
    """Figures by which something goes up in the answer and down in the source, or the other way round."""
    for figure in find_figures(piece.text):
        same = [f for f in evidence.sentence.figures if same_value(f, figure)]
        said = _direction(piece.text, figure.start)
        if same and any(said) and all(_direction(evidence.text, f.start) == said[::-1] for f in same):
            yield piece.text[figure.start : figure.end]


def _direction(text: str, at: int) -> tuple[bool, bool]:
    """Whether words for up and for down stand in the clause around a position; both or neither is no direction."""
    clause = next((m[0] for m in CLAUSE.finditer(text) if m.start() <= at < m.end()), "")
    up, down = bool(_UP.search(clause)), bool(_DOWN.search(clause))
    return (up, down) if up != down else (False, False)


def other_kinds(piece: Piece, corpus: Corpus) -> Iterator[str]:
    """Figures told as done that are planned or expected, or the other way round; a note behind a figure may tell it."""
    text = piece.text
    if not piece.cited or not _is_han(frame_of(piece)):
        return
    evidence = evidence_of(piece.cited, corpus)
    for figure in find_figures(text):
        same = [f for f in evidence.sentence.figures if same_value(f, figure)]
        noted = bool(_KIND_NOTE.match(text, figure.end))
        if piece.in_quote(figure.start) or not same:
            continue
        if not any(_kind_fits(text, figure.start, figure.end, f, evidence, noted) for f in same):
            yield text[figure.start : figure.end]


def _kind_fits(text: str, start: int, end: int, stated: Figure, evidence: Evidence, noted: bool) -> bool:
    """Whether a figure is told as of the kind stated. A plan's figure told barely passes: only "done" makes it a fact."""
    if noted:
        return stated.kind != "实际值"
    if stated.kind == "实际值":
        return kind_stands(text, start, end, stated, evidence)
    behind = CLAUSE.match(text, end)
    before = max(text.rfind(mark, 0, start) for mark in "，,。；;：:（）") + 1
    return not DONE.search(text[before:end] + (behind[0] if behind else ""))


def _is_han(text: str) -> bool:
    return len(_HAN.findall(text)) >= _MIN_HAN
