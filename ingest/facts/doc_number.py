"""The number that an official text goes by (文号): 国发〔2025〕11号 and its look-alikes. Own numbers, not cited ones.

Kinds: a body's sign, year and number in brackets of any shape (〔〕［］[]（）【】); orders (令第12号), announcements
(公告2025年第3号), standards (GB/T 12345—2025), and 發產字第1101000338A號. Patterns are for simplified text with ASCII digits.
"""

import re

NUMBERED = r"[一-龥]{1,18}[〔\[［（(【〈﹝]\s*(?:19|20)\d{2}\s*年?[〕\]］）)】〉﹞]\s*+(?:第\s*+)?\d{1,5}\s*号"
_ANNOUNCED = r"(?:[一-龥]{2,20})?公告\s*+(?:[（(]\s*+)?(?:19|20)\d{2}\s*年\s*+(?:第\s*+)?\d{1,4}\s*号"
_SERIAL = r"[一-龥]{1,10}字第\s*[0-9A-Z]{6,14}\s*号"
_STANDARD = r"(?:GB|YD|DB\d{2})(?:/[TZ])?\s?\d{2,6}(?:\.\d{1,2})?\s?[—–-]\s?(?:19|20)\d{2}"
OWN_NUMBER = re.compile(rf"{NUMBERED}|{_ANNOUNCED}|{_SERIAL}|{_STANDARD}(?!\d)")
# Stands at the start of a line or apart; （粤府办〔2025〕3号） alone on a line or behind a title is the text's own.
_APART_BEFORE = re.compile(r"(?:^|[\s：:])[（(]?$")
_CITING = re.compile(r"根据|按照|依据|依照|参照|参见|贯彻|落实|执行|关于|^[按见以和与及对为在经本刊]")
_LABELLED = re.compile(rf"(?:发文字号|文\s*号)\s*[：:]\s*({OWN_NUMBER.pattern})")
# A line that lost its end: …的通知广安府发〔2019〕3号.
_SWALLOWED = re.compile(r"^.*(?:通知|意见|决定|方案|办法|公告|通告|规定|细则|报告|批复)(?=[一-龥]{2})")
# 广东省人民政府令（第290号）: an order's number and who gives it, at the head of the text.
_NUMERAL = r"(?:\d{1,4}|[一二三四五六七八九十百零〇]{1,6})"
_BODIES = (
    r"(?P<body>(?!根据|按照|依据|依照|经)[一-龥]{2,24}(?:人民政府|委员会|部|局|办公室|总局|国务院|院|主席|署|银行)"
    r"(?:[\s、]+[一-龥]{2,24}(?:部|局|办公室|总局|委员会|院|署|银行))*)"
)
_ORDER = re.compile(
    rf"(?m)^[ \t　]*{_BODIES}\s*(?:令|公告)\s*[（(]?\s*(?:(?P<year>(?:19|20)\d{{2}})\s*年\s*)?第\s*(?P<number>{_NUMERAL})\s*号"
)
# Taiwan's decrees stand in the history of a text: …年四月二十一日国家发展委员会发产字第1101000338A号令订定发布.
_DECREE = re.compile(
    r"日\s*(?P<body>总统|行政院|[一-龥]{1,12}?(?:委员会|部|院|署|局))(?P<number>[一-龥]{1,8}字\s*第\s*[0-9A-Z]{6,14}\s*号)\s*令\s*(?:制定|订定|修正)"
)
_BARE_ORDER = re.compile(rf"(?m)^[ \t　]*令\s*[（(]?\s*第\s*(?P<number>{_NUMERAL})\s*号[）)]?[ \t　]*$")
_ORDER_KIND = re.compile(r"(?<=[府会部局室院席署行])\s*(令|公告)")
_HEAD = 1500


def stated_number(value: str) -> str:
    """Return the number that a label or front matter states, as it is if it is of no known form but short; else ""."""
    found = OWN_NUMBER.search(value.translate(_ASCII).replace("號", "号"))
    if found:
        return tidy(value[slice(*found.span())])
    return tidy(value) if re.fullmatch(r"[^。，；]{2,40}\d[^。，；]{0,6}号", value.replace("號", "号")) else ""


def find_number(plain: str, text: str, title: str = "") -> tuple[str, bool]:
    """Return (own number of a text, whether it stands among its first 400 characters); ("", False) if it has none.

    `plain` is `text` in simplified characters, of the same length; the number comes as the text has it, without blanks.
    """
    if labelled := _LABELLED.search(plain):
        return tidy(text[slice(*labelled.span(1))]), labelled.end() <= 400
    head = plain[:_HEAD]
    for match in OWN_NUMBER.finditer(head):
        start = match.start()
        if swallowed := _SWALLOWED.match(match[0]):
            start += swallowed.end()
        elif not _APART_BEFORE.search(head[:start]):
            continue
        if not _CITING.search(head[start : match.end()]):
            return tidy(text[start : match.end()]), match.end() <= 400
    behind = re.search(rf"[（(]({NUMBERED})[）)]\s*$", title)
    return (tidy(behind[1]), True) if behind else ("", False)


def find_order(head: str) -> tuple[str, tuple[str, ...]]:
    """Return (number, bodies) of the order or announcement that opens a simplified text; ("", ()) if none does."""
    order = _ORDER.search(head[:600])
    if not order:
        bare = _BARE_ORDER.search(head[:600])
        return (f"令第{bare['number']}号", ()) if bare else ("", ())
    bodies = tuple(re.split(r"[\s、]+", order["body"]))
    kind = _ORDER_KIND.search(order[0])
    year = f"{order['year']}年" if order["year"] else ""
    return f"{'、'.join(bodies)}{kind[1] if kind else '令'}{year}第{order['number']}号", bodies


def find_decree(plain: str, text: str) -> tuple[str, str]:
    """Return (number, body) of the decree that made or last changed a text of Taiwan's authorities, ("", "") if none is told.

    `plain` is `text` in simplified characters, of the same length.
    """
    told = list(_DECREE.finditer(plain))
    if not told:
        return "", ""
    return tidy(text[slice(*told[-1].span("number"))]), text[slice(*told[-1].span("body"))]


def tidy(number: str) -> str:
    """A number without blanks, with ASCII digits."""
    return re.sub(r"\s", "", number).translate(_ASCII).strip("（(")


def number_key(number: str) -> str:
    """Form in which two writings of one number are equal: one kind of bracket, simplified 号, no 第."""
    from ingest.text.repair import to_simplified

    plain = to_simplified(tidy(number))
    plain = re.sub(r"[〔\[［（(【〈﹝](\d{4})年?[〕\]］）)】〉﹞]第?", r"[\1]", plain)
    return re.sub(r"令[（(]?第(\w+?)号[）)]?", r"令第\1号", plain)


_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")
