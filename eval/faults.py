"""What is wrong with an answer beside a missing fact, as reasons in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval import metrics
from eval.answers import Shown
from eval.binding import (
    Claim,
    check_table,
    counts_a_list,
    foreign_periods,
    foreign_regions,
    is_misattributed,
    is_misdated,
)
from eval.contradiction import find_contradictions
from eval.corpus import Corpus, KnownScope
from eval.gold import Case
from eval.meaning import find_twists, other_kinds
from eval.trace import Said


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults by sort.

    `forbidden` strings said; figures or regions given to another owner (`misowned`), or to another period or kind
    (`misbound`); numbers and periods that no cited quote states (`unstated`); words that say something else than the
    citation does, or than the answer itself (`twisted`).
    """

    forbidden: tuple[str, ...]
    misowned: tuple[str, ...]
    misbound: tuple[str, ...]
    unstated: tuple[str, ...]
    twisted: tuple[str, ...]

    @property
    def reasons(self) -> list[str]:
        """All faults in words."""
        return [
            *(f"出现禁止的说法：{text}" for text in self.forbidden),
            *(f"张冠李戴：{text}" for text in self.misowned),
            *self.misbound,
            *(f"所引原文中没有：{text}" for text in self.unstated),
            *self.twisted,
        ]


def find_faults(
    case: Case, said: Said, shown: Shown, claims: Sequence[Claim], corpus: Corpus, known: Sequence[KnownScope]
) -> Faults:
    """Return everything that an answer says wrongly; what it leaves out and its markers are judged elsewhere."""
    unstated, misowned = check_table(said, corpus, known)
    misowned += [f"{claim.name} → {claim.owner}" for claim in claims if is_misattributed(claim, corpus, known)]
    unstated += [claim.name for claim in claims if not claim.is_grounded and not counts_a_list(claim)]
    misbound = [f"时期有误：{claim.name}" for claim in claims if is_misdated(claim, corpus)]
    twisted: list[str] = []
    for piece in shown.pieces:
        misowned += [f"{name}：{piece.text[:24]}" for name in foreign_regions(piece, case.asked, corpus)]
        periods = foreign_periods(piece, case.asked, corpus)
        unstated += [f"{period}年" if period.isdigit() else period for period in periods]
        has_figure = any(claim.piece is piece and claim.is_grounded for claim in claims)
        twisted += find_twists(piece, case.asked, corpus, has_figure)
        misbound += [f"计划、预测与事实混淆：{figure}" for figure in other_kinds(piece, corpus)]
    twisted += find_contradictions(shown.pieces, case.asked, corpus)
    forbidden = metrics.must_not_hits(case, shown)
    return Faults(tuple(forbidden), tuple(misowned), tuple(misbound), tuple(unstated), tuple(twisted))
