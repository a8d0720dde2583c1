"""Figures as statements: the same amount told of the same owner, time, kind, direction and measure as it is stated."""

import re
from collections.abc import Sequence

from app.types import Evidence, Query
from app.understanding.measures import find_heads, head_spans
from app.verification.certainty import AIMED, kind_stands
from app.verification.clauses import HAN
from app.verification.numbers import figures_of, same_amount
from app.verification.owners import is_unowned, same_owner
from ingest.facts.figures import clause_spans
from ingest.lexical import cut, normalise
from ingest.types import Figure

_UP = re.compile(
    r"提升|提高|增长|增加|上升|上涨|升至|升到|增至|高于|高出|[更要]?高(?=[\d一二三四五六七八九十约近超])|增速|增幅|扩大"
)
_DOWN = re.compile(
    r"下降|降低|减少|缩短|下跌|降至|降到|减至|低于|[更要]?低(?=[\d一二三四五六七八九十约近超])|降幅|跌幅|缩减|压缩|省下|节省|节约|节能"
)
_RATE_OF_CHANGE = re.compile(r"增长?[率速幅]|降幅|跌幅|增长(?:预期)?目标|增长的?(?:预期|目标)")
_BARE = frozenset(
    ("规模", "占比", "比例", "比重", "份额", "数量", "总数", "总量", "总额", "金额", "增速", "增幅", "增长率")
)
_RULE = re.compile(r"罚款|奖励|补助|补贴|不得|应当|可以|税率|征收率|予以")


def figures_stand(claim: str, cited: Sequence[Evidence], query: Query, framed: bool) -> tuple[bool, bool, bool]:
    """Whether the amounts of a claim are stated, whether as said of them, and whether all is told of them.

    Not told is whose a local figure is, and that a figure is an aim where the cited sentence itself has no word for it.
    """
    numbers_ok = scope_ok = told = True
    for figure in figures_of(claim, query):
        same = [(f, e) for e in cited for f in e.sentence.figures if same_amount(figure, f)]
        numbers_ok = numbers_ok and bool(same)
        scope_ok = scope_ok and (not same or any(_same_statement(figure, f, claim, e, framed) for f, e in same))
        local = any(f.scopes and f.scopes != ("CN",) for f, _ in same)
        if local and is_unowned(figure, claim) and not _RULE.search(claim):
            told = False
        aims = [f for f, e in same if f.kind != "实际值" and not AIMED.search(e.text)]
        if aims and len(aims) == len(same) and HAN.search(claim) and not AIMED.search(claim[: figure.end]):
            told = False
    return numbers_ok, scope_ok, told


def _same_statement(claimed: Figure, stated: Figure, claim: str, source: Evidence, framed: bool) -> bool:
    clause, original = _clause(claim, claimed.end - 1), _clause(source.text, stated.end - 1 - source.sentence.start)
    # A frame gives the kind as a note and copies the measure; English words are compared in app.verification.english.
    worded = bool(HAN.search(claim)) and not framed
    return (
        same_owner(claimed, stated, claim, source)
        and (claimed.period in {"", stated.period} or (not stated.period and claimed.period[:4] in source.text))
        and (not worded or kind_stands(claim, claimed.start, claimed.end, stated, source))
        and (not worded or (_same_role(claimed, stated, clause) and _same_direction(claim, claimed, source, stated)))
        and (framed or _heads_stand(clause, source.text, original))
        and (not worded or _says_of_what(claimed, stated, claim))
    )


def _says_of_what(claimed: Figure, stated: Figure, claim: str) -> bool:
    """Whether a measure that means nothing by itself (规模, 占比) still says of what where the source does: 算力产业的规模."""
    own, whole = normalise(claimed.indicator), normalise(stated.indicator)
    if own not in _BARE or own == whole or not whole.endswith(own):
        return True
    rest = [word for word in cut(whole.removesuffix(own)) if len(word) > 1]
    return not rest or any(word in normalise(claim) for word in rest)


def _same_role(claimed: Figure, stated: Figure, clause: str) -> bool:
    """增长5% and 增速为5%, 增长目标是5%: a level of a rate of change is the change."""
    roles = {_role(claimed), _role(stated)}
    return len(roles) == 1 or (roles == {"水平", "变化"} and bool(_RATE_OF_CHANGE.search(clause)))


def _role(figure: Figure) -> str:
    """What a rule asks for and what it gives are both levels to the reader."""
    return "水平" if figure.role == "条件" else figure.role


def _heads_stand(clause: str, text: str, original: str) -> bool:
    """Whether each measure named in a clause is named in the source's, or made of its characters in order (供求比).

    A source clause that names none goes on with that of the clause before it (赤字规模4.06万亿元，比上年增加1800亿元).
    """
    plain, stated = normalise(clause), normalise(original)
    heads = set(find_heads(stated))
    if not heads:
        before = [
            h
            for a, b in clause_spans(text)
            if b <= text.find(original)
            for h in [find_heads(normalise(text[a:b]))]
            if h
        ]
        heads = set(before[-1]) if before else set()
    return all(head in heads or _spelt(head, plain, stated) for head in find_heads(plain))


def _spelt(head: str, plain: str, stated: str) -> bool:
    written = [head, *(plain[start:end] for start, end, canonical in head_spans(plain) if canonical == head)]
    return any(re.search(".{0,4}".join(map(re.escape, word)), stated) for word in written)


def _clause(text: str, at: int) -> str:
    return next((text[start:end] for start, end in clause_spans(text) if start <= at < end), text)


def _same_direction(claim: str, claimed: Figure, source: Evidence, stated: Figure) -> bool:
    """Up is not down. 达到66.2% may be said of what was 提高到66.2%: the level, without the change that led to it."""
    at = stated.end - 1 - source.sentence.start
    said, told = _direction(source.text, at), _direction(claim, claimed.end - 1)
    level = stated.role == "水平" and re.search(
        "[到至](?:了|约|近|超过?)*$", source.text[: stated.start - source.sentence.start]
    )
    return said == told or (not any(told) and bool(level))


def _direction(text: str, at: int) -> tuple[bool, bool]:
    """Whether words for up and for down stand in the part of the clause that the figure at `at` ends: 28.5万亿元、比上年增加1万亿元."""
    start, end = next(((a, b) for a, b in clause_spans(text) if a <= at < b), (0, len(text)))
    after = text.find("、", at, end)
    clause = text[max(start, text.rfind("、", start, at) + 1) : end if after < 0 else after]
    return bool(_UP.search(clause)), bool(_DOWN.search(clause))
