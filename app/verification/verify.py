"""Check one answer sentence against the sentences that it cites: numbers, scope, period, kind, direction, wording.

The same check runs on extractive and on generated sentences. A figure in the sentence must be a figure of a cited sentence
in everything that it says of it; the rest must be worded as the source is, clause by clause. Text in quotation marks that
stands verbatim in a citation needs no further proof.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.types import Evidence, Query, Support
from app.understanding.measures import find_heads
from app.understanding.periods import without_periods
from app.understanding.quantities import english_figures
from ingest.facts.figures import Context, clause_spans, find_figures, find_periods, is_object
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import expand, find_regions, relation
from ingest.lexical import normalise
from ingest.types import Figure

# Containment of character bigrams; on Chinese statutes 0.5 parts right from wrong clauses with AUC 0.96 (DESIGN 4).
SUPPORTED, PARTIAL = 0.5, 0.3
_MIN_CLAUSE = 6  # characters; shorter clauses are frames (其中, 对此)
_HAN = re.compile(r"[㐀-鿿]")
# Clauses that say what the sources do not say; they hold no fact to check.
_FRAME = re.compile(
    r"(?:资料|材料|文中)?(?:中)?(?:均|都)?(?:未|没有?)(?:披露|提供|给出|提及|说明)[^，,。；;：:\d]*[，,。；;]?"
    r"|[（(]?(?:但)?(?:这|它|该数字)?(?:并)?不是[^，,。；;\d]{0,12}(?:自身|本身|自己)的(?:数字|数据|情况)[）)]?[，,。；;]?"
    r"|No source discloses[^;,.\d]*[;,.]?",
    re.I,
)
_YEAR = re.compile(r"(?<![\d.])((?:19|20)\d{2})(?![\d.])")
_NEGATION = re.compile(
    r"没有?|未(?!来)|并非|不是|不会|不能|不再|不得|无法|从不|尚无|毫无|不(?=超过|足以|具备|存在|属于|包括|要求|需要|支持)"
)
_DONE = re.compile(r"已经?(?!知)|建成")
_PLANNED = re.compile(r"规划|计划|力争|目标|拟|将|要(?:初步|加快|逐步|建|实现|达到|形成)|打算")
_UP = re.compile(
    r"提升|提高|增长|增加|上升|上涨|升至|升到|增至|高于|高出|[更要]?高(?=[\d一二三四五六七八九十约近超])|增速|增幅|扩大"
)
_DOWN = re.compile(
    r"下降|降低|减少|缩短|下跌|降至|降到|减至|低于|[更要]?低(?=[\d一二三四五六七八九十约近超])|降幅|跌幅|缩减|压缩|省下|节省|节约"
)
# Comparators that may stand for one another without changing what is claimed.
_AT_MOST, _AT_LEAST = {"至多", "以下"}, {"至少", "以上"}
_SAME_COMPARATOR = ({"超", "以上", "至少"}, {"不足", "以下"}, {"约", "近"})


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one sentence; `containment` is that of its weakest clause, None where no wording was to be checked."""

    support: Support
    numbers_ok: bool
    scope_ok: bool
    containment: float | None


def check_sentence(text: str, cited: Sequence[Evidence], query: Query, framed: bool = False) -> Check:
    """Check `text` (without markers) against the cited sentences. No citation means unsupported.

    `framed` text is the composer's own wording around a quotation: its figures are checked, its words are its own.
    """
    if not cited:
        return Check("unsupported", True, True, 0.0)
    claim = _without_quotes(text, cited)
    if framed and _FRAME.search(claim):  # says what is not disclosed; the rest of it is the quotation
        return Check("supported" if _quantities_stand(claim, cited) else "unsupported", True, True, None)
    claim = "" if _FRAME.fullmatch(claim) else _FRAME.sub("", claim)
    numbers_ok = _digits_stand(claim, cited) and _years_stand(claim, cited)
    if not framed and not _quotes_stand(claim, cited):
        return Check("unsupported", numbers_ok, True, 0.0)
    scope_ok = _regions_stand(claim, cited)
    for figure in _figures(claim, query):
        same = [f for e in cited for f in e.sentence.figures if _same_amount(figure, f)]
        numbers_ok = numbers_ok and bool(same)
        scope_ok = scope_ok and (not same or any(_same_statement(figure, f, claim, cited, framed) for f in same))
    if framed:
        ok = numbers_ok and scope_ok
        return Check("supported" if ok else "unsupported", numbers_ok, scope_ok, None)
    share = _weakest_clause(claim, cited)
    if not numbers_ok or not scope_ok:
        return Check("unsupported", numbers_ok, scope_ok, share)
    if share is None:
        return Check("supported", True, True, None)
    if not _HAN.search(claim):  # words cannot be compared across languages
        return Check("partial" if query.language == "en" else "unsupported", True, True, share)
    support: Support = "supported" if share >= SUPPORTED else "partial" if share >= PARTIAL else "unsupported"
    return Check(support, True, True, share)


