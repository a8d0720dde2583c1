"""What is known of a document before its sentences are read: title, date, issuer, 文号, regions, tier.

Front matter wins; then what the page's own header states; then rules on title and first lines.
"""

import datetime
import re
from collections import Counter
from typing import Any

from ingest.numerals import han_to_number
from ingest.owners import is_object
from ingest.regions import by_name, find_regions
from ingest.repair import to_simplified
from ingest.types import TIERS, Source, Tier

_DOC_NUMBER = re.compile(r"[一-龥]{1,14}[〔\[［（(【](?:19|20)\d{2}[〕\]］）)】]\s*第?\s*\d{1,5}\s*号")
# A document's own number stands at the start of a line or apart; 根据国发〔2017〕35号 and （国办发〔2015〕50号） cite another.
_APART_BEFORE = re.compile(r"(?:^|[\s：:])$")
_CITING = re.compile(r"根据|按照|依据|依照|参照|参见|贯彻|落实|执行|^[按见以和与及对为在]")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*[-年./]\s*(\d{1,2})(?!\d)\s*(?:[-月./]\s*(\d{1,2})(?!\d)\s*日?+)?+(?!\s*(?:起|至|前|以来|之前|以前))"
)
_COMPACT_DATE = re.compile(r"\s*((?:19|20)\d{2})(\d{2})(\d{2})\s*")
_HAN_DATE = re.compile(
    r"([一二][零〇○一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
_DATE_LINE = re.compile(r"(?m)^[ \t　]*((?:19|20)\d{2}年\d{1,2}月\d{1,2}日)[ \t　]*$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a title is printed to terminals
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_EFFECTIVE = re.compile(r"自\s*((?:19|20)\d{2}年\d{1,2}月\d{1,2}日)起(?:施行|实施|执行|生效|试行)(?!的)")
_TIER_RULES: tuple[tuple[Tier, re.Pattern[str]], ...] = (
    ("官方解读", re.compile(r"解读|答记者问|问答|图解|一图读懂")),
    ("统计", re.compile(r"统计公报|统计年鉴|普查公报|主要数据公报")),
    ("政策原文", re.compile(r"(?:条例|办法|规定|细则|通知|意见|规划|纲要|方案|行动计划|决定|指引|指南|(?<![方做想看算说书用手写打])法|令|公告|倡议|工作报告)(?:$|[（(—《》]|的通知)")),
    ("智库", re.compile(r"白皮书|研究报告|发展报告|蓝皮书|评估报告")),
)  # fmt: skip
# 广东省人民政府令（第290号）: an order's number and who gives it, at the head of the text.
_ORDER = re.compile(
    r"(?m)^[ \t　]*(?P<body>(?!根据|按照|依据|依照|经)[一-龥]{2,24}(?:人民政府|委员会|部|局|办公室|总局|国务院|院)(?:[\s、]+[一-龥]{2,24}(?:部|局|办公室|总局|委员会))*)"
    r"\s*令\s*[（(]?\s*第\s*(?P<number>\d{1,4}|[一二三四五六七八九十百]{1,6})\s*号"
)
_ISSUER = re.compile(
    r"^(?P<issuer>(?:[一-龥]{2,20}(?:人民政府|人民代表大会(?:常务委员会)?|委员会|部|厅|局|办公室|办公厅|院|总局))+)(?:关于|印发|令|文件|$)"
)
_ASSEMBLY = re.compile(
    r"(?P<where>[一-龥]{0,10}?)第[一二三四五六七八九十]+届(?P<nation>全国)?(?P<body>人民代表大会(?:常务委员会)?)"
    r"第[一二三四五六七八九十]+次会议(?:通过|修订|审议)"
)
_NATIONAL = re.compile(
    r"中华人民共和国|^(?:国务院|全国|国家|中共中央|中央网|工业和信息化部|科学技术部|科技部|财政部|教育部|人力资源和?社会保障部|商务部|公安部"
    r"|交通运输部|农业农村部|自然资源部|生态环境部|文化和旅游部|中国人民银行|市场监管总局)"
)
# What only rules for the whole country say of themselves at their head.
_NATIONWIDE = re.compile(
    r"各省、自治区、直辖市|国务院令|国务院总理|国家(?:互联网信息办公室|发展和?改革委)|中央网信办|根据《中华人民共和国"
)
_LOCAL = re.compile(r"结合[本我](?:省|市|区|自治区|县)实际")


def make_source(path: str, sha256: str, text: str, title: str, meta: dict[str, Any], notes: tuple[str, ...]) -> Source:
    """Return the Source of a cleaned text; `meta` holds front matter and page-header fields, `notes` what cleaning did."""
    title = _one_line(meta.get("title")) or _one_line(title)
    plain, plain_title = to_simplified(text).translate(_WIDE_DIGITS), to_simplified(title)  # as long as the text itself
    head = _arabic_dates(plain[:1500])
    own_number = _own_number(plain[:1500])
    tier = _tier(meta, plain_title, own_number is not None and own_number.end() <= 400, notes)
    stated_number = _DOC_NUMBER.search(_one_line(meta.get("doc_number")))
    number = stated_number[0] if stated_number else text[slice(*own_number.span())] if own_number else ""
    order = _ORDER.search(head[:600])
    ordered_by = "、".join(re.split(r"[\s、]+", order["body"])) if order else ""
    if order and not number:
        number = f"{ordered_by}令第{order['number']}号"
    return Source(
        path=path,
        sha256=sha256,
        title=title,
        issuer=_one_line(meta.get("issuer") or meta.get("publisher")) or ordered_by or _issuer(plain_title, head, tier),
        doc_number=re.sub(r"\s", "", number),
        regions=_regions(meta, plain_title, plain, tier),
        issued=_iso(meta.get("date") or meta.get("issued")) or (_issued(head, plain) if tier == "政策原文" else ""),
        # Questions and answers on a rule speak of the rule's date, not of their own.
        effective=_iso(meta.get("effective")) or (_effective(_arabic_dates(plain)) if tier == "政策原文" else ""),
        repealed=_iso(meta.get("repealed")),
        tier=tier,
        repairs=notes,
    )


def _own_number(head: str) -> re.Match[str] | None:
    for match in _DOC_NUMBER.finditer(head):
        if _APART_BEFORE.search(head[: match.start()]) and not _CITING.search(match[0]):
            return match
    return None


def _one_line(value: Any) -> str:
    return _CONTROL.sub("", " ".join(str(value).split()))[:300] if value is not None else ""


def _iso(value: Any) -> str:
    """ISO form of a stated date: a date, YYYYMMDD, 2025年3月1日, 2025/3; "" where there is no valid one."""
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = _arabic_dates(str(value).translate(_WIDE_DIGITS)) if value is not None else ""
    if compact := _COMPACT_DATE.fullmatch(text):
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


def _arabic_dates(text: str) -> str:
    """`text` with 二〇二五年三月一日 as 2025年3月1日."""
    return _HAN_DATE.sub(lambda m: f"{_whole(m[1])}年{_whole(m[2])}月{_whole(m[3])}日", text)


def _whole(numeral: str) -> int:
    return int(han_to_number(numeral.replace("○", "〇")) or 0)


def _issued(head: str, text: str) -> str:
    """Date of a policy: the first in its head, else the first that has a line to itself (below the signature)."""
    line = _DATE_LINE.search(_arabic_dates(text))
    return _iso(head) or (_iso(line[1]) if line else "")


def _effective(text: str) -> str:
    found = _EFFECTIVE.findall(text)
    return _iso(found[-1]) if found else ""


def _tier(meta: dict[str, Any], title: str, numbered: bool, notes: tuple[str, ...]) -> Tier:
    stated = _one_line(meta.get("tier"))
    for tier in TIERS:
        if stated == tier:
            return tier
    if "self-media-disclaimer" in notes:
        return "自媒体"
    for tier, pattern in _TIER_RULES:
        if pattern.search(title):
            return tier
    return "政策原文" if numbered else "未知"


def _issuer(title: str, head: str, tier: Tier) -> str:
    if tier != "政策原文":
        return ""
    if match := _ISSUER.match(title):
        return match["issuer"]
    passed = _ASSEMBLY.search(head)
    return f"{passed['where'].removeprefix('日')}{passed['nation'] or ''}{passed['body']}" if passed else ""


def _regions(meta: dict[str, Any], title: str, text: str, tier: Tier) -> tuple[str, ...]:
    stated = meta.get("region") or meta.get("regions")
    if stated:
        names = stated if isinstance(stated, list) else re.split(r"[,，、;；\s]+", str(stated))
        return tuple(dict.fromkeys(code for name in names if name for code in _codes(str(name))))
    title = re.sub("[《》]", " ", title)  # what a commentary is about stands in its title's title marks
    named = [m for m in find_regions(title) if m.kind == "region"]
    if codes := tuple(dict.fromkeys(m.code for m in named if not is_object(title, m))):
        return codes
    issuer = to_simplified(_one_line(meta.get("issuer") or meta.get("publisher")))
    if codes := tuple(dict.fromkeys(m.code for m in find_regions(issuer) if m.kind == "region")):
        return codes
    if _NATIONAL.search(title) or _NATIONAL.search(issuer):
        return ("CN",)
    counts = Counter(m.code for m in find_regions(text) if m.kind == "region" and m.code != "CN")
    if counts:
        code, most = counts.most_common(1)[0]
        if most >= 4 and most >= 0.6 * sum(counts.values()):
            return (code,)
    if tier in {"政策原文", "官方解读"} and _NATIONWIDE.search(text[:1500]) and not _LOCAL.search(text[:3000]):
        return ("CN",)
    return ()


def _codes(name: str) -> tuple[str, ...]:
    region = by_name(name)
    if region:
        return (region.code,)
    return tuple(m.code for m in find_regions(name)) or (name,)
