"""Other wordings of a candidate: another order of words, traditional script, English, and a configured model's wording."""

import re
from collections.abc import Iterator, Sequence

from app.generation.backend import Backend
from app.generation.errors import LLMError
from app.generation.rewriting import plain_line
from app.generation.stream import complete
from app.understanding.glossary import english_of
from eval.propose.row import Row
from ingest.facts.regions import NATION, display, find_regions
from ingest.lexical import words
from ingest.text.repair import to_traditional
from prompts import message

MAX_WAIT = 60.0  # seconds for one wording
_YEARLY = re.compile(r"^(?P<when>\d{4}年)(?P<what>.+?)(?P<asked>是多少|有多少.)？$")
_FORCE = re.compile(r"^(?P<name>《.+》)从什么时候开始(?P<verb>施行|实施)？$")
_MEANING = re.compile(r"^(?P<name>《.+》)所称的(?P<term>“.+”)是指什么？$")
_AMOUNT = re.compile(r"^(?:(?P<year>\d{4})年)?(?P<what>.+?)是多少？$")
_MEASURE = re.compile(
    r"(?:rate|scale|utili[sz]ation|number|amount|gap|ratio|share|area|output|value|income|density|length|coverage)$"
)
_DIGITS = re.compile(r"\d+|《[^》]+》")
_TRADITIONAL_EVERY = 4


def with_variants(rows: Sequence[Row], backend: Backend | None = None) -> Iterator[Row]:
    """Yield each row and behind it the variants that can be made of it, in the same group."""
    for number, row in enumerate(rows):
        yield row
        question = row["question"]
        if other := paraphrase(question):
            yield _variant(row, "paraphrase", other)
        if number % _TRADITIONAL_EVERY == 0 and (other := to_traditional(question)) != question:
            yield _variant(row, "traditional", other)
        if other := english(question):
            yield _variant(row, "en", other)
        if backend is not None and (other := reworded(question, backend)):
            yield _variant(row, "paraphrase", other, "llm")


def paraphrase(question: str) -> str:
    """The question in another order of words, where its form is one of those known; else ""."""
    if match := _YEARLY.match(question):
        return f"{match['what']}在{match['when']}{match['asked']}？"
    if match := _FORCE.match(question):
        return f"{match['name']}的{match['verb']}日期是哪一天？"
    if match := _MEANING.match(question):
        return f"什么是{match['name']}所称的{match['term']}？"
    return ""


def english(question: str) -> str:
    """A question for an amount in English; "" unless the glossary has every word of what is measured."""
    match = _AMOUNT.match(question)
    regions = find_regions(match["what"]) if match else ()
    if not match or len(regions) != 1 or regions[0].start != 0 or regions[0].kind != "region":
        return ""
    measure = english_of(match["what"][regions[0].end :].replace("的", "").replace("平均", ""))
    if not _MEASURE.search(measure):
        return ""
    average = "average " if "平均" in match["what"] else ""
    year = f" in {match['year']}" if match["year"] else ""
    if regions[0].code == NATION:
        return f"What is the national {average}{measure}{year}?"
    return f"What is the {average}{measure} of {display(regions[0].code, 'en')}{year}?"


def reworded(question: str, backend: Backend) -> str:
    """A configured model's wording of the question; "" where it fails or does not ask the same."""
    try:
        said = plain_line(complete(backend, "", message("zh", "paraphrase.user.md", question=question), MAX_WAIT))
    except LLMError:
        return ""
    said = said.replace("?", "？").replace(",", "，")  # a model's line comes folded to half width
    return said if asks_the_same(said, question) else ""


def asks_the_same(candidate: str, question: str) -> bool:
    """Whether a wording keeps the places, numbers and titles, most of the words, and is another question of like length."""
    if candidate == question or not candidate.endswith(("？", "?")) or not 6 <= len(candidate) <= 2 * len(question):
        return False
    if {m.code for m in find_regions(candidate)} != {m.code for m in find_regions(question)}:
        return False
    if sorted(_DIGITS.findall(candidate)) != sorted(_DIGITS.findall(question)):
        return False
    ours, theirs = set(words(question)), set(words(candidate))
    return len(ours & theirs) >= 0.6 * len(ours) and len(theirs - ours) <= 0.5 * len(theirs)


def _variant(row: Row, variant: str, question: str, mark: str = "") -> Row:
    end = mark or {"paraphrase": "para", "traditional": "trad"}.get(variant, variant)
    return row | {"id": f"{row['id']}-{end}", "variant": variant, "question": question}
