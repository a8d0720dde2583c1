"""The best few sentences in reading order, without what only looks like an answer; reasons, risks and dates first where asked."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.amounts import also, undisclosed
from app.composition.draft import Claim, Draft, quote
from app.composition.facets import asked_alone, speaks_of
from app.composition.lists import MAX_ITEMS, introduces, names_subject, read_list, state_list
from app.composition.passages import Passages
from app.composition.wording import period_text, related_heading, source_heading
from app.retrieval.context import before
from app.retrieval.evidence import about, distinct, is_signature, names, reading_order, relevant
from app.retrieval.matching import period_fits
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.terms import LEFTOVER
from ingest.facts.figures import find_periods
from ingest.lexical import normalise
from ingest.types import Sentence
from prompts import phrase

MAX_READ = 60  # best sentences among which repeats are looked for
MAX_FITTING = 30  # of them that are kept
MAX_SENTENCES, MAX_OF_ONE = 5, 4  # in a lookup answer: where several things are asked for, where one is
# From the dev questions: a sentence that answers beside the best one lies within this of its score and, where that one
# names much of what is asked, names a like share of it.
_ONE_BAND, _WELL_NAMED, _SAID = 0.4, 0.4, 0.5
_OF_KIND = 0.4  # by which a sentence that gives a reason, or names a risk, goes before one that does not
_SEVERAL = re.compile(
    r"哪些|哪几|介绍|情况|如何|怎样|怎么|要求|\bwhat are\b|\bhow (?:do|does|is|are|should)\b|\brequire", re.I
)
_DATED = re.compile(r"(?:19|20)\d{2}|[一二三四]季度|\d+月|十[一二三四五六]五|近[一二三四五六七八九十]年|起施行")
_WHY = re.compile(r"为什么|为何|原因|为啥|怎么会|目的|\bwhy\b|\breasons?\b", re.I)
_GIVES_REASON = re.compile(
    r"因为|由于|因此|为了|旨在|以便|原因|根源|在于|导致|致使|缺乏|缺失|不足|不够|跟不上|考虑到|使得|从而|有利于"
)
_GIVES_RISK = re.compile(
    r"风险|隐患|短板|缺乏|欠缺|缺失|缺口|瓶颈|困境|难[以题点]|不足|不够|不到位|受制|依赖|闲置|浪费|问题|挑战|泄露|滥用|威胁|危害|损害|跟不上|滞后|薄弱|失衡|受阻|挤[压占]|削弱"
    r"|靠\S{0,4}(?:外部|进口|他人|别处)"
)
_BRINGS = re.compile(
    r"造成|带来|导致|引[起发]|产生|后果|影响|结果"
)  # frames a question for what follows from something
_QUESTION = re.compile(r"[？?]$|^(?:问|[一二三四五六七八九十]+、问)[:：\d]?")
_NAME = re.compile(
    r"^[^，。；]{0,60}(?:通知|公告|决定|意见|办法|规定|条例|细则|方案|要点)》?$"
)  # a title, not a sentence
_FORBIDS = re.compile(r"不得|禁止|严禁|不准")
_FORBIDS_ALL = re.compile(r"(?:不得|禁止|严禁|不准)[^。；;：:]{0,30}[：:]")
_ITEM = re.compile(r"[（(][一二三四五六七八九十\d]+[)）]|\d+[.．、]")
_ASKS_NUMBER = re.compile(r"文号|发文字号|文件编?号|第几号|几号(?:文|令)|document number", re.I)
_ASKS_LIABILITY = re.compile(
    r"(?:承担|负|追究)(?:什么|哪些|何种)|什么(?:法律)?(?:责任|后果|处罚)|(?:如何|怎么|怎样)(?:处罚|追责|处理)"
)
_LIABLE = re.compile(r"罚款|罚金|责令|处分|追究|吊销|没收|警告|赔偿|列入.{0,8}名单|[责責]任")
_ASKS_FORCE = re.compile(r"施行|实施|实行|生效|执行|有效期|t(?:ake|akes|ook) effect|effective|in force|come into", re.I)
_BEGIN = frozenset("开始 正式 时间 日期 日子 各自 分别 起 天起 几年".split())
_IN_FORCE = re.compile(r"自.{2,16}起.{0,4}(?:施行|实施|执行|生效)|自(?:发布|公布|印发)之日起")
_WHOLE = 200  # chunks of a document that are read for its last article
_PURPOSE = re.compile(r"制定本[一-龥]{1,6}。?$|适用本[一-龥]{1,6}。?$|^(?:第\s*\S{1,6}\s*条)?\s*本[一-龥]{1,6}所[称稱]")
_ADDRESS = re.compile(r"https?://[!-~]+")
_FURNITURE = re.compile(
    r"来源[:：]|中国网信网|\d{4}年\d{1,2}月\d{1,2}日\s*\d{2}:\d{2}|^\|.*\|$|sha256|\.mp3|扫一扫|^相关附件|〔\d{4}〕\s*\d+\s*号.{0,40}各"
)


def answer_lookup(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Draft:
    """The sentences that speak to the question, or that there are none."""
    if _ASKS_NUMBER.search(query.text) and (line := _number_line(query, ranked, passages)):
        return Draft(claims=[quote(query, line)])
    if query.kind == "date" and (force := in_force(query, ranked, passages)):
        return Draft(claims=[quote(query, force)])
    chosen = _of_aspect(query, _first_of_kind(query, select(query, ranked)))[:MAX_SENTENCES]
    if query.kind == "date" and chosen:
        chosen = [e for e in chosen if _DATED.search(e.text) and _said(query, e) >= 0.5]
        if not chosen:
            return _undated(query, ranked)
    if chosen and query.periods:  # what is said of another year is no answer
        chosen = [e for e in chosen if of_period(query, e)]
        if not chosen:
            periods = "、".join(period_text(p) if query.language == "zh" else p for p in query.periods)
            lead = phrase(query.language, "no_period", period=periods)
            return Draft(lead=lead, reason="wrong_period", claims=also(query, ranked, set()))
    if not chosen:
        return nothing_found(query, ranked)
    return Draft(claims=stated(query, _near_best(query, chosen), passages))


def _near_best(query: Query, chosen: Sequence[Evidence]) -> list[Evidence]:
    """The sentences that come near to the first: in score, and in how much of the question they name.

    A list, a reason or a risk may need several; whoever asks for one thing is not told what stands around it.
    """
    worth = {e.key: _worth(query, e) for e in chosen}
    best = max(worth.values())
    first = max(chosen, key=lambda e: worth[e.key])
    if query.kind in {"list", "reason"} or _SEVERAL.search(query.text):
        return [e for e in chosen if worth[e.key] >= best - thresholds().best_band]
    least = _SAID * first.coverage if first.coverage >= _WELL_NAMED else 0.0
    return [e for e in chosen if worth[e.key] >= best - _ONE_BAND and e.coverage >= least][
        : MAX_SENTENCES
        if query.language == "en"
        else MAX_OF_ONE  # across languages the order is less sure
    ]


def _said(query: Query, evidence: Evidence) -> float:
    """Share of the question's content words that a sentence or its document's title names, by count."""
    around = normalise(f"{evidence.text} {evidence.hit.source.title}")
    terms = [t for t in query.terms if not LEFTOVER.fullmatch(t)]
    named = sum(any(form in around for form in t.split("|")) or names(around, t) for t in terms)
    return max(evidence.coverage, named / max(1, len(terms)))


def select(query: Query, ranked: Sequence[Evidence]) -> list[Evidence]:
    """The sentences that may answer, best first, without repeats and without what states nothing."""
    fitting = [e for e in ranked if about(query, e) and relevant(query, e) and is_statement(e)]
    if _FORBIDS.search(query.text):
        fitting = [e for e in fitting if _forbidden(e)] or fitting
    if _ASKS_LIABILITY.search(query.text):
        fitting = [e for e in fitting if _LIABLE.search(e.text)] or fitting
    fitting = distinct(fitting[:MAX_READ], MAX_FITTING)
    if query.kind in {"list", "lookup"}:  # what a text is for and what it applies to says nothing of what is in it
        fitting = [e for e in fitting if not _PURPOSE.search(e.text)] or fitting
    return fitting


def _forbidden(evidence: Evidence) -> bool:
    """Whether a sentence forbids, or is an item of a list whose introduction does."""
    if _FORBIDS.search(evidence.text):
        return True
    return bool(_ITEM.match(evidence.text)) and bool(_FORBIDS_ALL.search(before(evidence)))


def is_statement(evidence: Evidence) -> bool:
    """Whether a sentence states something: it is no question, no line of a page's frame, no signature, no bare title."""
    text = _ADDRESS.sub("", evidence.text)
    if _QUESTION.search(text) or _FURNITURE.search(text) or is_signature(evidence):
        return False
    bare = re.sub(r"[\s。；;，,：:*]", "", text)
    title = normalise(re.sub(r"[\s《》]", "", evidence.hit.source.title))
    plain = normalise(re.sub("[《》]", "", bare))
    named = plain in title or (title in plain and len(plain) <= len(title) + 12) or bool(_NAME.search(text))
    return len(bare) >= 6 and not named


