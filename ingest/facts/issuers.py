"""Who issued an official text, and at which level of government. Simplified text, arabic dates. Pure."""

import re

from ingest.facts.dates import Signature
from ingest.facts.doc_number import find_order
from ingest.facts.regions import NATION, by_name, find_regions, region
from ingest.types import Tier

_BODY = (
    r"(?:中共)?(?:(?!转发|批转|印发|关于|等[一二三四五六七八九十]*个?部门)[一-龥]){2,24}?(?:人民政府(?:办公厅|办公室)?|人民代表大会(?:常务委员会)?|人民法院|人民检察院|委员会(?:办公厅|办公室|秘书局)?|国务院(?:办公厅)?"
    r"|部(?:办公厅)?|厅|局(?:办公厅|办公室)?|办公室(?:秘书局)?|办公厅|网信办(?:秘书局)?|总局(?:办公厅)?|发展改革委|委|总署|署|银行|总工会|院)"
)
# Bodies are taken as they come, without going back: a title of three hundred 部 must not take for ever.
_TITLE = re.compile(
    rf"^(?P<issuer>(?>国务院(?:办公厅)?|中共中央(?:办公厅)?|{_BODY})(?:[\s、，,]*+(?>国务院(?:办公厅)?|{_BODY}))*+(?:等[\d一二三四五六七八九十]*个?部门(?:办公厅)?)?)"
    r"\s*(?:关于|联?合?印发|转发|批转|令|文件|通告|通知|命令|公告|$|(?:19|20)\d{2}年)"
)
# A notice's first lines: bodies, then 关于印发…的通知, where the page has a title of its own above.
_NOTICE = re.compile(
    rf"(?m)^[ \t　]*+(?P<issuer>(?>{_BODY})(?:[ \t　、]*+(?>{_BODY}))*+)[ \t　]*\n?[ \t　]*关于[^。\n]{{2,80}}的(?:通知|意见|公告|通告|决定)[ \t　]*$"
)
_ASSEMBLY = re.compile(
    r"(?P<where>[一-龥]{0,10}?)第[一二三四五六七八九十]+届(?P<nation>全国)?(?P<body>人民代表大会(?:常务委员会)?)"
    r"第[一二三四五六七八九十]+次会议(?:通过|修订|审议|[^。；\n]{0,40}?修[订正])"
)
_MEETING = re.compile(
    rf"(?<=日)\s*(?P<issuer>(?:国务院|{_BODY}))\s*(?:(?:19|20)\d{{2}}年)?(?:十?[一二三四五六七八九十]+届)?第?\s*[\d一二三四五六七八九十]+\s*次"
    r"[^。；，\n]{0,8}会(?:议)?[^。；，\n]{0,8}(?:通过|修订)"
)
# 政府工作报告: the premier speaks for the State Council, a governor for the government of the place.
_REPORTED = re.compile(
    r"日在(?P<where>[一-龥]{0,10}?)第[一二三四五六七八九十]+届(?P<nation>全国)?(?:[一-龥]{2,10}?)?人民代表大会第[^\n]{1,6}次会议上"
)
_NATIONAL = re.compile(
    r"中华人民共和国|^(?:国务院|全国(?:人民代表|人大|政协)|国家|中共中央|中央|最高人民|工业和信息化部|工信部|科学技术部|科技部|财政部|教育部"
    r"|人力资源和?社会保障部|商务部|公安部|司法部|民政部|外交部|交通运输部|农业农村部|自然资源部|生态环境部|住房和?城乡建设部|水利部|应急管理部"
    r"|文化和旅游部|审计署|海关总署|中国人民银行|中国气象局|中国科学院|市场监管总局|[一-龥]{2,8}总局)"
)
# 天河区, 浦东新区, 昆山市: below the city level. 开发区, 新城区 and 自治区 are no districts.
_DISTRICT = re.compile(
    r"[一-龥]{1,6}?(?:(?<!开发)(?<!高新)(?<!技术)(?<!合作)(?<!保税)(?<!试验)(?<!示范)(?<!产业)(?<!功能)(?<!工业)(?<!园)(?<!景)(?<!自治)(?<!特)(?<!社)(?<!地)(?<!库)(?<!辖)(?<!专)(?<!军)"
    r"(?<!管理)区|县|自治县|旗|林区)(?![域位间块划])"
)
_COUNTY = re.compile(r"[一-龥]{1,6}(?:区|县|旗)(?:人民政府|人民代表大会|[一-龥]{2,10}局)")
_OWN_LAW = frozenset(("710000", "810000", "820000"))  # their bodies are called 国家… or 行政院 and are not the nation's
_SMALL_CITY = re.compile(r"^(?P<name>[一-龥]{2,4}市)(?:人民政府|[一-龥]{2,10}局|[一-龥]{0,6}委)")