def _without_quotes(text: str, cited: Sequence[Evidence]) -> str:
    """The sentence less what it quotes verbatim from its citations."""
    for evidence in cited:
        text = text.replace(f"“{evidence.text}”", " ")
        if text.strip() == evidence.text:
            return ""
    return text


def _quotes_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """What stands in quotation marks must stand so in a cited sentence or its title."""
    said = normalise(" ".join(f"{e.text} {e.hit.source.title}" for e in cited))
    return all(normalise(quoted) in said for quoted in re.findall(r"[“「《]([^”」》]{1,80})[”」》]", claim))


def _figures(claim: str, query: Query) -> tuple[Figure, ...]:
    if _HAN.search(claim):
        return find_figures(claim, context=Context(topic=query.regions))
    owners = tuple(dict.fromkeys(m.code for m in find_regions(claim))) or query.regions
    return tuple(_owned(figure, owners) for figure in english_figures(claim))


def _owned(figure: Figure, owners: tuple[str, ...]) -> Figure:
    return Figure(figure.value, figure.unit, figure.text, figure.start, figure.end, figure.comparator, scopes=owners)


def _quantities_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    stated = [q.value for e in cited for q in find_quantities(e.text)]
    return all(any(_close(q.value, value) for value in stated) for q in find_quantities(claim))