def _of_aspect(query: Query, fitting: list[Evidence]) -> list[Evidence]:
    """Where one aspect is asked for (目标, 优势, 补贴): the sentences that speak of it, as far as there are any."""
    aspect = asked_alone(query)
    if not aspect or query.kind == "reason":
        return fitting
    speaking = [e for e in fitting if speaks_of(e, aspect, (aspect,))]
    best = max((e.score for e in fitting), default=0.0)
    return [e for e in fitting if e in speaking or e.score >= best - _OF_KIND] if speaking else fitting


def asks_force(query: Query) -> bool:
    """Whether a question asks when a text comes into force."""
    return bool(_ASKS_FORCE.search(query.text)) and (
        query.kind == "date"
        or bool(re.search(r"日期|时间|什么时候|何时|哪[天日]|\bwhen\b|\bdates?\b", query.text, re.I))
    )


def in_force(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Evidence | None:
    """The sentence by which the document that the question is on comes into force, where it asks for that day."""
    if not _ASKS_FORCE.search(query.text):
        return None
    subject = [t for t in query.terms if not all(_ASKS_FORCE.search(form) or form in _BEGIN for form in t.split("|"))]
    for e in ranked:
        title = normalise(e.hit.source.title)
        named = e.hit.chunk.doc_id in query.documents
        if not named and not query.documents:
            said = sum(any(form in title for form in t.split("|")) for t in subject)
            named = bool(subject) and about(query, e) and said >= 0.75 * len(subject)
        if named:
            last = [x for x in passages.sentences(e, _WHOLE, _WHOLE) if _IN_FORCE.search(x.text)]
            return last[-1] if last else None
    return None


def _number_line(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Evidence | None:
    """The place where the document that the question is on bears its 文号, None where it bears none."""
    terms = [t for t in query.terms if not _ASKS_NUMBER.search(t)]
    for e in ranked:
        source = e.hit.source
        named = e.hit.chunk.doc_id in query.documents or (bool(terms) and _titled(source.title, terms))
        if not named or not source.doc_number:
            continue
        for hit in passages.around(e.hit, _WHOLE, _WHOLE):
            at = hit.chunk.text.find(source.doc_number)
            if at >= 0:
                start = hit.chunk.start + at
                span = Sentence(start, start + len(source.doc_number), hit.chunk.regions)
                return Evidence(hit, span, e.score, 0.0, 0.0)
    return None


def _titled(title: str, terms: Sequence[str]) -> bool:
    plain = normalise(title)
    return sum(any(form in plain for form in t.split("|")) for t in terms) >= 0.75 * len(terms)


def _undated(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Not stated when; beside it the sentences with a date that come closest."""
    draft = undisclosed(query, ranked)
    dated = [e for e in select(query, ranked) if _DATED.search(e.text)][:2]
    if dated:
        draft.claims = [quote(query, e, related_heading(query)) for e in reading_order(dated)]
    return draft


def _first_of_kind(query: Query, fitting: list[Evidence]) -> list[Evidence]:
    """For why and what risks: the sentences that give a reason or name a risk before those that do not."""
    if query.kind != "reason":
        return fitting
    wanted = _kind_words(query)
    subject = [t for t in query.terms if not wanted.search(t) and not _BRINGS.search(t)]
    named = {e.key for e in fitting if any(_named_around(e, t) for t in subject)}
    least = max((e.score for e in fitting), default=0.0) - _OF_KIND
    if named:
        fitting = [e for e in fitting if e.key in named or e.score >= least]
    return sorted(fitting, key=lambda e: -_worth(query, e))


def _kind_words(query: Query) -> re.Pattern[str]:
    """How a sentence gives what is asked for: a reason, or a risk."""
    return _GIVES_REASON if _WHY.search(query.text) else _GIVES_RISK


def _worth(query: Query, evidence: Evidence) -> float:
    """A sentence's score, higher where a reason or a risk is asked for and it gives one."""
    given = query.kind == "reason" and bool(_kind_words(query).search(evidence.text))
    return evidence.score + (_OF_KIND if given else 0.0)


def _named_around(evidence: Evidence, term: str) -> bool:
    """Whether a sentence, its headings or its document's title name a term."""
    around = normalise(" ".join((evidence.text, evidence.hit.source.title, *evidence.hit.chunk.headings)))
    return any(form in around for form in term.split("|")) or names(around, term)


def stated(query: Query, chosen: Sequence[Evidence], passages: Passages) -> list[Claim]:
    """The sentences in reading order, with the lists that they introduce; by document where several speak."""
    ordered = reading_order(chosen)
    several = len({e.hit.chunk.doc_id for e in ordered}) > 1 or query.language == "en"
    best = max(chosen, key=lambda e: e.score)
    wants_lists = query.kind == "list" or bool(_SEVERAL.search(query.text))
    claims: list[Claim] = []
    said: set[tuple[str, int, int]] = set()
    for e in ordered:
        if e.key in said:
            continue
        heading = source_heading(query, e.hit.source) if several else ""
        leads = e.text.endswith(("：", ":")) or (query.kind not in {"reason", "claim"} and introduces(e, passages))
        listing = read_list(e, passages) if leads else None
        if listing and e is not best and not (wants_lists and names_subject(query, e)):
            continue  # a list beside the answer is not what was asked
        if listing:
            new = state_list(query, listing, heading)
            new[0] = replace(new[0], bullet=bool(claims) and claims[-1].heading == heading)
        else:
            rest = passages.rest_of(e)
            new = [quote(query, e, heading), *(replace(quote(query, r, heading), runs_on=True) for r in rest)]
        claims += [c for c in new[: MAX_ITEMS + 2] if not c.evidence or c.evidence[0].key not in said]
        said |= {x.key for c in new for x in c.evidence}
    return claims


def of_period(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence is of a period asked for: by its words, its figures, or its document's title or date."""
    source = evidence.hit.source
    own = find_periods(evidence.text)
    if own or any(f.period for f in evidence.sentence.figures):
        stated = {*own, *(f.period for f in evidence.sentence.figures)}
        return any(period_fits(query, period) or period[:4] in query.periods for period in stated)
    above = " ".join((source.title, source.issued, *evidence.hit.chunk.headings))
    return any(period[:4] in above for period in query.periods)


def nothing_found(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Say that nothing was found; where the region is covered, give what comes closest for it."""
    draft = Draft(lead=phrase(query.language, "no_evidence"), reason="no_evidence")
    if query.regions:
        close = distinct([e for e in ranked if about(query, e) and e.coverage > 0 and is_statement(e)])[:2]
        draft.claims = [quote(query, e, related_heading(query)) for e in close]
    return draft
