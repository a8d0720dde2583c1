"""What stands around a sentence and says what it is about: before it, above it, in the list that it introduces."""

import functools
import re

from app.types import Evidence
from ingest.facts.figures import find_periods
from ingest.lexical import normalise

_CONTEXT, _LIST = 240, 600  # characters before a sentence that say what it is about; of a list that it introduces
_NUMERAL = r"[零一二三四五六七八九十百\d ]{1,9}"
_ARTICLE = re.compile(rf"\s*\**第{_NUMERAL}[條条]")
_ARTICLE_LINE = re.compile(rf"(?m)^\s*\**第{_NUMERAL}[條条]")
_CHAPTER = re.compile(rf"第{_NUMERAL}[章节節]")
# How an item of a list begins, by kind; a list ends where an item of its own introduction's kind begins.
_ITEMS = (
    re.compile(r"(?m)^\s*第[零一二三四五六七八九十百\d ]{1,9}[條条]"), re.compile(r"(?m)^\s*[（(][一二三四五六七八九十]+[)）]"),
    re.compile(r"(?m)^\s*[一二三四五六七八九十]+、"), re.compile(r"(?m)^\s*\d+[.．、]"), re.compile(r"(?m)^\s*[（(]\d+[)）]"),
)  # fmt: skip
_PLAN = re.compile(r"第(十[一二三四五六七八九]?)个五年(?:[（(][^（）()]{4,16}[）)])?规划")
_MIN_NAME = 6  # characters of a title in a question that name the document


def before(evidence: Evidence) -> str:
    """What stands before a sentence in its chunk, from its article's beginning, normalised: a rule says first for whom it is."""
    chunk = evidence.hit.chunk
    at = evidence.sentence.start - chunk.start
    text = chunk.text[max(0, at - _CONTEXT) : at]
    if _ARTICLE.match(evidence.text):
        return ""
    articles = list(_ARTICLE_LINE.finditer(text))
    return normalise(text[articles[-1].start() :] if articles else text)


def above(evidence: Evidence) -> str:
    """The title and the headings over a sentence, normalised."""
    return f"{normalise(evidence.hit.source.title)} {section(evidence)}"


def section(evidence: Evidence) -> str:
    """The headings over a sentence, and the chapter that begins in the running text before it, normalised."""
    chunk = evidence.hit.chunk
    said = chunk.text[: evidence.sentence.start - chunk.start]
    chapters = list(_CHAPTER.finditer(said))
    running = re.split(r"[。；;]", said[chapters[-1].start() :])[0] if chapters else ""
    return normalise(" ".join((*chunk.headings, running)))


def listed(evidence: Evidence) -> str:
    """The items that a sentence ending with a colon introduces, as far as its chunk holds them; "" for any other sentence."""
    if not evidence.text.rstrip().endswith(("：", ":")):
        return ""
    chunk = evidence.hit.chunk
    rest = chunk.text[evidence.sentence.end - chunk.start :][:_LIST]
    own = next((kind for kind in _ITEMS if kind.match(evidence.text)), _ITEMS[0])
    ends = [m.start() for kind in (own, _ITEMS[0]) for m in kind.finditer(rest)]
    return rest[: min(ends, default=len(rest))]


def naming_run(question: str, title: str) -> str:
    """The longest run of a title that a question repeats, "" where it is too short to name the document."""
    return _naming_run(normalise(question), normalise(title))


@functools.lru_cache(maxsize=512)
def _naming_run(question: str, title: str) -> str:
    best, row = "", [0] * (len(title) + 1)
    for i, char in enumerate(question):
        last = row
        row = [0] * (len(title) + 1)
        for j, other in enumerate(title):
            if char == other:
                row[j + 1] = last[j] + 1
                if row[j + 1] > len(best):
                    best = question[i + 1 - row[j + 1] : i + 1]
    return best if len(best) >= _MIN_NAME else ""


def plan_period(evidence: Evidence) -> str:
    """The plan that a sentence is of (十四五): the nearest heading's that names one, else its document's title's."""
    for text in (*reversed(evidence.hit.chunk.headings), evidence.hit.source.title):
        named = [p for p in find_periods(text) if p.endswith("五")]
        if named:
            return named[0]
        if ordinal := _PLAN.search(text):
            return f"{ordinal[1]}五"
    return ""
