"""Denial, modality, opposites and quantity words: what turns a sentence around while nearly all its characters stay.

Everything is compared at its place: the clause, or the part of a clause that a modal governs, with that part of the source
that has the same words. Rules are general; the pairs of opposite words are listed in opposites.tsv.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from app.verification.clauses import Clause, contained

# 不 and 未 that deny nothing (不同, 不断, 未成年), or that are comparators or modals and are read as such elsewhere.
_DENIAL = re.compile(
    r"(?<!有)没有?(?!收)|未(?![来成经满超逾])|并非|不是|从未|尚无|毫无|无法|无从|不足以|(?<!能)不能|(?<!会)不会"
    r"|不(?!得|同|断|仅|少(?=[一-龥])|过|低于|超|高于|大于|小于|多于|少于|动产|但|满|如|久|良|可|论|管|止|单|只|必|需|应|宜|允许|要求|准|能|会|是|定期|溢|法"
    r"|到[\d一二三四五六七八九十]|足)"
)
# Words that deny by themselves; they may stand for a denial and a denial for them.
_DENYING = re.compile(
    r"缺乏|缺少|缺失|欠缺|难以|很难|拒绝|轻视|忽视|禁止|严禁|停止|终止|免予|免征|屈指可数|脱节|空白|困境|不足(?![\d一二三四五六七八九十])|不到位|无(?=[一-龥])|非|失"
)
_MODAL = re.compile(
    r"(?P<free>无需|无须|不必|不需要?|可以不|不要求|免予|免于)"
    r"|(?P<forbid>不得(?!超过|少于|低于|高于|多于|大于|小于|逾|不)|禁止|严禁|不准|不允许|不可以|不应当?|不宜)"
    r"|(?P<must>应当|应该|必须|务必|须(?!知)|(?<![响适反效供相对])应(?=[在自由按向取当于将及是]))"
    r"|(?P<may>可以|有权|得以|允许|可(?=[申领享按直并额向]))"
)
_PENALTY = re.compile(r"处(?=[\d一二三五十百千万警罚])|责令|没收|吊销")
_QUANTIFIED = re.compile(
    r"(?P<most>大部分|大多数?|多数|绝大)|(?P<some>(?<!内)部分(?!门)|一些|有的|少数|个别|某些|若干|不少(?!于)|许多|很多|众多)"
    r"|(?P<all>所有(?!权|制|者)|全部|一切|任何|全体|每[个家所一]|各(?!自|种|类|项))"
)
_RANK = re.compile(
    r"首(?=[位个批家次创])|第(?=[一二三四五六七八九十\d]{1,3}(?![条款项章节编届号期\d]|季度|[一二三四五六七八九十]|产业))[一二三四五六七八九十\d]+|唯一|最(?=[大高多好强先早低小])[大高多好强先早低小]|率先"
)
_LEVEL = re.compile(r"国家级|省级|市级|县级|区级|国际级|世界级")
_ONLY, _NOT_ONLY = (
    re.compile(r"只(?!能有|要)|仅|光(?=[一-龥])(?![伏明电线缆学刻纤荣谷])"),
    re.compile(r"不仅|不只|不单|不止"),
)
_ALIGNED = 0.4  # share of a part's bigrams that must stand in a part of the source for the two to be compared


def turned_around(clause: Clause, nearest: Sequence[Clause]) -> bool:
    """Whether a clause denies, inverts or widens what the source clauses nearest to it (best first) say."""
    best = nearest[0]
    alike = [c for c in nearest[:3] if contained(clause, c) >= max(0.25, contained(clause, best) - 0.35)] or [best]
    stated, said = "，".join(c.text for c in alike), "，".join(c.text for c in nearest)
    return (
        _denied(clause, nearest)
        or _denied_there(clause.text, said)
        or _denied_there(said, clause.text)
        or any(_opposed(clause.text, stated, a, b) for a, b in _opposites())
        or _requantified(clause.text, best.text)
        or bool(_NOT_ONLY.search(clause.text)) > bool(_NOT_ONLY.search(best.text)) == bool(not _ONLY.search(best.text))
    )


def _denied(clause: Clause, nearest: Sequence[Clause]) -> bool:
    """A denial in one and none, not even by a word that denies (缺乏, 难以), in the other."""
    best = nearest[0]
    claimed, stated = _denials(clause.text), _denials(best.text)
    if bool(claimed) == bool(stated):
        return False
    if claimed:
        return not _DENYING.search(best.text) and not any(
            _denials(other.text) for other in nearest[1:3] if contained(clause, other) >= 0.2
        )
    if _DENYING.search(clause.text) or contained(clause, best) < _ALIGNED:
        return False
    others = (other for other in nearest[1:3] if not _denials(other.text))
    return not any(contained(clause, other) >= contained(clause, best) - 0.15 for other in others)


def _denied_there(one: str, other: str) -> bool:
    """Whether what one text denies (走出 in 没有走出) stands in the other, and nowhere there denied or after a word that denies."""
    for match in _DENIAL.finditer(one):
        word = one[match.end() : match.end() + 2]
        if len(word) < 2 or not re.fullmatch("[一-龥]{2}", word) or word not in other:
            continue
        places = [m.start() for m in re.finditer(re.escape(word), other)]
        before = [other[max(0, place - 3) : place] for place in places]
        if not any(p.search(b) for b in before for p in (_DENIAL, _DENYING, _MODAL)):
            return True
    return False


@lru_cache(maxsize=4096)
def _denials(text: str) -> tuple[str, ...]:
    return tuple(match[0] for match in _DENIAL.finditer(text))


def _opposed(claim: str, stated: str, one: re.Pattern[str], other: re.Pattern[str]) -> bool:
    """Whether the claim has a word of one side, of which the source has none, where the source has one of the other side."""
    for mine, theirs in ((one, other), (other, one)):
        found = mine.search(claim)
        if found and not mine.search(stated) and theirs.search(stated) and not theirs.search(claim):
            return not _DENIAL.search(claim[max(0, found.start() - 2) : found.start()])
    return False


@cache
def _opposites() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """The pairs of opposites.tsv: on each side of the tab words that may stand for one another, parted by |."""
    lines = (Path(__file__).parent / "opposites.tsv").read_text(encoding="utf-8").splitlines()
    sides = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple((re.compile(one), re.compile(other)) for one, other in sides)


def _requantified(claim: str, stated: str) -> bool:
    """全部 of what the source says of 部分, 部分 of what it says of 任何, 多数 of what it says of 部分."""
    claimed = {m.lastgroup for m in _QUANTIFIED.finditer(claim)}
    found = {m.lastgroup for m in _QUANTIFIED.finditer(stated)}
    return bool(claimed and found and not claimed & found)


def ranks_stand(claim: str, source: str) -> bool:
    """Whether first places, superlatives and levels of the claim are the source's: 首位, 第二, 唯一, 省级."""
    ranks = {_first(m[0]) for m in _RANK.finditer(claim)} - {_first(m[0]) for m in _RANK.finditer(source)}
    return not ranks and Counter(_LEVEL.findall(claim)) <= Counter(_LEVEL.findall(source))


