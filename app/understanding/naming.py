"""Documents and articles that a question names: 《上海市数据条例》第十二条, 数据安全法, 深圳经济特区数据条例."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.facts.regions import find_regions
from ingest.lexical import normalise

_KIND = r"(?:条例|办法|规定|细则|法|决定|意见|通知|规划|纲要|方案|计划|指引|指南|标准|倡议|报告)"
_QUOTED = re.compile(r"《([^《》]{2,60})》")
# A rule named by its place, without a 的 or a verb in the name: only such a name is one document's.
_OF_PLACE = re.compile(
    r"(?:^|[，,。；;：:《、])(?:按照|根据|依据|依照|请问|按|据)?"
    r"([一-龥]{2,4}(?:省|市|自治区|特区)?(?:(?![的是有在对和与了过哪什几么怎于])[一-龥]){2,16}?(?:条例|管理办法))"
)
_ARTICLE = re.compile(r"第\s*([零〇一二三四五六七八九十百两\d]{1,7})\s*条(之[一二三四五六七八九十])?")
# What follows a law's name where its own content is asked for.
_CONTENT = re.compile(
    r"[》”]?(?:(?:中|里|上|里面)?(?:是?怎么|如何)?(?:规定|要求|允许|禁止)|里|中|第|对|把|从|自|什么时候|何时|哪[年天日])"
)
_ENGLISH_ARTICLE = re.compile(r"\barticles?\s+(\d{1,3})\b", re.I)
# 政府办公厅关于印发《X》的通知 and 中华人民共和国X are called X.
_WRAPPED = re.compile(r"关于(?:印发|发布|公布)[《“]?(?P<inner>.{4,60}?)[》”]?的(?:通知|公告|决定)$")
_PREFIX = re.compile(r"^中华人民共和国")
_SUFFIX = re.compile(r"[（(][^（()）]*[)）]$")
_MIN_NAME = 4  # characters: shorter names are words
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Named:
    """What a question names. `rest` is its text without the names; `unknown` a name with an article that no document bears."""

    documents: tuple[str, ...]
    rest: str
    article: str = ""  # 第六十九条
    unknown: str = ""


def find_named(text: str, titles: Sequence[tuple[str, str]]) -> Named:
    """Resolve the documents and the article that a question names among `titles`, pairs of (document id, title).

    The longest names win; a name must be a whole title or what the title is called for short.
    """
    article = _article(text)
    plain = normalise(text)
    names = _index(tuple(titles))
    found: list[tuple[int, tuple[str, ...]]] = []  # where a name stands, and the documents of that name
    for form in _names_in(plain, names):
        at = plain.find(form)
        if at >= 0:
            found.append((at, names[form[:_MIN_NAME]][form]))
            text = _blank(text, at, at + len(form))
            plain = _blank(plain, at, at + len(form))
    documents = [doc_id for _, ids in sorted(found) for doc_id in ids]  # in the order in which they are named
    rest = re.sub(r"《\s*》", " ", text)
    rest = _ENGLISH_ARTICLE.sub(" ", _ARTICLE.sub(" ", rest)) if article and documents else rest
    unknown = "" if documents else _name_before_article(text) if article else _unheld(text, titles)
    return Named(tuple(dict.fromkeys(documents)), " ".join(rest.split()) if documents else rest, article, unknown)


_LAW_WORD = re.compile(r"\b(?:law|laws|regulations?|measures|provisions|rules|ordinance|statute)\b", re.I)
_FILLER = re.compile(
    r"特别行政区|经济特区|[省市]|促进|管理|实施|若干|暂行|的"
)  # of a title, that its English name often lacks


def find_translated(text: str, words: Sequence[str], titles: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Ids of the regional laws that an English question names: Shanghai Data Regulations for 上海市数据条例.

    The title must consist of the region's name and of Chinese words of the question (`words`, with their alternatives), and
    the question must speak of a law at all. Of several that fit the most fully named wins.
    """
    if not _LAW_WORD.search(text):
        return ()
    places = {mention.code for mention in find_regions(text)}
    forms = sorted({normalise(form) for word in words for form in word.split("|")}, key=len, reverse=True)
    fitting: dict[int, list[str]] = {}
    for doc_id, code, bare in _regional(tuple(titles)):
        if code not in places:
            continue
        rest, said = bare, 0
        for form in forms:
            said += len(form) if form in rest else 0
            rest = rest.replace(form, " ")
        if not _FILLER.sub("", rest).strip() and said >= _MIN_NAME:
            fitting.setdefault(said, []).append(doc_id)
    return tuple(fitting[max(fitting)]) if fitting else ()


