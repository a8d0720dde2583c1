"""文号 in a sentence: 国发〔2025〕11号 must be a number of the cited sentence, its title or its document, body included."""

import re
from collections.abc import Sequence

from app.types import Evidence
from ingest.facts.doc_number import number_key

# A body's sign may be missing (〔2018〕47号); an order has a number only.
_NUMBER = re.compile(
    r"(?P<body>[一-龥]{0,18})[〔\[［（(【〈﹝]\s*(?P<year>(?:19|20)\d{2})\s*年?[〕\]］）)】〉﹞]\s*+(?:第\s*+)?(?P<number>\d{1,5})\s*号"
    r"|(?P<order>[一-龥]{0,24}?)(?P<kind>令|公告)\s*+(?:[（(]\s*+)?(?:(?:19|20)\d{2}\s*年\s*)?第\s*(?P<serial>\d{1,5})\s*号"
)
# What may stand in front of a body's name in running text.
_BEFORE = re.compile(r".*(?:根据|按照|依据|依照|参照|贯彻|落实|执行|印发|文件|以及|联合|[的和及与由在将把对是即为])")
_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")


def numbers_of(text: str) -> list[tuple[int, int, str, str]]:
    """文号 in `text` as (start, end, body, year and number); the body is "" where none is named."""
    found = []
    for match in _NUMBER.finditer(text.translate(_ASCII)):
        body = _BEFORE.sub("", match["body"] or match["order"] or "")
        number = f"{match['year']}-{match['number']}" if match["number"] else f"{match['kind']}-{match['serial']}"
        found.append((match.start(), match.end(), body, number))
    return found


def without_numbers(text: str) -> str:
    """`text` with its 文号 blanked out, length kept."""
    for start, end, body, _ in numbers_of(text):
        bare = max(start, _mark(text, start, end) - len(body))
        text = text[:bare] + " " * (end - bare) + text[end:]
    return text


def _mark(text: str, start: int, end: int) -> int:
    """Where the bracket or the 令 of a number stands: its body ends there."""
    match = re.compile(r"[〔\[［（(【〈﹝]|令|公告").search(text, start, end)
    return match.start() if match else start


def doc_numbers_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Whether every 文号 of the claim is one of the cited sentences', their titles' or their documents' own."""
    claimed = numbers_of(number_text(claim))
    if not claimed:
        return True
    known = [
        (body, number)
        for e in cited
        for text in (e.text, e.hit.source.title, e.hit.source.doc_number)
        for _, _, body, number in numbers_of(number_text(text))
    ]
    return all(any(n == number and _same_body(body, b) for b, n in known) for _, _, body, number in claimed)


def number_text(text: str) -> str:
    """`text` in the form in which two writings of a number are equal, with blanks closed up."""
    return number_key(text)


def _same_body(claimed: str, known: str) -> bool:
    """国发 is not 国办发; a body's name may have words of its sentence before it on either side."""
    return not claimed or claimed == known or (len(claimed) >= 2 and len(known) >= 2 and _tail(claimed, known))


def _tail(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.endswith(short) and len(short) >= 3