def _first(word: str) -> str:
    return "第一" if word == "首" else word


@lru_cache(maxsize=4096)
def _governed(clauses: tuple[Clause, ...]) -> tuple[tuple[str, bool, frozenset[str], str], ...]:
    """A sentence cut at its modals: (class, whether it is the part's own, bigrams, text). A clause without one inherits."""
    parts: list[tuple[str, bool, frozenset[str], str]] = []
    held = ""
    for clause in clauses:
        marks = list(_MODAL.finditer(clause.text))
        lead = clause.text[: marks[0].start()] if marks else clause.text
        if len(lead) >= 2:
            parts.append((held, False, _grams(lead), lead))
        for match, following in zip(marks, [*marks[1:], None], strict=False):
            held = match.lastgroup or ""
            body = clause.text[match.end() : following.start() if following else len(clause.text)]
            parts.append((held, True, _grams(body), body))
    return tuple(parts)


def _grams(text: str) -> frozenset[str]:
    bare = re.sub(r"[^㐀-鿿a-z]", "", text)
    return frozenset(a + b for a, b in pairwise(bare))


def modals_stand(claim: tuple[Clause, ...], source: tuple[Clause, ...]) -> bool:
    """Whether what the claim says must, may or must not be done is so governed in the source."""
    stated = _governed(source)
    for kind, own, grams, _text in _governed(claim):
        if not grams:
            continue
        shares = [(len(grams & g) / len(grams), k, o, t) for k, o, g, t in stated]
        best = max((s for s, *_ in shares), default=0.0)
        near = [(k, o, t) for s, k, o, t in shares if s >= max(best - 0.1, 0.01)]
        if own and not _allowed(kind, near if best >= _ALIGNED else [(k, o, t) for _, k, o, t in shares], best):
            return False
        if not own and kind not in {"forbid", "free"} and _is_forbidden(grams, stated):
            return False
    return True


def _is_forbidden(grams: frozenset[str], stated: Sequence[tuple[str, bool, frozenset[str], str]]) -> bool:
    """Whether words of a part without a modal are the source's only where it forbids them or says that they need not be."""
    free = frozenset[str]().union(*(g for k, _, g, _ in stated if k not in {"forbid", "free"}))
    forbidden = frozenset[str]().union(*(g for k, own, g, _ in stated if k in {"forbid", "free"} and own))
    only = grams & forbidden - free
    return len(only) >= max(3, _ALIGNED * len(grams))


def _allowed(kind: str, near: Sequence[tuple[str, bool, str]], best: float) -> bool:
    kinds = {k for k, _, _ in near}
    if kind in kinds:
        return True
    if kind in {"must", "may"} and "" in kinds:
        plain = " ".join(t for k, _, t in near if not k)
        return kind == "must" or not _PENALTY.search(plain)
    denied = kind in {"forbid", "free"} and any(_DENYING.search(t) or _DENIAL.search(t) for _, _, t in near)
    return denied and best < _ALIGNED
