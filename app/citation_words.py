"""What is known of a cited document, in words of the reader's language: for the page's cards, the terminal and plain text."""

import re

from app.types import Answer, Citation, Language
from app.ui.strings import words
from app.understanding.language import HAN

_TIERS = frozenset(("政策原文", "官方解读", "统计", "智库", "媒体", "自媒体", "未知"))
_STATES = {
    "replaced_by": re.compile("已废止（被(?P<title>.+)取代）"),
    "amended_by": re.compile("已被修订（被(?P<title>.+)修改）"),
    "expired_on": re.compile("已失效（有效期至(?P<date>.+)）"),
}
_PLAIN_STATES = frozenset(("征求意见稿", "尚未施行", "现行有效", "已被修订", "已废止", "已失效"))


def language_of(answer: Answer, wanted: Language | None = None) -> Language:
    """The language of an answer's labels: the one that was wanted, or else that of its question."""
    return wanted or ("zh" if HAN.search(answer.question) else "en")


def tier_in_words(tier: str, language: Language) -> str:
    """The kind of source: 政策原文, policy text."""
    return words(language, f"tier_{tier}") if tier in _TIERS else tier


def validity_in_words(validity: str, language: Language) -> str:
    """A text's state with who changed it, or its last day: 已废止（被《某办法》取代）."""
    for name, form in _STATES.items():
        if match := form.fullmatch(validity):
            return words(language, name, **match.groupdict())
    return words(language, f"validity_{validity}") if validity in _PLAIN_STATES else validity


def facts_in_words(citation: Citation, language: Language) -> str:
    """Issuer, number, date, kind of source, validity and page of a citation, in brackets: （四川省人民政府，2025-03-01，第 3 页）."""
    page = words(language, "page", page=citation.page) if citation.page else ""
    tier = tier_in_words(citation.tier, language) if citation.tier else ""
    validity = validity_in_words(citation.validity, language)
    told = filter(None, (citation.issuer, citation.doc_number, citation.date, tier, validity, page))
    return f" ({', '.join(told)})" if language == "en" else f"（{'，'.join(told)}）"
