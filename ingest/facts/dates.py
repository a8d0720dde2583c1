"""Dates of a document: how they are written, and which of those in a text is the day it was issued.

A text may show several: that of the web page, that of the meeting that passed it, that below the signature. Pure.
"""

import calendar
import datetime
import re
from dataclasses import dataclass
from typing import Any

from ingest.facts.numerals import han_to_number

DAY = r"(?:19|20)\d{2}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日"
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*[-年./]\s*(\d{1,2})(?!\d)\s*(?:[-月./]\s*(\d{1,2})(?!\d)\s*日?+)?+(?!\s*(?:起|至|前|以来|之前|以前))"
)
_COMPACT = re.compile(r"\s*((?:19|20)\d{2})(\d{2})(\d{2})\s*")
_HAN_YEAR = "[一二][零〇○◯一二三四五六七八九]{3}"
_HAN_DATE = re.compile(
    rf"({_HAN_YEAR})\s*年\s*([一二三四五六七八九十]{{1,2}})\s*月\s*([一二三四五六七八九十]{{1,3}})\s*日"
)
# 中華民國一百十年四月二十一日 is 2021-04-21: years count from 1911. From 100 on the year says so without the name.
_REPUBLIC = re.compile(
    r"(?:中[华華]民[国國]\s*(\d{1,3}|[一二三四五六七八九十百]{1,5})|(?<![一二三四五六七八九十百千])(一百一?[一二]?十?[一二三四五六七八九]?))\s*年"
    r"\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*月\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*日"
)
# Who signs: bodies, or people by their office.
_BODY_END = r"(?:人民政府|政府|国务院|办公厅|办公室|委员会|总局|总署|[一-龥](?:部|局|厅|委|院|署|办)|中央|中心|银行|总工会|协会|法院|集团|公司|大学|学会)"
_OFFICE = r"(?:总理|主席|省长|市长|州长|县长|区长|镇长|部长|主任|局长|厅长|署长|行长|院长|书记|会长|秘书长)"
_SIGNER = re.compile(rf"{_BODY_END}$|{_OFFICE}\s*[一-龥·]{{2,4}}(?:\s+[一-龥])?$")
_NO_SIGNATURE = r"(?![ \t　]*(?:起|前|后|至|止|以|印\s*发|发布|公布|颁布|通过|召开|举行|施行|实施|修[订正]|批准|[，,、。的为在对与和第）)]|\d{1,2}[:：]))"
_SIGNED = re.compile(
    rf"(?:^|(?<=[。！；：）)\n]))\s*(?P<names>[^。；，：:！？、《》（）()\d|#]{{2,160}}?)\s*(?P<date>{DAY}){_NO_SIGNATURE}"
)
_LINE_END = re.compile(rf"(?m)^(?P<before>[^\n]{{0,300}}?)[ \t　]*(?P<date>{DAY})[ \t　]*$")
_AFTER_SIGNATURE = re.compile(r"[ \t　]*(?:\n|$|相关附件|附\s*件|[（(](?:此件|本文|联系))")
_SPACED = re.compile(r"(?<![^\s])[一-龥](?:[ \t　]+[一-龥]){2,}(?![^\s])")
_WORD_END = re.compile(r"[一-龥]{2,}?(?:部|局|厅|委|院|署|办|行)(?!公|员)")
_PRINTED = re.compile(rf"({DAY})\s*印\s*发[ \t]*$", re.MULTILINE)
# A station of a text's history, as its head notes them: （2016年11月7日某会议通过 根据2025年10月28日…修正）, 已经某日某会议通过.
_STATION = re.compile(
    rf"(?:^[ \t　#]*[（(]?|[（(]|已经|业经|根据|[过正订布][ 　，；]*)({DAY})(?!\s*(?:起|[，,]|\d{{1,2}}[:：]))"
    rf"(?:(?!{DAY})[^。；\n]){{0,110}}?(?:通过|修订|修正|批准|公布|发布|颁布)(?!的|之日)",
    re.MULTILINE,
)
# What stands before a signature in running text that lost its line ends.
_CLOSING = re.compile(
    r"(?:执行|实施|反映|通知|通告|公告|印发|公布|施行|落实|遵照|请示|报告|此复|此令|负责解释)[^。]{0,12}[。！]$|附\s*件\s*[：:]$"
)
_SUBTITLE = re.compile(rf"(?m)^[ \t　]*[（(]\s*({DAY})\s*[)）][ \t　]*$")
_SPOKEN = re.compile(rf"({DAY})\s*在[^。\n]{{2,60}}?(?:会议|大会)上")
_IN_TITLE = re.compile(r"[（(]\s*((?:19|20)\d{2})[-年.]?(\d{1,2})[-月.]?(\d{1,2})日?\s*[)）]\s*$")
_HEAD, _STATED, _ABOVE = 1500, 300, 400  # characters: of a text, of a stated date, of what stands above a date


@dataclass(frozen=True, slots=True)
class Signature:
    """The end of an official letter: who signs it, as written and in order, and the ISO date below."""

    bodies: tuple[str, ...]  # () where only people sign
    date: str


def iso(value: Any) -> str:
    """ISO form of a stated date: a date, YYYYMMDD, 2025年3月1日, 2025/3, 二〇二五年三月一日; "" where there is no valid one."""
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = arabic_dates(str(value)[:_STATED].translate(_WIDE_DIGITS)) if value is not None else ""
    if compact := _COMPACT.fullmatch(text):
        return _valid(*compact.groups())
    for match in _DATE.finditer(text):
        if found := _valid(*match.groups()):
            return found
    year = re.fullmatch(r"\s*((?:19|20)\d{2})\s*年?\s*", text)
    return year[1] if year else ""


