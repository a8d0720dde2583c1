"""Which regions a document is about: as stated, by its title, its issuer, its address, or what it mostly speaks of. Pure."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingest.facts.issuers import is_national
from ingest.facts.owners import is_object
from ingest.facts.regions import NATION, by_name, find_regions
from ingest.types import Tier

_HOSTS = Path(__file__).parent / "data" / "hosts.tsv"
# What only rules for the whole country say of themselves at their head.
_NATIONWIDE = re.compile(
    r"各省、自治区、直辖市|国务院令|国务院总理|国家(?:互联网信息办公室|发展和?改革委)|中央网信办|根据《中华人民共和国"
)
_LOCAL = re.compile(r"结合[本我](?:省|市|区|自治区|县)实际")
_TAIWAN = re.compile(r"中华民国\s*[\d一二三四五六七八九十百]|行政院|总统华总")
_OWN_LAW = frozenset(("710000", "810000", "820000"))
_HEAD = 1500


def named_regions(stated: Any) -> tuple[str, ...]:
    """Codes of the regions that are stated by name or code, in a list or one string; what has no code stays as written."""
    names = stated if isinstance(stated, (list, tuple)) else re.split(r"[,，、;；\s]+", str(stated or ""))
    return tuple(dict.fromkeys(code for name in names if name for code in _codes(str(name))))


def _codes(name: str) -> tuple[str, ...]:
    region = by_name(name)
    if region:
        return (region.code,)
    return tuple(m.code for m in find_regions(name)) or (name,)


def regions_of(title: str, text: str, tier: Tier, issuer: str, url: str) -> tuple[tuple[str, ...], str]:
    """Return (codes, where they were found) of a document in simplified characters; ((), "") where nothing tells."""
    host = region_of_host(url)
    if host in _OWN_LAW or (tier == "政策原文" and _TAIWAN.search(text[:_HEAD])):
        return (host or "710000",), "网页信息" if host else "正文首部"
    title = re.sub("[《》]", " ", title)  # what a commentary is about stands in its title's title marks
    named = [m for m in find_regions(title) if m.kind == "region"]
    if codes := tuple(dict.fromkeys(m.code for m in named if not is_object(title, m))):
        return codes, "标题"
    if codes := tuple(dict.fromkeys(m.code for m in find_regions(issuer) if m.kind == "region")):
        return codes, "推断"
    if is_national(title) or is_national(issuer):
        return (NATION,), "推断"
    counts = Counter(m.code for m in find_regions(text) if m.kind == "region" and m.code != NATION)
    code, most = counts.most_common(1)[0] if counts else ("", 0)
    if most >= 4 and most >= 0.6 * sum(counts.values()):
        return (code,), "推断"
    if tier in {"政策原文", "官方解读"} and _NATIONWIDE.search(text[:_HEAD]) and not _LOCAL.search(text[:3000]):
        return (NATION,), "正文首部"
    return ((host,), "网页信息") if host and tier not in {"媒体", "自媒体"} else ((), "")


def region_of_host(url: str) -> str:
    """Code of the region whose government runs an address (*.gov.cn, *.gov.tw ...), CN for central bodies; "" for others."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    table = _hosts()
    labels = host.split(".")
    for at in range(len(labels)):
        if code := table.get(".".join(labels[at:])):
            return code
    if host == "gov.cn":
        return NATION
    if host.endswith(".gov.cn") and len(labels) >= 3:
        city = by_name(re.sub("[^a-z]", "", labels[-3]))
        return city.code if city and city.level in ("province", "city") else ""
    return ""


@cache
def _hosts() -> dict[str, str]:
    lines = _HOSTS.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines if line)
