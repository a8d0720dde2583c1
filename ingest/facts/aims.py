"""For which year a plan's sentences set their targets, where only the head of their paragraph or section says it.

到2025年，…体系基本形成。冷链流通率达到40%: the second sentence is for 2025 as well; so are the items under such a head, and all of a
section that is called 主要目标.
"""

import re

_HEAD = re.compile(
    r"^(?:(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]+\s*)?[^，,。；;]{0,12}?|[^，,。；;]{0,30}目标[：:]\s*)"
    r"到[*\s]{0,3}((?:19|20)\d{2})[*\s]{0,3}年"
)
_OUTLOOK = re.compile(r"^(?:[^，,。]{0,6})?(?:展望|远景|着眼)")
_LABEL = re.compile(r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]+\s*)?[一-龥]{0,8}目标(?:任务)?[。：:]?$")
_NUMBERED = re.compile(
    r"^(?:第[一二三四五六七八九十百\d]+[编章节条]|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[.．、](?!\d))"
)
_BULLET = re.compile(r"^(?P<indent>\s*)(?P<mark>[-*+•·●○■>]\s|(?=——))?")
_DONE = re.compile(r"已经?(?!知)|截至|上年|去年|同比|以来")
# What a rule grants or imposes has no target year, wherever it stands.
_RULE = re.compile(r"给予|奖励|补助|补贴|资助|罚款|处罚|贴息|施行|实施之日|有效期")


def is_rule(words: str) -> bool:
    """Whether a sentence grants, imposes or enters into force, so that its amounts are no targets."""
    return bool(_RULE.search(words))


class Aims:
    """Follows the sentences of a document in order and knows the target year that governs each."""

    def __init__(self) -> None:
        self._year = ""
        self._standing = ""  # the year that a heading sets
        self._section = False  # whether what is read stands under 主要目标
        self._level = (0, False)  # indent of the paragraph that set the year, and whether it was a bullet
        self._here = (0, False)
        self._headings: tuple[str, ...] = ()

    def enter(self, headings: tuple[str, ...]) -> None:
        """Begin a chunk: another heading ends what governed before."""
        if headings == self._headings:
            return
        aims = bool(headings) and bool(_LABEL.match(headings[-1].strip("。：: ")))
        if not (aims and self._section):  # else it is the same section: its label was read as a sentence before
            self._year = ""
        self._headings, self._section = headings, aims
        named = (match[1] for heading in reversed(headings) if (match := _HEAD.match(heading)))
        self._standing = next(named, "")

    def open_paragraph(self, words: str, margin: str) -> None:
        """Begin a paragraph with the sentence `words`; `margin` is what stands before it in its line."""
        bullet = _BULLET.match(margin + words[:3])
        indent = len(bullet["indent"].expandtabs(4)) if bullet else 0
        self._here = (indent, bool(bullet and bullet["mark"] is not None))
        numbered = bool(_NUMBERED.match(words))
        nested = self._here > self._level if self._here[1] else self._section and not numbered
        if not nested:
            self._year = ""
            self._section = self._section and not numbered

    def year_of(self, words: str) -> str:
        """The year that governs the figures of the sentence that state none, "" where none does."""
        if _LABEL.match(words):
            self._section, self._year = True, ""
        elif match := _HEAD.match(words):
            self._year, self._level = match[1], self._here
        elif _OUTLOOK.match(words):
            self._year = ""
        return "" if _DONE.search(words) or is_rule(words) else self._year or self._standing
