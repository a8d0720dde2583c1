"""What an answer denies and says all the same: a figure told and said to be undisclosed, a cited clause called unsaid.

Only what can be told with certainty counts. A denial is held against a figure if it names that figure's measure, owner,
time and kind and nothing else (of "资料未披露贵州2025年算力产业的规模的具体构成" nobody can tell), and against a cited
clause if it repeats the whole of it. Denials are read as app.verification reads them.
"""

import re
from collections.abc import Iterator, Sequence

from app.verification.denials import Denial, find_denials
from eval.answers import Piece
from eval.corpus import Corpus
from eval.passages import evidence_of
from eval.quantities import same_value
from eval.text import squash
from ingest.facts.figures import find_figures
from ingest.facts.periods import find_periods
from ingest.facts.regions import find_regions
from ingest.types import Figure

# "（不是贵州自身的数字）" behind the figures of a sentence.
_NOT_OWN = re.compile(r"不是([^，,。；;（）()]{2,20}?)(?:自身|本身|自己)的(?:数字|数据)")
_AIMED = re.compile(r"的?(?:目标值?|预测值?|规划值?|计划值?|预计值?)")
_REACHED = re.compile(r"的?(?:实际完成值|实际值|完成值)")
_WHEN = re.compile(
    r"(?:19|20)\d\d年?(?:[-—至到]+(?:19|20)\d\d年)?(?:第?[一二三四]季度|[上下]半年|底|末|\d{1,2}月)?的?"
    r"|[“\"]?十[一二三四五六]五[”\"]?(?:时期|期间)?的?"
)
_STRETCH = re.compile(r"[^。；;！!？?\n]+")
_ABOUT = re.compile(r"^\s*(?:关于|对于)")
_NARROWING = re.compile(r"除|而言|来看|来说|至于|对于|全年|口径|历年|逐年")
_NARROWED_BEHIND = re.compile(r"[^，,。；;：:（(\n]*(?:[（(](?![A-Za-z\d+-]{1,12}[）)])|[，,](?:只|仅))")
_OF_ONE_TEXT = re.compile(r"\s*[但而]?(?:该|本|这份|这篇|另一份)(?:文件|资料|材料|报告|文章|文)")
_ITEM = re.compile(r"[（(][一二三四五六七八九十\d]{1,3}[）)]")  # （三） parts no clause
_CLAUSE = re.compile(r"[^，,。；;！？!?\n]+")
_ENDED = re.compile(r"[。；;！!]\s*[”」』]?\s*$")
_RELATIVE = ("分数", "倍")  # 广东的1/8 is no number of firms
# Shortest clause (reduced characters) that can be denied as a whole, and the share of it that a denial must repeat.
_MIN_CLAUSE, _WHOLE = 4, 0.75


def find_contradictions(pieces: Sequence[Piece], asked: str, corpus: Corpus) -> list[str]:
    """Return what an answer denies and says, in words; `asked` tells whose and when, where a denial does not say it."""
    denied = [(piece, denial) for piece in pieces for denial in _denials(piece)]
    told = [figure for piece in pieces for figure in _told(piece, corpus)] if denied else []
    found: list[str] = []
    for piece, denial in denied:
        if any(_is_answered(denial.asked, asked, figure) for figure in told):
            found.append(f"说未披露，又给出了数字：{denial.asked[:30]}")
        elif any(_repeats(denial.asked, citation.quote) for citation in piece.cited):
            found.append(f"说资料没有，所引原文正是这样说的：{denial.asked[:30]}")
    found += [note for piece in pieces for note in _disowned(piece, corpus)]
    return list(dict.fromkeys(found))


def _denials(piece: Piece) -> Iterator[Denial]:
    """The denials of a piece of which one can tell what they deny."""
    text = _ITEM.sub(lambda m: " " * len(m[0]), piece.text)
    for denial in find_denials(text):
        if not (denial.exact or piece.in_quote(denial.start) or _is_narrowed(text, denial)):
            yield denial


def _told(piece: Piece, corpus: Corpus) -> Iterator[Figure]:
    """The figures of a piece's citations that it states."""
    if not piece.cited:
        return
    stated = evidence_of(piece.cited, corpus).sentence.figures
    for figure in find_figures(piece.text):
        if not piece.is_unsaid(figure.start):
            yield from (s for s in stated if same_value(s, figure))


def _is_narrowed(text: str, denial: Denial) -> bool:
    """Whether words around a denial say of whom, when or of which text it holds: nobody can tell then.

    除2025年外，…; 就四川而言，…; …（全年）; …，只有…; 该文件未提及….
    """
    before = _STRETCH.findall(text[: denial.start] + "\0")[-1].rstrip("\0")
    lead = squash(_ABOUT.sub("", before)).text not in squash(denial.asked).text  # 关于利用率，资料未披露 names it there
    if lead and (_NARROWING.search(before) or find_periods(before) or find_regions(before)):
        return True
    return bool(_NARROWED_BEHIND.match(text, denial.start) or _OF_ONE_TEXT.match(text, denial.start))


def _is_answered(denied: str, asked: str, figure: Figure) -> bool:
    """Whether a figure is what a denial says is not there: its measure and nothing else, of its owner, time and kind."""
    if not figure.indicator or not denied or figure.unit in _RELATIVE or figure.role not in ("水平", "变化"):
        return False
    if _kind(denied) != figure.kind:
        return False
    owners = {m.code for m in find_regions(denied) or find_regions(asked)}
    whens = set(find_periods(denied) or find_periods(asked))
    return owners <= set(figure.scopes) and whens <= {figure.period} and _measure(denied) == _measure(figure.indicator)


def _kind(denied: str) -> str:
    aimed = _AIMED.search(denied)
    return "实际值" if aimed is None else "预测" if "预" in aimed[0] else "目标值"


def _measure(words: str) -> str:
    """The words for a measure without owner, time, kind and 的, reduced."""
    bare = words
    for mention in reversed(find_regions(words)):
        bare = bare[: mention.start] + bare[mention.end :]
    for frame in (_AIMED, _REACHED, _WHEN):
        bare = frame.sub("", bare)
    return squash(bare.removesuffix("幅度")).text.replace("的", "")


def _repeats(denied: str, quote: str) -> bool:
    """Whether a denial repeats a whole clause of a quoted sentence; of a heading it may deny what stands below it."""
    needle = squash(denied).text
    if len(needle) < _MIN_CLAUSE or not _ENDED.search(quote):
        return False
    clauses = (squash(m[0]).text for m in _CLAUSE.finditer(quote))
    return any(needle in clause and len(needle) >= _WHOLE * len(clause) for clause in clauses)


def _disowned(piece: Piece, corpus: Corpus) -> Iterator[str]:
    """Notes that figures are not an owner's own where every one of them is."""
    for note in _NOT_OWN.finditer(piece.text):
        told = list(_told(piece, corpus))
        owners = {m.code for m in find_regions(note[1])}
        if owners and told and all(set(figure.scopes) == owners for figure in told):
            yield f"说不是{note[1]}的数字，原文说正是：{piece.text[:30]}"
