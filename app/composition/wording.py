"""Names and phrases for answers: whose, what and when, in the answer's language."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.types import Language, Query
from app.understanding.measures import head_spans
from app.understanding.periods import without_periods
from app.understanding.terms import is_light
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import display, find_regions
from ingest.text.repair import to_simplified
from ingest.types import TIERS, Figure, Source
from prompts import phrase


def region_names(query: Query) -> str:
    """The regions asked about, joined: 广东、浙江."""
    return phrase(query.language, "list_join").join(_name(code, query) for code in query.regions)


def _name(code: str, query: Query) -> str:
    unnamed = query.language == "en" and not code.isascii()
    return phrase("en", "unnamed", text=code) if unnamed else display(code, query.language)


def scope_name(figure: Figure, query: Query) -> str:
    """Whose figure it is, in the answer's language; "" where the source does not say."""
    return phrase(query.language, "list_join").join(_name(code, query) for code in figure.scopes)


# Comparators that the quotation words elsewhere than at the number: 不得超过总经费之百分之五十.
_COMPARATORS = {
    "至多": "comparator_at_most",
    "至少": "comparator_at_least",
    "超": "comparator_over",
    "不足": "comparator_under",
}


def figure_text(figure: Figure, language: Language) -> str:
    """The figure as written, in simplified characters, with its comparator where that stands apart from the number."""
    text = to_simplified(figure.text)
    if figure.comparator and figure.comparator in text:  # 不足广东的1/8: what is compared with stands between
        return text
    read = next(iter(find_quantities(text)), None)
    if figure.comparator in _COMPARATORS and read is not None and read.comparator == "":
        return phrase(language, _COMPARATORS[figure.comparator], figure=text)
    return text


# An indicator that only hands a number over (处…罚款, 应当自…之日起) says nothing that the quotation does not say better.
_NO_INDICATOR = re.compile(r"^(?:处|并处|或者?|是指|内分|之日|由)|罚款|应当|之日起|[（(][^）)]*$|^[^（(]*[）)]")


def figure_lead(figure: Figure, query: Query, source: Source, period: bool) -> str:
    """Whose, what, how much, when and of what kind: 贵州算力产业规模：突破120亿元（2025年）.

    A rule of the state's is not called national where it does not say so itself: 税率：百分之九. `period` says whether the
    period may be shown, because something cited states it.
    """
    rule = source.tier == "政策原文" and figure.kind == "实际值" and not figure.period
    owner = "" if rule and figure.scopes == ("CN",) and not figure.scope_text else scope_name(figure, query)
    indicator = "" if _NO_INDICATOR.search(figure.indicator) else to_simplified(figure.indicator).removesuffix("每")
    if any(mention.start == 0 and mention.code in figure.scopes for mention in find_regions(indicator)):
        owner = ""  # 广安市质量奖 names its owner
    shown = figure if period else replace(figure, period="")
    values = {"figure": figure_text(figure, query.language), "note": figure_note(shown, query)}
    if not owner and not indicator:
        return values["figure"] + values["note"]
    if not owner:
        return phrase(query.language, "figure_lead_plain", indicator=indicator, **values)
    return phrase(query.language, "figure_lead", scope=owner, indicator=indicator, **values)


def figure_note(figure: Figure, query: Query) -> str:
    """Period and kind of a figure in brackets, "" where there is nothing to say."""
    kind = {"目标值": "kind_target", "预测": "kind_forecast", "实际值": "kind_actual"}[figure.kind]
    period = period_text(figure.period) if query.language == "zh" else figure.period
    parts = [part for part in (period, phrase(query.language, kind)) if part]
    return phrase(query.language, "note", parts=phrase(query.language, "note_join").join(parts)) if parts else ""


def period_text(period: str) -> str:
    """A period in Chinese: 2025年, 2025年一季度, 2025年上半年, 2025—2027年, 一季度, 十四五."""
    if quarter := re.fullmatch(r"(\d{4})?Q([1-4])", period):
        return (f"{quarter[1]}年" if quarter[1] else "") + "一二三四"[int(quarter[2]) - 1] + "季度"
    if half := re.fullmatch(r"(\d{4})?H([12])", period):
        return (f"{half[1]}年" if half[1] else "") + f"{'上下'[int(half[2]) - 1]}半年"
    return f"{period.replace('-', '—')}年" if re.fullmatch(r"[\d-]+", period) else period


# Small words before a measure that belong to the sentence: 论AI企业的家数, 拿利用率跟……比.
_OF_THE_SENTENCE = frozenset("论拿把按就从对将用跟和")


