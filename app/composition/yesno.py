"""Yes or no to what a question says of the sources: only where a sentence decides it, else that none does.

Modality decides: 应当 and 必须 require, 可以 and 有权 permit, 不得 and 禁止 forbid, 鼓励 and 支持 only encourage.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.composition.draft import Claim, Draft
from app.composition.lookup import is_statement
from app.composition.verdicts import is_other_case
from app.retrieval.evidence import about, distinct, names, relevant
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.glossary import left_out
from ingest.lexical import STOP_WORDS, normalise, words
from prompts import phrase

Modality = Literal["require", "permit", "forbid", "encourage", ""]
MAX_CLOSEST = 2
# How a question asks for a modality. The order matters: 是否允许 permits though 是否 comes first, 不得 forbids before 得.
_ASKED: tuple[tuple[Modality, re.Pattern[str]], ...] = (
    ("forbid", re.compile(r"禁止|不得|不准|不允许|不能|不可以|严禁|\bprohibit|\bforbid|\bban(?:s|ned)?\b", re.I)),
    ("permit", re.compile(r"允许|可以|可否|能否|能不能|可不可以|允不允许|有权|准许|\ballow|\bpermit|\bmay\b|\bcan\b", re.I)),
    ("require", re.compile(r"必须|应当|应该|需要|强制|要求|要不要|需不需要|须|规定(?!的|了?哪)|\brequir|\bmust\b|\bmandatory|\bhave to\b|\bneed to\b", re.I)),
    ("encourage", re.compile(r"鼓励|支持|倡导|提倡|\bencourag|\bsupport", re.I)),
)  # fmt: skip
_STATED: tuple[tuple[Modality, re.Pattern[str]], ...] = (
    ("forbid", re.compile(r"不得|禁止|严禁|不可以|不允许|不准")),
    ("permit", re.compile(r"可以|有权|允许|可(?=[向依按自以])|得(?=依|向|自)")),
    ("require", re.compile(r"应当|必须|须|应(?=[依按向对在建明及于当])|應")),
    ("encourage", re.compile(r"鼓励|支持|倡导|推动|引导")),
)
_ALLOWS = re.compile(r"不得|禁止|严禁|不可|可以|有权|允许|不准")
# Rules without a modal word: to whom they apply, what they waive.
_APPLIES = re.compile(
    r"不?适用(?!性|于本|本[法办条规])|不适用|参照[^，。；]{0,12}执行|免[征收缴予于除]|无[需须]|不必|不作[^，。；]{0,6}要求|不予|不可(?!抗)|视[同为]|不属于"
)
# A condition or an exception in the sentence makes the verdict one with conditions.
_CONDITION = re.compile(
    r"除外|除[^，。；]{1,40}外|但是?[，,]?|经[^，。；]{0,16}(?:同意|批准|许可|审批)|未经|情形|[^目]的[，,]|以外"
)
_ANYBODY = re.compile(r"任何(?:组织|单位|个人|机构|企业)")
_ACTOR = re.compile(r"商家|企业|公司|用户|个人|单位|机构|平台|组织|经营者|公民|商户|学校|医院|物业")
_LIGHT = re.compile(
    r"别的|其他|其它|因为|由于|直接|随便|自行|一定|之间|不.?"
)  # they change no rule; 不 is looked at as it stands
_PERSON = re.compile(r"用户|个人|自然人|公民|消费者|本人|当事人|居民|群众")
_EXCEPT = re.compile(r"除[^，。；]{1,60}外")  # what stands in an exception is not what the rule says
_FULL, _MOST, _SUBJECT = 0.99, 0.6, 0.5
_NEAR = 10  # characters that may stand between two words that the question says without any between them


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim put as a question: its modality, whom it is about, what it says of them."""

    modality: Modality
    subject: tuple[str, ...]
    predicate: tuple[str, ...]
    together: tuple[tuple[str, str], ...] = ()  # words of the predicate that touch each other: 位置信息, 显式标识


def asks_yes_no(query: Query) -> bool:
    """Whether a question wants a yes or a no."""
    return query.kind == "claim" or bool(re.search(r"能否|可否|能不能|可不可以|要不要|需不需要|允不允许", query.text))