def _digits_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Digits that were read as no quantity (GB/T 22239, 65 percent, 30 racks) must be such digits in a cited source, too.

    In English text a bare number may also be the value of a cited figure (23 provinces).
    """
    if _HAN.search(claim):
        written = {n for e in cited for n in (*_unread(e.text), *_unread(e.hit.source.title))}
        return _unread(claim) <= written
    values = {q.value for e in cited for q in find_quantities(e.text)}
    read = [(f.start, f.end) for f in english_figures(claim)]
    return all(
        any(start <= m.start() < end for start, end in read) or _YEAR.fullmatch(m[0]) or float(m[0]) in values
        for m in re.finditer(r"\d+(?:\.\d+)?", claim)
    )


def _unread(text: str) -> set[str]:
    """Digit strings of a Chinese text that are part of no quantity and no year."""
    plain = normalise(without_periods(text))
    spans = [(q.start, q.end) for q in find_quantities(plain)]
    return {
        m[0] for m in re.finditer(r"\d+(?:\.\d+)?", plain)
        if not _YEAR.fullmatch(m[0]) and not any(start <= m.start() < end for start, end in spans)
    }  # fmt: skip


def _years_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    known = " ".join(e.text + " " + e.hit.source.title for e in cited)
    known += " ".join(f.period for e in cited for f in e.sentence.figures)
    if re.search(r"发布|印发|公布|出台|issued|published", claim):
        known += " ".join(e.hit.source.issued for e in cited)
    return all(year in known for year in _YEAR.findall(claim)) and set(find_periods(claim)) <= _periods(cited)


def _periods(cited: Sequence[Evidence]) -> set[str]:
    """Periods that the citations state, in full and by their year."""
    stated = {
        p for e in cited for p in (*find_periods(e.text), *find_periods(e.hit.source.title), e.hit.source.issued[:4])
    }
    stated |= {f.period for e in cited for f in e.sentence.figures}
    return stated | {p[:4] for p in stated}


def _regions_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """A region named must be one that the citations speak of, in their words or by where they stand."""
    spoken = {code for e in cited for code in e.sentence.regions}
    spoken |= {m.code for e in cited for m in find_regions(e.text)}
    named = [code for m in find_regions(claim) for code in expand(m.code)]
    return all(any(relation(code, s) == "same" or _inside(code, s) for s in spoken) for code in named)


def _inside(code: str, other: str) -> bool:
    """Whether one of two named places lies in the other (安徽 for 合肥); the nation holds none in this sense."""
    return "CN" not in (code, other) and ("part" in (relation(code, other), relation(other, code)))


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def _same_amount(claimed: Figure, stated: Figure) -> bool:
    """The same value, unit and comparator; a comparator left out or put in changes what is claimed."""
    if claimed.value_high is None and stated.value_high is not None:
        return claimed.unit == stated.unit and _is_bound(claimed, stated)
    return (
        _close(claimed.value, stated.value)
        and claimed.value_high == stated.value_high
        and (claimed.unit == stated.unit or not claimed.unit)
        and (
            claimed.comparator == stated.comparator
            or any(claimed.comparator in group and stated.comparator in group for group in _SAME_COMPARATOR)
        )
    )


def _is_bound(claimed: Figure, stated: Figure) -> bool:
    """Whether a single amount is an end of the stated range, and said to be that end: 不超过50万元 of 5万元至50万元."""
    if claimed.comparator in _AT_MOST:
        return stated.value_high is not None and _close(claimed.value, stated.value_high)
    return claimed.comparator in _AT_LEAST and _close(claimed.value, stated.value)


def _same_statement(claimed: Figure, stated: Figure, claim: str, cited: Sequence[Evidence], framed: bool) -> bool:
    """Whether a figure is claimed for the same owner, time, kind, direction and measure as it is stated."""
    source = next(e for e in cited if stated in e.sentence.figures)
    clause, original = _clause(claim, claimed.end - 1), _clause(source.text, stated.end - 1 - source.sentence.start)
    worded = bool(_HAN.search(claim)) and not framed  # a frame gives the kind as a note; English words are not compared
    return (
        _same_owner(claimed, stated, claim, source)
        and (claimed.period in {"", stated.period} or (not stated.period and claimed.period[:4] in source.text))
        and (not worded or (claimed.kind == stated.kind and claimed.role == stated.role))
        and (not worded or _direction(clause) == _direction(original))
        and (framed or set(find_heads(normalise(clause))) <= set(find_heads(normalise(original))))
    )


def _same_owner(claimed: Figure, stated: Figure, claim: str, source: Evidence) -> bool:
    if not stated.scopes:
        return True
    if not claimed.scopes:
        return stated.scopes == ("CN",)  # a figure without an owner reads as everybody's
    mentions = find_regions(claim)
    objects = {code for m in mentions if is_object(claim, m) for code in expand(m.code)}
    named = {code for m in mentions for code in expand(m.code)} - objects
    claims = {code for scope in claimed.scopes for code in expand(scope)}
    owners_ok = all(
        any(relation(code, s) == "same" for s in stated.scopes) or any(_inside(code, s) for s in stated.scopes)
        for code in claims | named
    )
    # The other way round, too: 广东 alone may be given a figure of 广东和浙江, but a whole may not stand for its part.
    exact = any(relation(code, s) == "same" for code in claims for s in stated.scopes)
    compared = {code for m in find_regions(source.text) for code in (m.code, *expand(m.code))}
    return owners_ok and exact and objects <= compared and not (objects & set(stated.scopes))


def _clause(text: str, at: int) -> str:
    return next((text[start:end] for start, end in clause_spans(text) if start <= at < end), text)


def _direction(clause: str) -> tuple[bool, bool]:
    return bool(_UP.search(clause)), bool(_DOWN.search(clause))


def _weakest_clause(claim: str, cited: Sequence[Evidence]) -> float | None:
    """Smallest share of a clause's character bigrams that stand in one cited sentence; None where nothing is left.

    A clause that denies what its nearest source clause affirms (or the other way round), or gives a plan as done, counts 0.
    """
    clauses = [bare for start, end in clause_spans(claim) if len(bare := _bare(claim[start:end])) >= _MIN_CLAUSE]
    if not clauses:
        bare = _bare(claim)
        clauses = [bare] if len(bare) >= 2 else []
    if not clauses:
        return None
    sources = [_bare(e.text[a:b]) for e in cited for a, b in clause_spans(e.text)]
    wholes = [_bare(e.text) for e in cited]
    weakest = 1.0
    for clause in clauses:
        share = max(_contained(clause, whole) for whole in wholes)
        nearest = max(sources, key=lambda s: _contained(clause, s), default="")
        if bool(_NEGATION.search(clause)) != bool(_NEGATION.search(nearest)):
            share = 0.0
        if _DONE.search(clause) and _PLANNED.search(nearest) and not _DONE.search(nearest):
            share = 0.0
        weakest = min(weakest, share)
    return weakest


def _bare(text: str) -> str:
    return re.sub(r"[^㐀-鿿a-z0-9%.]", "", normalise(text))


def _contained(clause: str, source: str) -> float:
    grams = [clause[i : i + 2] for i in range(len(clause) - 1)]
    return sum(gram in source for gram in grams) / len(grams) if grams else 0.0
