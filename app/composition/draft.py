"""An answer before it is checked and numbered."""

from dataclasses import dataclass, field

from app.types import AbstainReason, Evidence, Query
from ingest.types import Figure
from prompts import phrase


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a draft: text without markers, the evidence it rests on, and the heading it stands under.

    `framed` says that the words around the quotation are the product's own (未披露, 最接近的是): their numbers and scopes are
    checked, their wording is not compared with the source. A claim with a `cell` (row, column) stands in a table: claims
    with cells that follow one another are one table, rows and columns in order of first appearance. `span` is what of a cited sentence `text` repeats, where it is not the whole sentence.
    """

    text: str
    evidence: tuple[Evidence, ...]
    heading: str = ""
    bullet: bool = False
    runs_on: bool = False  # stands in the line of the claim before it
    framed: bool = True
    cell: tuple[str, str] | None = None
    span: str = ""


@dataclass(slots=True)
class Draft:
    """An answer before checking. `lead` is said without citation (that something is not in the sources)."""

    claims: list[Claim] = field(default_factory=list)
    figures: list[tuple[Figure, Evidence]] = field(default_factory=list)  # those that answer; all cited ones follow
    lead: str = ""
    corner: str = ""  # head of a table's first column
    verdict: bool = False  # the lead speaks of the claims that follow, and must not stand without one
    reason: AbstainReason = ""
    corrections: tuple[tuple[str, str], ...] = ()  # (as typed, as read) of the question, with those that the texts gave

    @property
    def abstained(self) -> bool:
        """Whether the question itself stays unanswered."""
        return bool(self.reason)


def quote(query: Query, evidence: Evidence, heading: str = "") -> Claim:
    """A source sentence as a bullet of the answer."""
    return Claim(phrase(query.language, "quoted", quote=evidence.text), (evidence,), heading, bullet=True)
