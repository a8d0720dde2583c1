"""What kind of document it is: the tier of its source (who speaks) and its type (which kind of paper). Pure."""

import re

from ingest.types import Tier

_NOTICE_END = r"(?:$|[（(—《》]|的(?:通知|公告|通告|决定|公示)|\s*\d*$)"
_NAMES_RULE = r"(?:条例|办法|规定|细则|规则|通知|通告|意见|规划|纲要|方案|计划|决定|决议|指引|指南|(?<![方做想看算说书用手写打])法|令|公告|倡议|工作报告|工作要点|若干措施|政策措施|若干政策|批复)"
_TIERS: tuple[tuple[Tier, re.Pattern[str]], ...] = (
    ("官方解读", re.compile(r"解读|答记者问|问答|图解|一图(?:读懂|速览|看懂|了解)|有关负责人就")),
    ("统计", re.compile(r"统计公报|统计年鉴|普查公报|主要数据公报")),
    ("政策原文", re.compile(_NAMES_RULE + _NOTICE_END)),
    ("智库", re.compile(r"白皮书|研究报告|发展报告|蓝皮书|评估报告|调查报告|指数报告")),
)  # fmt: skip
# 某办发布《某规定》: news of a rule, not the rule. 某办印发《某方案》的通知 is one.
_NEWS = re.compile(
    r"(?<!关于)(?:发布|公布|印发|出台|制定)(?:了)?《[^》]+》\s*$|《[^》]+》[^》]{0,20}(?:获批)?(?:正式)?(?:发布|印发|出台|实施|施行)\s*$"
)
_EXPLAINS = _TIERS[0][1]
# The last word of a name says what paper it is: 城市规划区地下空间管理办法 is a rule, no plan.
_TYPES = re.compile(
    r"(?P<标准>国家标准|行业标准|地方标准|团体标准|技术要求|技术规范)|(?P<倡议>倡议书?)|(?P<规划>规划|纲要|(?:健身|发展|五年|专项)计划|愿景)"
    r"|(?P<方案>方案|行动计划|工作计划|工作要点|三年行动|专项行动)|(?P<意见>意见)"
    r"|(?P<规范性文件>办法|规定|细则|规则|指引|指南|措施|政策|准则|规范|章程|目录|清单|命令)|(?P<通知>通知)|(?P<公告>公告|通告)"
    r"|(?P<规范性文件_>决定|决议|批复)"
)
_RULE = re.compile(r"(?:办法|规定|细则|规则)$")
_OWN_NAME = re.compile(r"制定本(法|条例|办法|规定|细则)")
_BY_MEETING = re.compile(r"[室部局厅委署]务(?:会议?){1,2}[^。，；]{0,4}通过")


def tier_of(
    stated: str, title: str, numbered: bool, is_self_media: bool, is_digest: bool, is_official_page: bool
) -> Tier:
    """Tier of a source: as stated, else by signs of self-media and digests, by title, by its number, else 未知.

    News of a rule's release is an official explanation where an official page tells it, else it is media.
    """
    from ingest.types import TIERS

    for tier in TIERS:
        if stated == tier:
            return tier
    if is_self_media:
        return "自媒体"
    if is_digest:
        return "未知"
    if _NEWS.search(title):
        return "官方解读" if is_official_page else "媒体"
    for tier, pattern in _TIERS:
        if pattern.search(title):
            return tier
    return "政策原文" if numbered else "未知"


def doc_type_of(title: str, issuer: str, number: str, tier: Tier, level: str, head: str = "") -> str:
    """Type of a document by the name of the paper that it is or encloses (关于印发…规划的通知 is a plan), "" if unknown."""
    if tier in {"媒体", "自媒体", "未知"}:
        return {"媒体": "新闻", "自媒体": "评论"}.get(tier, "")
    if _NEWS.search(title):
        return "新闻"
    if _EXPLAINS.search(title):
        return "解读"
    if tier in {"统计", "智库"} or re.search(r"报告(?:$|[（(])", title):
        return "报告"
    enclosed = re.search(r"(?:印发|转发|批转)(?:《|关于)?(.+?)》?(?:的(?:通知|公告))?$", title)
    name = re.sub(r"[（(][^（）()]*[)）]", "", enclosed[1] if enclosed else title).strip("《》 ")
    if not _TYPES.search(name) and (own := _OWN_NAME.search(head)):
        name = own[1]  # a file's name for a title
    if name.endswith("条例") or re.search(r"(?<![办方做用想看算说书手写打])法$", name):
        return _statute(name, issuer, level)
    if tier != "政策原文":
        return ""
    if _RULE.search(name) and not enclosed and (re.search("令第|字第", number) or _BY_MEETING.search(head)):
        return "规章"
    if re.match(r"(?:GB|YD|DB\d)", number):
        return "标准"
    kinds = [match.lastgroup or "" for match in _TYPES.finditer(name)]
    return kinds[-1].rstrip("_") if kinds else "规范性文件"


def _statute(name: str, issuer: str, level: str) -> str:
    if name.endswith("法"):
        return "法律"
    if level in {"省级", "市级"} or "人民代表大会" in issuer:
        return "地方性法规"
    return "行政法规" if level in {"国家", ""} else "规范性文件"