def answer_yes_no(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """The verdict with the sentence that decides it; without one, that the sources do not say, and what comes closest.

    None for a claim that is not one of rule (no modality in it): that is looked up like anything else.
    """
    asked = _read_english(query) if query.text.isascii() else _read(query)
    if asked is None or not asked.predicate:
        return None
    near = [
        e for e in ranked[:200] if about(query, e) and (not query.documents or e.hit.chunk.doc_id in query.documents)
    ]
    for e in sorted(near, key=lambda e: -e.score):
        stated = _decides(asked, e)
        if stated:
            key = _verdict(asked.modality, stated, bool(_CONDITION.search(e.text)))
            claim = Claim(phrase(query.language, "quoted", quote=e.text), (e,), bullet=True)
            others = [x for x in near if x.hit.chunk.doc_id != e.hit.chunk.doc_id and _decides(asked, x)]
            more = distinct([e, *others], 2)[1:]
            return Draft(
                lead=phrase(query.language, key),
                verdict=True,
                claims=[
                    claim,
                    *(Claim(phrase(query.language, "quoted", quote=x.text), (x,), bullet=True) for x in more),
                ],
            )
    return _undecided(query, asked, near)


def _read(query: Query) -> _Asked | None:
    """The question taken apart at its modal word; None where it has none."""
    for modality, pattern in _ASKED:
        match = pattern.search(query.text)
        if match is None:
            continue
        before, behind = query.text[: match.start()], query.text[match.end() :]
        inner = next((m for _, p in _ASKED if (m := p.search(behind))), None)
        if inner:  # 办法要求人脸识别必须取得同意吗: the inner word parts who from what
            before, behind = before + behind[: inner.start()], behind[inner.end() :]
        predicate = _content(behind, query)
        return _Asked(modality, _content(before, query), predicate, _touching(behind.lower(), predicate))
    return None


def _read_english(query: Query) -> _Asked | None:
    """An English question by its Chinese words; None where it has no modal word, or a word that the glossary lacks.

    What is left untranslated would be lost from the claim, and the verdict be one on another claim.
    """
    if left_out(query.text):
        return None
    terms = tuple(t for t in query.terms if not any(map(_modal, t.split("|"))))
    return next((_Asked(modality, (), terms) for modality, pattern in _ASKED if pattern.search(query.text)), None)


def _touching(text: str, terms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a in terms for b in terms if a != b and a + b in text)


def _together(text: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether words that belong together in the question do so in the text: 公开位置信息 is no 公开展示 … 醒目位置."""
    return all(
        a not in text or b not in text or re.search(rf"{re.escape(a)}.{{0,{_NEAR}}}?{re.escape(b)}", text)
        for a, b in pairs
    )


def _modal(term: str) -> bool:
    return any(p.search(term) for _, p in _ASKED)


def _content(text: str, query: Query) -> tuple[str, ...]:
    """Content words of a part of the question, without the names of regions and documents that it was read for."""
    known = [t for t in query.terms if t in text.lower() and not _modal(t)]
    known = known or [w for w in words(text) if w in query.terms and w not in STOP_WORDS]
    return tuple([t for t in known if not _LIGHT.fullmatch(t)] or known)


def _decides(asked: _Asked, evidence: Evidence) -> Modality:
    """The modality with which a sentence says what was asked, "" where it does not say it."""
    text = _EXCEPT.sub(lambda m: "□" * len(m[0]), normalise(evidence.text))
    if not is_statement(evidence):
        return ""
    wide = normalise(" ".join((evidence.text, evidence.hit.source.title, *evidence.hit.chunk.headings)))
    said = asked.predicate
    if _ANYBODY.search(text):  # then it holds for whoever was asked about
        said = tuple(t for t in said if not _ACTOR.fullmatch(t)) or said
    elif _PERSON.search(text):  # 用户 in the question, 个人 in the rule; what is left must still say more than one word
        others = tuple(t for t in said if not _PERSON.fullmatch(t))
        said = others if len(others) > 1 else said
    if _share(text, said) < _FULL or _share(wide, asked.subject) < _SUBJECT:
        return ""
    found = [(m.start(), modality) for modality, p in _STATED for m in p.finditer(text)]
    at = _place(text, said)
    start = max((m.end() for m in re.finditer(r"[；;。]", text) if m.end() <= at), default=0)
    within = [(place, modality) for place, modality in found if start <= place]
    before = [pair for pair in within if pair[0] <= at]
    if len(said) == 1 and before and re.search("[，,]", text[max(before)[0] : at]):
        return ""  # 不得违反规定，……设置不同的收费标准 does not forbid 收费: one word must stand right behind the modal
    stated = max(before)[1] if before else ""
    # A permission is granted for the very thing; what is forbidden may be told in another order.
    return stated if stated == "forbid" or _together(text, asked.together) else ""


def _place(text: str, predicate: Sequence[str]) -> int:
    """Where a sentence says the last word of the predicate that it says first."""
    places = [text.find(form) for term in predicate for form in term.split("|") if form in text]
    places += [m.start() for term in predicate if (m := _apart(text, term))]
    return max(places, default=0)


def _apart(text: str, term: str) -> re.Match[str] | None:
    """Where a verb and its object, one word in the question, stand apart behind a modal word: 收费 in 不得收取任何费用."""
    if len(term) != 2 or not "一" <= term[0] <= "鿿" or term in text:
        return None
    return re.search(rf"(?<=[得应以须止]){re.escape(term[0])}[^，,。；;]{{1,6}}{re.escape(term[1])}", text)


def _share(text: str, terms: Sequence[str]) -> float:
    if not terms:
        return 1.0
    return sum(_says(text, t) for t in terms) / len(terms)


def _says(text: str, term: str) -> bool:
    """Whether a text says a term of the claim: itself, a related word, or its verb and object apart."""
    return any(form in text for form in term.split("|")) or names(text, term) or bool(_apart(text, term))


def _verdict(asked: Modality, stated: Modality, conditions: bool) -> str:
    """Key of the phrase that answers: what was asked is so, is so on conditions, is not, or is said otherwise."""
    if asked == stated or (asked == "permit" and stated == "require"):
        return "yes_conditions" if conditions else "yes_plain"
    if asked == "require" and stated in {"permit", "encourage"}:
        return f"not_required_{stated}"
    if {asked, stated} == {"permit", "forbid"} or (asked, stated) == ("require", "forbid") or asked == "forbid":
        return ("no_forbidden" if stated == "forbid" else "no_permitted") + ("_conditions" if conditions else "")
    return "said_otherwise"


def _of_modality(asked: _Asked, evidence: Evidence) -> bool:
    """Whether a sentence allows or forbids, where that is what is asked."""
    return asked.modality in {"permit", "forbid"} and bool(_ALLOWS.search(evidence.text))


def _states_rule(evidence: Evidence) -> bool:
    return any(p.search(evidence.text) for _, p in _STATED) or bool(_APPLIES.search(evidence.text))


def _undecided(query: Query, asked: _Asked, near: Sequence[Evidence]) -> Draft | None:
    close = [e for e in near if relevant(query, e) and is_statement(e)]
    close.sort(key=lambda e: -(e.score + _share(normalise(e.text), asked.predicate) + 0.3 * _states_rule(e)))
    draft = Draft(lead=phrase(query.language, "undecided"), reason="not_disclosed")
    if not close:
        draft.lead = phrase(query.language, "undecided_nothing")
        return draft if asked.predicate else None
    best = _best_rule(query, asked, near)
    if best is not None:
        close = [best, *(e for e in close if e is not best)]
    if best is not None or _on_the_point(asked, close[0]):  # the rule in other words is quoted, and the reader judges
        draft = Draft(lead=phrase(query.language, "rule_on_it"))
    heading = phrase(query.language, "closest") if draft.abstained else ""
    draft.claims = [
        Claim(phrase(query.language, "quoted", quote=e.text), (e,), heading, bullet=True)
        for e in distinct(close, MAX_CLOSEST)
    ]
    return draft


def _best_rule(query: Query, asked: _Asked, near: Sequence[Evidence]) -> Evidence | None:
    """The best sentence of all, where it is a rule that names enough of what was asked and is for the case asked about.

    Of those that are as good, one that allows or forbids, where that is what is asked.
    """
    told = [e for e in near if is_statement(e)]
    if not told:
        return None
    first = max(told, key=lambda e: e.score)
    as_good = [e for e in told if e.score >= first.score - thresholds().as_good]
    best = next((e for e in as_good if _of_modality(asked, e)), first)
    fits = best.coverage >= thresholds().rule_on_it and _together(normalise(best.text), asked.together)
    return best if fits and _states_rule(best) and not is_other_case(query, best.sentence.figures) else None


def _on_the_point(asked: _Asked, evidence: Evidence) -> bool:
    """Whether a sentence is a rule on most of what was asked, for those whom it was asked of."""
    wide = normalise(" ".join((evidence.text, evidence.hit.source.title, *evidence.hit.chunk.headings)))
    text = normalise(evidence.text)
    if not _together(text, asked.together):
        return False
    return _share(text, asked.predicate) >= _MOST and _share(wide, asked.subject) >= _SUBJECT and _states_rule(evidence)
