"""What is known of a document before its sentences are read: title, date, issuer, 文号, regions, tier.

Front matter wins; then what the page's own header states; then rules on title and first lines.
"""

import datetime
import re
from collections import Counter
from typing import Any

from ingest.regions import by_name, find_regions
from ingest.types import TIERS, Source, Tier

_DOC_NUMBER = re.compile(r"[一-龥]{1,14}[〔\[［（(【](?:19|20)\d{2}[〕\]］）)】]\s*第?\s*\d{1,5}\s*号")
_DATE = re.compile(r"((?:19|20)\d{2})\s*[-年./]\s*(\d{1,2})\s*(?:[-月./]\s*(\d{1,2})\s*日?)?")
_EFFECTIVE = re.compile(r"自\s*((?:19|20)\d{2})年(\d{1,2})月(\d{1,2})日起(?:施行|实施|执行|生效)")
_TIER_RULES: tuple[tuple[Tier, re.Pattern[str]], ...] = (
    ("官方解读", re.compile(r"解读|答记者问|问答|图解|一图读懂")),
    ("统计", re.compile(r"统计公报|统计年鉴|普查公报|主要数据公报")),
    ("政策原文", re.compile(r"(?:条例|办法|规定|细则|通知|意见|规划|纲要|方案|行动计划|决定|指引|指南|法|令|公告|倡议|工作报告)(?:$|[（(—《》]|的通知)")),
    ("智库", re.compile(r"白皮书|研究报告|发展报告|蓝皮书|评估报告")),
)  # fmt: skip
_ISSUER = re.compile(
    r"^(?P<issuer>(?:[一-龥]{2,20}(?:人民政府|人民代表大会(?:常务委员会)?|委员会|部|厅|局|办公室|办公厅|院|总局))+)(?:关于|印发|令|文件|$)"
)
_NATIONAL = re.compile(r"中华人民共和国|^国务院|^全国")


def make_source(path: str, sha256: str, text: str, title: str, meta: dict[str, Any], notes: tuple[str, ...]) -> Source:
    """Return the Source of a cleaned text; `meta` holds front matter and page-header fields, `notes` what cleaning did."""
    title = _one_line(meta.get("title")) or title
    head = text[:1500]
    tier = _tier(meta, title, head, notes)
    number = _DOC_NUMBER.search(_one_line(meta.get("doc_number"))) or _DOC_NUMBER.search(head)
    return Source(
        path=path,
        sha256=sha256,
        title=title,
        issuer=_one_line(meta.get("issuer") or meta.get("publisher")) or _issuer(title, tier),
        doc_number=re.sub(r"\s", "", number[0]) if number else "",
        regions=_regions(meta, title, text, tier),
        issued=_iso(meta.get("date") or meta.get("issued")) or (_iso(head) if tier == "政策原文" else ""),
        effective=_iso(meta.get("effective")) or _effective(text),
        repealed=_iso(meta.get("repealed")),
        tier=tier,
        repairs=notes,
    )


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())[:300] if value is not None else ""


def _iso(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    match = _DATE.search(str(value)) if value is not None else None
    if not match:
        bare = re.fullmatch(r"\s*((?:19|20)\d{2})\s*", str(value)) if value is not None else None
        return bare[1] if bare else ""
    month, day = int(match[2]), int(match[3] or 0)
    if not 1 <= month <= 12 or day > 31:
        return ""
    return f"{match[1]}-{month:02d}" + (f"-{day:02d}" if day else "")


def _effective(text: str) -> str:
    found = [m for m in _EFFECTIVE.finditer(text)]
    return f"{found[-1][1]}-{int(found[-1][2]):02d}-{int(found[-1][3]):02d}" if found else ""


def _tier(meta: dict[str, Any], title: str, head: str, notes: tuple[str, ...]) -> Tier:
    stated = _one_line(meta.get("tier"))
    for tier in TIERS:
        if stated == tier:
            return tier
    if "self-media-disclaimer" in notes:
        return "自媒体"
    for tier, pattern in _TIER_RULES:
        if pattern.search(title):
            return tier
    return "政策原文" if _DOC_NUMBER.search(head[:400]) else "未知"


def _issuer(title: str, tier: Tier) -> str:
    match = _ISSUER.match(title) if tier == "政策原文" else None
    return match["issuer"] if match else ""


def _regions(meta: dict[str, Any], title: str, text: str, tier: Tier) -> tuple[str, ...]:
    stated = meta.get("region") or meta.get("regions")
    if stated:
        names = stated if isinstance(stated, list) else re.split(r"[,，、;；\s]+", str(stated))
        return tuple(dict.fromkeys(code for name in names if name for code in _codes(str(name))))
    if codes := tuple(dict.fromkeys(m.code for m in find_regions(title) if m.kind == "region")):
        return codes
    issuers = find_regions(_one_line(meta.get("issuer") or meta.get("publisher")))
    if issuers:
        return tuple(dict.fromkeys(m.code for m in issuers if m.kind == "region"))
    if _NATIONAL.search(title) or (tier == "政策原文" and re.search(r"各省、自治区、直辖市", text[:1500])):
        return ("CN",)
    counts = Counter(m.code for m in find_regions(text) if m.kind == "region" and m.code != "CN")
    if counts:
        code, most = counts.most_common(1)[0]
        if most >= 4 and most >= 0.6 * sum(counts.values()):
            return (code,)
    return ()


def _codes(name: str) -> tuple[str, ...]:
    region = by_name(name)
    if region:
        return (region.code,)
    return tuple(m.code for m in find_regions(name)) or (name,)