@functools.lru_cache(maxsize=4)
def _regional(titles: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, str], ...]:
    """(document id, region, rest of the name) of the laws whose names begin with a region's."""
    found = []
    for doc_id, title in titles:
        for form in short_names(title):
            mention = next(iter(find_regions(form)), None)
            if mention is not None and mention.start == 0 and re.search("(?:条例|办法|规定|细则)$", form):
                found.append((doc_id, mention.code, form[mention.end :]))
    return tuple(found)


_Names = Mapping[str, Mapping[str, tuple[str, ...]]]  # first characters -> name -> ids of the documents so called


@functools.lru_cache(maxsize=4)
def _index(titles: tuple[tuple[str, str], ...]) -> _Names:
    """The names of a store's documents, found by how they begin. Made once for a list of titles."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for doc_id, title in titles:
        for form in short_names(title):
            bucket = found.setdefault(form[:_MIN_NAME], {})
            bucket[form] = (*bucket.get(form, ()), doc_id)
    return found


def _names_in(plain: str, names: _Names) -> list[str]:
    """Names that stand in a normalised question, the longest first."""
    starts = {plain[at : at + _MIN_NAME] for at in range(len(plain) - _MIN_NAME + 1)}
    found = {form for start in starts for form in names.get(start, ()) if form in plain}
    return sorted(found, key=lambda form: (-len(form), form))


def short_names(title: str) -> frozenset[str]:
    """The names a document goes by, normalised: its title, without brackets and wrapping, without the state's name."""
    bare = _SUFFIX.sub("", normalise(title).replace("《", "").replace("》", "").strip())
    wrapped = _WRAPPED.search(bare)
    names = {bare, wrapped["inner"] if wrapped else bare}
    names = {_SUFFIX.sub("", name) for name in names}
    names |= {_PREFIX.sub("", name) for name in names}
    return frozenset(name for name in names if len(name) >= _MIN_NAME and re.search(_KIND + "$", name))


def _article(text: str) -> str:
    if match := _ARTICLE.search(text):
        number = match[1]
        return f"第{to_han(int(number)) if number.isdigit() else number.replace('〇', '零')}条{match[2] or ''}"
    english = _ENGLISH_ARTICLE.search(text)
    return f"第{to_han(int(english[1]))}条" if english else ""


def _name_before_article(text: str) -> str:
    """The document name right in front of the article, where the question gives one."""
    if quoted := _QUOTED.search(text):
        return quoted[1]
    before = text[: _ARTICLE.search(text).start()] if _ARTICLE.search(text) else ""  # type: ignore[union-attr]
    match = re.search(rf"([一-龥]{{2,40}}{_KIND})的?$", before.strip())
    return match[1] if match else ""


def _unheld(text: str, titles: Sequence[tuple[str, str]]) -> str:
    """A document that a question names in full, by its place (甲省公共数据条例) or in 《》, and that no title of the store fits.

    A title fits that has the name's characters in their order: 甲省数据条例 is meant by 甲数据条例.
    """
    if not titles:
        return ""
    named = _QUOTED.search(text) or _OF_PLACE.search(text)
    if named is None:
        return _law_unheld(text, titles)
    name = named[1]
    if named.re is _OF_PLACE and not any(mention.start == 0 for mention in find_regions(name)):
        return ""
    bare = re.sub(r"[省市县区]|\W", "", normalise(name))
    return "" if any(_in_order(bare, normalise(title)) for _, title in titles) else name


def _law_unheld(text: str, titles: Sequence[tuple[str, str]]) -> str:
    """A national law of which a question asks what it says (反垄断法规定…, 民法典里…) and that the store does not hold."""
    plain = normalise(text)
    found = [law for law in _laws() if (at := plain.find(law)) >= 0 and _CONTENT.match(plain, at + len(law))]
    law = max(found, key=len, default="")
    return "" if any(law in normalise(title) for _, title in titles) else law


@functools.cache
def _laws() -> tuple[str, ...]:
    lines = (Path(__file__).parent / "laws.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _in_order(name: str, title: str) -> bool:
    at = iter(title)
    return all(char in at for char in name)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def to_han(number: int) -> str:
    """A number below 1,000 in Han numerals, as article numbers are written: 69 -> 六十九, 10 -> 十, 110 -> 一百一十."""
    hundreds, tens, ones = number // 100 % 10, number // 10 % 10, number % 10
    written = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        written += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        written += "零"
    return (written + (_DIGITS[ones] if ones else "")) or "零"
