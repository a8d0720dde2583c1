"""Whose sentence is it: regions and figures for every sentence, from its own words and from what stands above it."""

import re
from dataclasses import replace

from ingest.facts.aims import Aims, is_rule
from ingest.facts.figures import Context, clause_spans, find_figures, is_object
from ingest.facts.owners import home_of
from ingest.facts.periods import find_periods
from ingest.facts.regions import Mention, find_regions
from ingest.text.repair import to_simplified
from ingest.types import Chunk, Figure, Sentence

# 一些跟风的省份, 有的地方: bodies that the text leaves unnamed; what is said of them is not the document's region's.
_SOME = re.compile(
    r"^.{0,14}?(?P<some>(?:一些|有的|有些|部分|许多|很多|不少|多数|大多数|大部分|多个|少数|个别|某些|其他|其它|各)"
    r"[^，,。；;：:]{0,8}?(?:省份|省区市|省区|省市|地区|地方|城市|企业)|各地)"
)
_PRONOUN = re.compile(r"^(?:它们|他们|她们|这些(?:省份|地区|地方|企业))")
# A numbered part starts afresh, also in text that lost its line ends.
_MARK = re.compile(
    r"(?:第[一二三四五六七八九十百\d]+条|[一二三四五六七八九十]{1,3}[、是]|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[.．、](?!\d)|——)"
)
_RELATIVE = ((re.compile("今年|本年度"), 0), (re.compile("(?<![比较与同])(?:去年|上年)|过去(?:的)?一年|一年来"), -1))
# Characters: of what stands before a paragraph's first sentence, and of what stands before a sentence in its enumeration.
_MARGIN, _LEAD = 200, 2000
_JOINERS = {"", "、", "和", "与", "及", "以及", "/"}


def describe_chunks(
    text: str, chunks: tuple[Chunk, ...], document_regions: tuple[str, ...], issued: str = ""
) -> tuple[Chunk, ...]:
    """Return the chunks with regions and figures on every sentence.

    A paragraph's topic is the region its first clause speaks about; sentences that name none inherit it, then the
    innermost heading that names a region, then the document's regions. Offsets and quotes stay those of `text`, which
    may be in traditional characters. A figure without a period of its own takes the year that 今年 or 过去一年 means in a
    text issued then (`issued`, an ISO date or ""), else the one year that a heading above it names.
    """
    plain = to_simplified(text)  # one character stays one character
    described = []
    lead = ""
    topic: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    aims = Aims()
    paragraph_end = line_start = 0
    for chunk in chunks:
        aims.enter(chunk.headings)
        above = _heading_topic(chunk.headings) or document_regions
        sentences = []
        for sentence in chunk.sentences:
            words = plain[sentence.start : sentence.end]
            if "\n" in text[paragraph_end : sentence.start] or paragraph_end == 0 or _MARK.match(words):
                topic, lead = (), ""
                line_start = max(line_start, text.rfind("\n", paragraph_end, sentence.start) + 1)
                aims.open_paragraph(words, text[line_start : min(sentence.start, line_start + _MARGIN)])
            mentions = find_regions(words)
            if not _PRONOUN.match(words):
                some = ()
            some = _some(words, mentions) or some
            topic = _subject(words, mentions, document_regions) or home_of(words, topic, document_regions) or topic
            paragraph_end = sentence.end
            context = Context(some or topic or above, lead=lead, home=document_regions)
            own = tuple(m.code for m in mentions)
            # An unnamed firm stands somewhere: what is said of it is still said under the heading's region.
            around = topic if any(not code.startswith("某") for code in topic) else (*topic, *above)
            regions = tuple(dict.fromkeys((*own, *(some or around))))
            figures = find_figures(words, sentence.start, context)
            figures = tuple(replace(f, text=text[f.start : f.end]) for f in figures) if plain is not text else figures
            if target := aims.year_of(words):  # 到2030年，…。人均面积达到4平方米: the paragraph is the target's
                figures = tuple(f if f.period else replace(f, period=target, kind="目标值") for f in figures)
            if not is_rule(words):
                figures = tuple(_not_yet(f, issued) for f in figures)
            if year := _year_meant(words, chunk.headings, issued):
                figures = tuple(f if f.period not in {"", "过去一年"} else replace(f, period=year) for f in figures)
            sentences.append(Sentence(sentence.start, sentence.end, regions, figures))
            lead = _shortened(lead + words) if words.endswith(("；", ";", "：", ":")) else ""
        every = tuple(dict.fromkeys(code for s in sentences for code in s.regions)) or above
        described.append(replace(chunk, sentences=tuple(sentences), regions=every))
    return tuple(described)


def _shortened(lead: str) -> str:
    """The two ends of a long enumeration: what its head sets, and what stands last before the next sentence."""
    return lead if len(lead) <= _LEAD else f"{lead[: _LEAD // 2]}；{lead[-_LEAD // 2 :]}"


def _not_yet(figure: Figure, issued: str) -> Figure:
    """The figure as a target where it is for a year after the text was issued: 2025年，建设100个 in a plan of 2022."""
    later = figure.period[:4].isdigit() and issued[:4].isdigit() and figure.period[:4] > issued[:4]
    return replace(figure, kind="目标值") if later and figure.kind == "实际值" else figure


def _year_meant(words: str, headings: tuple[str, ...], issued: str) -> str:
    """The year that a sentence speaks of without a number, "" where nothing says it."""
    if issued[:4].isdigit():
        for pattern, shift in _RELATIVE:
            if pattern.search(words):
                return str(int(issued[:4]) + shift)
    named = (set(find_periods(to_simplified(heading))) for heading in reversed(headings))
    return next((period for periods in named for period in periods if len(periods) == 1 and period.isdigit()), "")


def _some(words: str, mentions: tuple[Mention, ...]) -> tuple[str, ...]:
    """The unnamed many that a sentence speaks about, where it does not name a region first."""
    match = _SOME.match(words)
    if not match or any(m.start < match.start("some") and not is_object(words, m) for m in mentions):
        return ()
    return (match["some"],)


def _heading_topic(headings: tuple[str, ...]) -> tuple[str, ...]:
    for heading in reversed(headings):
        plain = to_simplified(heading)
        named = tuple(dict.fromkeys(m.code for m in find_regions(plain) if not is_object(plain, m)))
        if named:
            return named
    return ()


def _subject(words: str, mentions: tuple[Mention, ...], home: tuple[str, ...]) -> tuple[str, ...]:
    """Regions that the first clause speaks about (not those that it compares with or serves)."""
    spans = clause_spans(words)
    if not spans or not mentions:
        return ()
    first_end = spans[0][1]
    # 2025年，贵州…: a leading time expression is no clause of its own.
    if len(spans) > 1 and not find_regions(words[: spans[0][1]]) and re.match(r"^.{0,3}(?:19|20)\d{2}年", words):
        first_end = spans[1][1]
    subjects = [m for m in mentions if m.start < first_end and not is_object(words, m, home)]
    if not subjects:
        return ()
    group = [subjects[0]]
    for mention in subjects[1:]:
        if words[group[-1].end : mention.start] not in _JOINERS:
            break
        group.append(mention)
    return tuple(dict.fromkeys(m.code for m in group))