def find_issuer(title: str, head: str, signature: Signature | None) -> tuple[str, str]:
    """Return (bodies joined by 、, where they were found) of an official text; ("", "") where it names none.

    In this order: the order that opens it (某部令第1号), its title, its notice's head, the assembly or meeting that
    passed it, the session at which it was read, its signature.
    """
    if ordered_by := find_order(head)[1]:
        return "、".join(ordered_by), "正文首部"
    if match := _TITLE.match(title):
        return _listed(match["issuer"]), "标题"
    if match := _NOTICE.search(head[:800]):
        return _listed(match["issuer"]), "正文首部"
    if passed := list(_ASSEMBLY.finditer(head[:800])):
        last = passed[-1]
        return f"{last['where'].removeprefix('日')}{last['nation'] or ''}{last['body']}", "正文首部"
    if met := _MEETING.search(head[:800]):
        return re.sub(r"^[一二三四五六七八九十]+届", "", met["issuer"]), "正文首部"
    if "政府工作报告" in title and (read := _REPORTED.search(head[:600])):
        return ("国务院" if read["nation"] else f"{read['where']}人民政府"), "正文首部"
    if signature and signature.bodies:
        return "、".join(signature.bodies), "落款"
    return "", ""


def _listed(bodies: str) -> str:
    return re.sub(r"[\s、，,]+", "、", bodies.strip())


def is_enacted(head: str) -> bool:
    """Tell whether a text opens as an enacted one: an order, or a session that passed it, and then 第一条."""
    return "第一条" in head and bool(find_order(head)[0] or _ASSEMBLY.search(head[:600]))


def is_national(name: str) -> bool:
    """Tell whether a body's name, or a title that opens with one, is of the nation as a whole."""
    return bool(_NATIONAL.search(name))


def level_of(issuer: str, title: str, regions: tuple[str, ...], tier: Tier) -> tuple[str, str]:
    """Return (国家, 省级, 市级, 县级 or "", where it was found): of the first body that issued an official text.

    What neither issuer nor title shows is taken from the one region that the text is about. Texts of others have none.
    """
    if tier in {"媒体", "自媒体", "未知"} or (tier == "智库" and not regions):
        return "", ""
    if regions and regions[0] in _OWN_LAW:
        return "省级", "推断"
    first = issuer.split("、")[0]
    if level := _level(first) or _level_of_title(re.sub("[《》]", " ", title)):
        return level, "推断"
    if len(regions) == 1 and by_name(regions[0]):
        return _rank(regions[0]), "推断"
    return "", ""


def _rank(code: str) -> str:
    """Level of a region: by GB/T 2260 the last two digits number what is below a city (320583 昆山)."""
    level = {"nation": "国家", "province": "省级", "city": "市级"}.get(region(code).level, "")
    return "县级" if level == "市级" and code.isdigit() and not code.endswith("00") else level


def _level_of_title(title: str) -> str:
    """A title tells the level where it opens with a place or a body."""
    places = find_regions(title[:12])
    if _TITLE.match(title) or (places and places[0].start == 0):
        return _level(title)
    return ""


def _level(name: str) -> str:
    places = [m for m in find_regions(name[:40]) if m.kind == "region" and m.code != NATION]
    if places and places[0].start <= 2:
        last = places[0]
        for place in places[1:]:  # 贵州省贵阳市
            last = place if place.start == last.end else last
        if _DISTRICT.match(name[last.end :].removeprefix("市")):
            return "县级"
        return _rank(last.code)
    if _NATIONAL.search(name):
        return "国家"
    small = _SMALL_CITY.match(name)
    if (small and not by_name(small["name"])) or _COUNTY.match(name):
        return "县级"
    return ""