def _valid(year: str, month: str, day: str | None) -> str:
    try:
        date = datetime.date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat() if day else date.isoformat()[:7]


def arabic_dates(text: str) -> str:
    """`text` with 二〇二五年三月一日 and 中华民国一百十四年三月一日 as 2025年3月1日. Lengths change."""
    text = _HAN_DATE.sub(lambda m: f"{_whole(m[1])}年{_whole(m[2])}月{_whole(m[3])}日", text)
    return _REPUBLIC.sub(lambda m: f"{_whole(m[1] or m[2]) + 1911}年{_whole(m[3])}月{_whole(m[4])}日", text)


def _whole(numeral: str) -> int:
    if numeral.isdigit():
        return int(numeral)
    return int(han_to_number(re.sub("[○◯]", "〇", numeral)) or 0)


def shifted(date: str, years: int = 0, months: int = 0, days: int = 0) -> str:
    """ISO date that lies so much after an ISO date with a day; "" where `date` has none."""
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return ""
    month = day.month - 1 + months + 12 * years
    year, month = day.year + month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        return ""
    last = min(day.day, calendar.monthrange(year, month)[1])
    try:
        return (datetime.date(year, month, last) + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        return ""


def find_signature(text: str) -> Signature | None:
    """Return the first signature of a text with arabic dates, None if it has none.

    It stands behind a sentence: bodies or office holders, then a date, on lines of their own or in running text that
    lost its line ends (…遵照执行。某市人民政府办公室2024年1月9日某细则第一条…).
    """
    first_stop = text.find("。")
    if first_stop < 0:
        return None
    found = [signed for signed in (_in_words(text, first_stop), _on_lines(text, first_stop)) if signed]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _in_words(text: str, begin: int) -> tuple[int, Signature] | None:
    for match in _SIGNED.finditer(text, begin):
        names = _closed_up(match["names"])
        ends = _AFTER_SIGNATURE.match(text, match.end())
        closing = _CLOSING.search(text[max(0, match.start("names") - 60) : match.start("names")].rstrip())
        if (ends or closing) and _SIGNER.search(names) and (date := iso(match["date"])):
            return match.start("date"), Signature(_bodies(names), date)
    return None


def _on_lines(text: str, begin: int) -> tuple[int, Signature] | None:
    for match in _LINE_END.finditer(text, begin):
        date, before = iso(match["date"]), match["before"].strip()
        if not before:  # the date has the line to itself: a name stands above
            before = text[max(0, match.start() - _ABOVE) : match.start()].rstrip().rsplit("\n", 1)[-1].strip()
            if not 2 <= len(before) <= 60 or re.search(r"[。；，：:|]$|^\d", before):
                continue
        elif not _bodies(_closed_up(before)):
            continue
        if date:
            return match.start("date"), Signature(_bodies(_closed_up(before)), date)
    return None


def _closed_up(names: str) -> str:
    """Names without blanks inside a word: 国 家 数 据 局 财 政 部 is 国家数据局 财政部."""
    return _SPACED.sub(lambda m: " ".join(_WORD_END.findall(re.sub(r"\s", "", m[0]))) or m[0], names.strip())


def _bodies(names: str) -> tuple[str, ...]:
    """Return the signing bodies at the end of `names`; a list of office holders names none."""
    if re.search(_OFFICE + r"(?:\s|$)", names):
        return ()
    kept: list[str] = []
    for part in reversed(names.split()):
        if not re.search(_BODY_END + "$", part) or len(part) > 40 or part.startswith(("附件", "抄送")):
            break
        kept.insert(0, part)
    joined: list[str] = []
    for part in kept:  # 中央网络安全和信息化 委员会办公室
        if re.fullmatch(_BODY_END + "{1,2}", part) and part not in {"国务院"}:
            before = names.split(part)[0].split()[-1:] if not joined else [joined.pop()]
            part = "".join(before) + part
        joined.append(part)
    return tuple(joined)


def issued_in(text: str, title: str, signature: Signature | None, issuer: str = "") -> tuple[str, str]:
    """Return (ISO date, where it was found) of the issue of an official text with arabic dates, ("", "") if unknown.

    In this order: the signature, or the issuer's name with a date behind it (a list of annexes ran into it); the last station of its history in the head (通过, 修订, 修正, 公布), which is that of this
    version; a date in parentheses below the title; the session at which it was read; its title; the line 某日印发.
    """
    if signature:
        return signature.date, "落款"
    signed = re.search(rf"{re.escape(issuer)}\s*({DAY}){_NO_SIGNATURE}", text[-3000:]) if issuer else None
    if signed and (date := iso(signed[1])):
        return date, "落款"
    head = text[:_HEAD]
    history = head.split("第一条", 1)[0] if "第一条" in head else head[:600]
    if stations := [date for m in _STATION.finditer(history) if (date := iso(m[1]))]:
        return max(stations), "正文首部"
    for pattern in (_SUBTITLE, _SPOKEN):
        if (found := pattern.search(head)) and (date := iso(found[1])):
            return date, "正文首部"
    if dated := dated_title(title):
        return dated, "标题"
    printed = [date for m in _PRINTED.finditer(text) if (date := iso(m[1]))]
    return (printed[-1], "落款") if printed else ("", "")


def dated_title(title: str) -> str:
    """ISO date in parentheses at a title's end, e.g. …的通知(20170708); "" where there is none."""
    found = _IN_TITLE.search(title)
    return _valid(*found.groups()) if found else ""
