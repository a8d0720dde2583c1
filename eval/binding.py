"""Is every number and region of an answer bound as its cited source binds it? The heart of the misattribution metric.

Truth about a figure's owner comes from gold where gold knows the figure, else from the source read again; truth about
everything else is the cited quote. An answer may repeat a number of the question only to deny it or between quotation
marks; anything else that it states must be in what it cites.
"""

import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from app.understanding.periods import question_periods
from eval.answers import CLAUSE, UNDISCLOSED, Piece, is_denied, is_quotation_of
from eval.corpus import Corpus, KnownScope, scope_codes, true_scopes
from eval.indicators import is_told_of_another
from eval.quantities import Stated, same_quantity, same_unit, same_value, stated_quantities
from eval.text import is_chinese
from eval.trace import Said, SaidCitation, SaidFigure
from ingest.facts.figures import clause_spans, find_figures, is_object
from ingest.facts.regions import NATION, display, find_regions, relation
from ingest.lexical import normalise

_TODAY = date(2026, 1, 1)  # 近五年 is compared with 近五年, so any day will do
_ISSUED = re.compile(r"发布|印发|公布|出台|今年|本年|issued|published|this year", re.IGNORECASE)
_PASSED_OVER = re.compile(r"(?<=\d)\.(?!\d)|今年|本年|当年|[比较](?:上年|去年)")  # in 2025.; words that fix no year
# 无人机、智能终端两类产品: the writer's own count of what stands before it.
_LIST_COUNT = re.compile(r"([^，,。；;：:]+)([两二三四五六七八九])(?:大|类|种|项|个|点|方面)")
_LIST_MARK = re.compile(r"、|和|与|以及|及")
# The closest figure is one of this owner: 全国口径的数字, a figure of national scope.
_SCOPE = re.compile(r".*?(?:口径|\bscope\b)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Claim:
    """A quantity that the answer states, whose it says it is, and what it cites.

    `scopes`: owners that the sentence or the answer's figure table names. `implied`: whom the reader takes it for
    otherwise: the region spoken of last, else the question's. `periods`: as stated (`dated`), or asked for if none is stated.
    `piece` is where it stands. `quoted`: those of the scopes that the words of a verbatim quote name: the source's own
    words, which give the figure to nobody else, however much or little of them ingestion understands.
    """

    quantity: Stated
    scopes: frozenset[str]
    implied: frozenset[str]
    periods: frozenset[str]
    piece: Piece
    quoted: frozenset[str] = frozenset()
    dated: bool = False
    indicators: frozenset[str] = frozenset()  # of what the words around it tell it
    is_unsaid: bool = False  # stands in a clause that says that no source says it

    @property
    def name(self) -> str:
        """The quantity for people."""
        return name_quantity(self.quantity)

    @property
    def owner(self) -> str:
        """Whose the reader takes it to be, for people."""
        return "、".join(display(code) for code in sorted(self.scopes or self.implied))

    @property
    def is_grounded(self) -> bool:
        """Whether a quote cited where the claim stands states the same value, unit and comparator, of the same thing."""
        cited = self.piece.cited
        return is_grounded(self.quantity, cited) and not is_told_of_another(self.quantity, self.indicators, cited)


def name_quantity(quantity: Stated) -> str:
    """Return comparator, value or range, and unit in one word."""
    high = "" if quantity.value_high is None else f"-{quantity.value_high:g}"
    return f"{quantity.comparator}{quantity.value:g}{high}{quantity.unit}"


def find_claims(pieces: Sequence[Piece], said: Said, asked: str) -> tuple[Claim, ...]:
    """All quantities that an answer states, in order; those asked about that it denies or quotes are left out.

    `asked` is the conversation with the question last.
    """
    claims: list[Claim] = []
    question = asked.rsplit("\n", 1)[-1]
    spoken_of = _mentioned(question) or _mentioned(asked) or frozenset((NATION,))
    asked_periods = frozenset(_YEAR.findall(question))
    for piece in pieces:
        frame = "".join(" " if piece.in_quote(i) else char for i, char in enumerate(piece.text))
        implied = _affirmed(frame) or spoken_of
        for part, offset in _parts(piece, frame):
            figures = find_figures(part)
            for quantity in stated_quantities(part):
                if _is_echo(piece.text, offset + quantity.start, quantity, asked):
                    continue
                own = [f for f in figures if f.start < quantity.end and quantity.start < f.end]
                listed = _listed(quantity, piece, said)
                named_owner = {code for f in own for code in f.scopes} or _owner_behind(part, quantity)
                scopes = named_owner | {code for f in listed for code in scope_codes(f.scope, named_owner)}
                periods = {f.period for f in own if f.period} | {f.period for f in listed if f.period}
                if not periods and not is_chinese(part):
                    periods = set(periods_of(piece.text))
                stated = frozenset(periods) or asked_periods
                quoted = frozenset(named_owner) if piece.in_quote(offset + quantity.start) else frozenset()
                named = frozenset(f.indicator for f in own if f.indicator)
                unsaid = piece.is_unsaid(offset + quantity.start)
                claims.append(
                    Claim(quantity, frozenset(scopes), implied, stated, piece, quoted, bool(periods), named, unsaid)
                )
        spoken_of = _affirmed(piece.text) or spoken_of
    return tuple(claims)


def _parts(piece: Piece, frame: str) -> list[tuple[str, int]]:
    """Part the frame and each verbatim quote: a region in the frame does not own a figure inside the quote.

    The quotes are blank in `frame`, so that every offset is one in the piece.
    """
    return [(_without_denied(frame), 0)] + [(piece.text[start:end], start) for start, end in piece.quotes]


def _without_denied(text: str) -> str:
    """Blank the regions of denying clauses (资料未披露贵州的…；约65%): they own no figure that follows."""
    for mention in find_regions(text):
        if is_denied(text, mention.start):
            text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
    return text


def _owner_behind(text: str, quantity: Stated) -> set[str]:
    """Owners named behind a figure in its own clause: 约65%是全国的平均水平."""
    for start, end in clause_spans(text):
        if start <= quantity.start < end:
            behind = [m for m in find_regions(text) if quantity.end <= m.start < end and not is_object(text, m)]
            return {m.code for m in behind if not is_denied(text, m.start)}
    return set()


def _mentioned(text: str) -> frozenset[str]:
    return frozenset(mention.code for mention in find_regions(text))


def _affirmed(text: str) -> frozenset[str]:
    return frozenset(m.code for m in find_regions(text) if not is_denied(text, m.start))


def _is_echo(text: str, position: int, quantity: Stated, asked: str) -> bool:
    repeated = any(same_value(quantity, other) for other in stated_quantities(asked))
    return repeated and (is_denied(text, position) or is_quotation_of(text, position, [asked]))


def _listed(quantity: Stated, piece: Piece, said: Said) -> list[SaidFigure]:
    ids = {citation.id for citation in piece.cited}
    return [
        figure for figure in said.figures
        if figure.citation in ids and same_value(quantity, as_stated(figure)) and same_unit(quantity.unit, figure.unit)
    ]  # fmt: skip


def as_stated(figure: SaidFigure) -> Stated:
    """Return a figure of the answer's table as a quantity."""
    low, high = figure.value if isinstance(figure.value, tuple) else (figure.value, None)
    return Stated(low, figure.unit, figure.comparator, 0, 0, high)


def is_grounded(quantity: Stated, cited: Sequence[SaidCitation]) -> bool:
    """Whether a cited quote states the same value, unit and comparator."""
    return any(same_quantity(quantity, other) for citation in cited for other in stated_quantities(citation.quote))


def counts_a_list(claim: Claim) -> bool:
    """Whether a number only counts the items listed before it in its clause: no source need state it."""
    return any(
        claim.quantity.value == "二三四五六七八九".find(match[2].replace("两", "二")) + 2
        and len(_LIST_MARK.split(match[1])) == claim.quantity.value
        for match in _LIST_COUNT.finditer(claim.piece.text)
    )


def is_misattributed(claim: Claim, corpus: Corpus, known: Sequence[KnownScope]) -> bool:
    """Whether a claim gives a figure an owner that no cited source gives it, by name or by leaving the name out.

    A national figure that its source states without scope may be restated so. False where the owner is not known.
    """
    truth: set[str] = set()
    source_names_it = False
    for citation in claim.piece.cited:
        truth |= true_scopes(claim.quantity, citation.source, citation.start, citation.end, corpus, known)
        source_names_it |= any(f.scopes and same_value(f, claim.quantity) for f in find_figures(citation.quote))
    if not truth:
        return False
    if claim.scopes:
        return not claim.scopes <= truth | claim.quoted
    return not claim.implied & truth and (source_names_it or truth != {NATION})


def is_misdated(claim: Claim, corpus: Corpus) -> bool:
    """Whether a claim gives a figure a period, and the cited sources read another for it. False where either is open."""
    if not claim.dated:
        return False
    truth = {
        f.period
        for c in claim.piece.cited if c.source in corpus
        for sentence in corpus[c.source].sentences
        for f in sentence.figures
        if c.start <= f.start < c.end and same_value(f, claim.quantity) and same_unit(f.unit, claim.quantity.unit)
    }  # fmt: skip
    if not all(_YEAR.match(period) for period in (*truth, *claim.periods)):
        return False
    return bool(truth) and not any(_is_within(a, b) or _is_within(b, a) for a in claim.periods for b in truth)


def check_table(said: Said, corpus: Corpus, known: Sequence[KnownScope]) -> tuple[list[str], list[str]]:
    """Return entries of the figure table that their citation does not state, and those it gives to another owner."""
    by_id = {citation.id: citation for citation in said.citations}
    unstated, misowned = [], []
    for figure in said.figures:
        citation, quantity = by_id.get(figure.citation), as_stated(figure)
        if citation is None or not is_grounded(quantity, [citation]):
            unstated.append(f"数字表 {name_quantity(quantity)}")
            continue
        truth = true_scopes(quantity, citation.source, citation.start, citation.end, corpus, known)
        if truth and not frozenset(scope_codes(figure.scope, truth)) <= truth:
            misowned.append(f"数字表 {name_quantity(quantity)} → {figure.scope}")
    return unstated, misowned


def foreign_regions(piece: Piece, asked: str, corpus: Corpus) -> list[str]:
    """Regions that a cited sentence speaks of in its own words and that what it cites does not speak of.

    What a citation speaks of: regions in its quote and title, and those that its sentence inherits in the document. The
    whole of such a region may be named too (安徽合肥), the nation only if the source speaks of it. What is denied of a
    region passes if the region was asked about (资料未披露贵州的…), in whatever spelling, or not at all.
    """
    if not piece.cited:
        return []
    allowed: set[str] = set()
    for citation in piece.cited:
        own = {m.code for m in find_regions(citation.quote)}
        around = {m.code for m in find_regions(citation.title)}
        if citation.source in corpus:
            sentences = corpus[citation.source].sentences
            overlapping = (s for s in sentences if s.start < citation.end and citation.start < s.end)
            around |= {code for sentence in overlapping for code in sentence.regions}
        # A text about the nation speaks of a province where it names one: what it says there is not the nation's.
        allowed |= own | (around - {NATION} if own - {NATION} else around)
    foreign = [
        mention for mention in find_regions(piece.text)
        if not piece.in_quote(mention.start) and mention.code not in allowed and not _is_whole(mention.code, allowed)
    ]  # fmt: skip
    about = _mentioned(asked)
    wrong = [m.text for m in foreign if not (is_denied(piece.text, m.start) and (m.code in about or not about))]
    return wrong + _undisclosed_elsewhere(piece, about)


def _undisclosed_elsewhere(piece: Piece, about: Collection[str]) -> list[str]:
    """Regions of which an answer says that nothing is disclosed, though another was asked about; and scopes so denied."""
    found, denied = [], set[str]()
    for clause in CLAUSE.finditer(piece.text):
        if UNDISCLOSED.search(clause[0]) and not piece.in_quote(clause.start()):
            mentions = find_regions(clause[0])
            denied |= {m.code for m in mentions}
            found += [m.text for m in mentions if about and m.code not in about]
        elif (scope := _SCOPE.search(clause[0])) and not piece.in_quote(clause.start()):
            found += [m.text for m in find_regions(scope[0]) if m.code in denied]
    return found


def _is_whole(code: str, parts: Collection[str]) -> bool:
    return code != NATION and any(relation(code, part) == "part" for part in parts)


def foreign_periods(piece: Piece, asked: str, corpus: Corpus) -> list[str]:
    """Periods (2025, 2025Q1, 十四五, 近五年 as years) of a cited sentence that its quotes and their titles do not state.

    A period asked about passes where a clause denies or quotes it, the year of publication where the clause speaks of
    publishing or of this year, and so does the period that ingestion reads for a figure of the sentence where it is cited
    (今年, a heading). A clause about what sources do not say may name the periods asked about only.
    """
    if not piece.cited:
        return []
    named = " ".join(f"{citation.quote} {citation.title}" for citation in piece.cited)
    stated = {*periods_of(named), *_figure_periods(piece, corpus)}
    dates = {citation.date[:4] for citation in piece.cited}
    found: list[str] = []
    for clause in CLAUSE.finditer(piece.text):
        own = periods_of(clause[0])
        if UNDISCLOSED.search(clause[0]) and periods_of(asked):
            found += own - periods_of(asked)
            continue
        known = stated | (dates if _ISSUED.search(clause[0]) else set())
        if is_denied(piece.text, clause.start()) or is_quotation_of(piece.text, clause.start(), [asked]):
            known |= periods_of(asked)
        found += [p for p in own if not any(_is_within(p, other) for other in known) and p not in named]
    return found


@functools.lru_cache(maxsize=4096)
def periods_of(text: str) -> frozenset[str]:
    """Periods that a text names, in Chinese or English; 近五年 and its like as years from a fixed day."""
    return frozenset(question_periods(_PASSED_OVER.sub(" ", normalise(text)), _TODAY)[0])


def _is_within(said: str, stated: str) -> bool:
    """Whether a period is the stated one, its year, or a quarter of it whose year is left out."""
    return said == stated or stated.startswith(said) or (said[0] in "QH" and stated.endswith(said))


def _figure_periods(piece: Piece, corpus: Corpus) -> list[str]:
    said = stated_quantities(piece.text)
    return [
        figure.period
        for citation in piece.cited if citation.source in corpus
        for sentence in corpus[citation.source].sentences
        for figure in sentence.figures
        if citation.start <= figure.start < citation.end and any(same_value(figure, quantity) for quantity in said)
        if figure.period
    ]  # fmt: skip