def measure_name(query: Query) -> str:
    """What was asked for, in the words of the question: 算力利用率, AI企业的数量."""
    if query.language == "en":
        return phrase("en", "measure_default")
    text = _bare(query)
    named = _named_measure(text, query)
    if named is None:
        what = _together(text, [word for word in query.qualifiers if not is_light(word)])
        if not query.heads and not (what and _is_counted(text, what)):
            return phrase("zh", "measure_default")
        if not query.heads and re.search("[额量价费数积金]$", what):  # it says by itself what is counted
            return what
        return "的".join(part for part in (what, *(query.heads[:1] or [phrase("zh", "measure_owned")])) if part)
    start, end = named
    while True:  # grow to the left over the words that qualify the noun: 数据中心 的 平均 利用率
        before = text[:start].rstrip().removesuffix("的").rstrip().lower()
        words = (t for t in query.terms if t not in _OF_THE_SENTENCE and before.endswith(t))
        longest = max(words, key=len, default="")
        if not longest:
            return text[start:end].replace(" ", "")
        start = len(before) - len(longest)


def _bare(query: Query) -> str:
    """The question with its periods and regions blanked out, length kept."""
    text = without_periods(query.text)
    for mention in find_regions(text):
        text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
    return text


def _named_measure(text: str, query: Query) -> tuple[int, int] | None:
    """Where the measure asked for is named: 利用率; 增值税率, of which the rules know 税率."""
    for start, end, head in head_spans(text):
        if head in query.heads and not re.search("[多几得满了到]|情况", text[start:end]):
            parts = (at for t in query.terms if (at := text.lower().find(t)) < start < at + len(t))
            return min(parts, default=start), end
    return None


def _is_counted(text: str, what: str) -> bool:
    """Whether a question asks how many there are of something, or how much of it: 有多少个5G基站, 注册资本是多少."""
    bare = re.escape(what)
    found = rf"(?:多少|几)[^，,。？?\s]?\s*{bare}|{bare}(?:总共|一共|共)?(?:是|有|为)(?:多少|几|多大)"
    return bool(re.search(found, re.sub(r"\s+", "", text), re.I))


def _together(text: str, words: Sequence[str]) -> str:
    """The words as they stand in the text, if they stand together there; "" where other words part them."""
    spans = sorted((at, at + len(word)) for word in words if (at := text.lower().find(word)) >= 0)
    if not spans or any(text[a[1] : b[0]].strip(" 的、") for a, b in pairwise(spans)):
        return ""
    return re.sub(r"\s+", "", text[spans[0][0] : max(end for _, end in spans)])


def asked(query: Query) -> str:
    """What was asked for, for whom and when: 贵州2024年的算力产业规模.

    A name that leaves out what the question narrows the measure down with would deny more than is so (资料未披露税率, where
    one kind of thing was asked about): it is 相应的税率 then.
    """
    measure = measure_name(query)
    if query.language == "en":
        of = f" for {region_names(query)}" if query.regions else ""
        return f"{measure}{of}" + (f" in {', '.join(query.periods)}" if query.periods else "")
    owner = region_names(query) + "、".join(period_text(p) for p in query.periods)
    default = phrase("zh", "measure_default")
    if measure != default and not _names_whole(query, measure):
        text = _bare(query)
        named = _named_measure(text, query)
        head = text[slice(*named)] if named else next(iter(query.heads), "")
        key = "measure_such_owned" if owner else "measure_such"
        measure = phrase("zh", key, measure=head) if head else default
    if not owner:
        return measure
    if measure == default:
        measure = phrase("zh", "measure_owned")
    return f"{owner}{'' if '的' in measure else '的'}{measure}"


def _names_whole(query: Query, measure: str) -> bool:
    """Whether a measure's name holds all words of the question that say what is measured."""
    told, text = re.sub(r"\s", "", measure.lower()), _bare(query).lower()
    left = (t for t in query.terms if len(t) > 1 and t in text and t not in told and not is_light(t))
    return all(any(term in head for head in query.heads) for term in left)


def related_heading(query: Query) -> str:
    """Heading over what the sources do say."""
    if query.regions:
        return phrase(query.language, "related", region=region_names(query))
    return phrase(query.language, "related_general")


def document_name(source: Source) -> str:
    """What a document is called, with its brackets: 《深圳经济特区数据条例》; of 关于印发《X》的通知 X."""
    inner = re.search(r"《([^《》]{4,60})》", source.title)
    if inner and re.search("关于(?:印发|发布|公布|下发)?《", source.title):
        return f"《{inner[1]}》"
    bare = source.title.replace("《", "〈").replace("》", "〉").strip()
    return f"《{bare}》"


def provenance(source: Source) -> str:
    """Whose document it is, of which year and kind, in English: national, 2021, law or regulation."""
    owners = ", ".join(display(code, "en") for code in source.regions if code.isascii())
    kind = phrase("en", f"tier_{TIERS.index(source.tier)}")
    said = ", ".join(part for part in (owners, source.issued[:4], kind) if part)
    return said[0].upper() + said[1:]


def source_heading(query: Query, source: Source) -> str:
    """The heading over what one document says: its name; in an English answer whose it is, of which year and kind."""
    return document_name(source) if query.language == "zh" else provenance(source)
