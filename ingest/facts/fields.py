"""Names and closed values of what may be stated of a document, in front matter, a sidecar file, a record or a label.

Other tools call the same facts by other names; ALIASES maps them to ours. A stated value of a closed list may also be
written as databases write it (现行 for 现行有效, 部门规章 for 规章).
"""

from collections.abc import Mapping
from typing import Any

LEVELS = ("国家", "省级", "市级", "县级")
DOC_TYPES = (
    "法律", "行政法规", "地方性法规", "规章", "规范性文件", "规划", "方案", "意见", "通知", "公告", "标准", "倡议",
    "报告", "解读", "新闻", "评论",
)  # fmt: skip
VALIDITIES = ("现行有效", "尚未施行", "已废止", "已被修订", "征求意见稿")
# Where a fact was found, as Source.found names it.
PLACES = ("前置信息", "旁置文件", "标题", "正文首部", "落款", "网页信息", "文件属性", "条文", "推断")

# date: the document's own (signed, passed, 成文); published: when a page showed it, used only where no own date is known.
FIELDS = frozenset((
    "title", "issuer", "publisher", "doc_number", "region", "date", "published", "effective", "repealed", "tier",
    "level", "doc_type", "validity", "url", "replaces", "amends", "source", "author",
    "collection", "collections",
))  # fmt: skip
ALIASES: Mapping[str, str] = {
    "标题": "title", "题名": "title", "文件名称": "title", "法规名称": "title", "name": "title",
    "发文机关": "issuer", "发文单位": "issuer", "发布机关": "issuer", "制定机关": "issuer", "机关": "issuer",
    "发布机构": "publisher", "发布单位": "publisher", "issuing_department": "publisher", "site": "publisher",
    "文号": "doc_number", "发文字号": "doc_number", "number": "doc_number", "document_number": "doc_number",
    "地区": "region", "地域": "region", "区域": "region", "regions": "region", "适用地区": "region",
    "日期": "date", "issued": "date", "成文日期": "date", "发文日期": "date", "印发日期": "date", "签发日期": "date",
    "issue_date": "date", "promulgated": "date",
    "发布日期": "published", "发布时间": "published", "公布日期": "published", "publish_date": "published",
    "publication_date": "published", "published_at": "published", "pubdate": "published", "pub_date": "published",
    "publish_time": "published", "release_date": "published",
    "施行日期": "effective", "实施日期": "effective", "生效日期": "effective", "effective_date": "effective",
    "废止日期": "repealed", "失效日期": "repealed", "有效期至": "repealed", "expires": "repealed", "expiry": "repealed",
    "来源层级": "tier", "来源类型": "tier", "source_tier": "tier",
    "层级": "level", "级别": "level", "发布层级": "level",
    "文种": "doc_type", "类型": "doc_type", "文件类型": "doc_type", "效力级别": "doc_type", "效力位阶": "doc_type",
    "效力": "validity", "时效性": "validity", "时效": "validity", "有效性": "validity", "效力状态": "validity",
    "网址": "url", "链接": "url", "原文链接": "url", "source_url": "url", "link": "url", "href": "url", "法规网址": "url",
    "废止文件": "replaces", "替代": "replaces", "同时废止": "replaces", "repeals": "replaces",
    "修改文件": "amends", "修订": "amends", "来源": "source", "作者": "author",
    "集合": "collection", "可入集合": "collections",
}  # fmt: skip
_VALUES: Mapping[str, Mapping[str, str]] = {
    "validity": {
        "有效": "现行有效", "现行": "现行有效", "生效": "现行有效", "已生效": "现行有效", "尚未生效": "尚未施行",
        "未生效": "尚未施行", "未施行": "尚未施行", "废止": "已废止", "失效": "已废止", "已失效": "已废止",
        "作废": "已废止", "已作废": "已废止", "已修改": "已被修订", "已修订": "已被修订", "被修改": "已被修订",
        "已被修改": "已被修订", "征求意见": "征求意见稿", "草案": "征求意见稿",
    },
    "level": {"全国": "国家", "国家级": "国家", "中央": "国家", "省": "省级", "市": "市级", "县": "县级", "区县": "县级", "区级": "县级"},
    "doc_type": {
        "部门规章": "规章", "地方政府规章": "规章", "部门规范性文件": "规范性文件", "地方规范性文件": "规范性文件",
        "行政规范性文件": "规范性文件", "国务院规范性文件": "规范性文件", "宪法": "法律", "命令": "规章",
    },
}  # fmt: skip
_CLOSED: Mapping[str, tuple[str, ...]] = {"level": LEVELS, "doc_type": DOC_TYPES, "validity": VALIDITIES}


def field_of(key: str) -> str:
    """Return our name of a fact that others call `key` (标题, publish_date); the key itself, in lower case, where unknown."""
    plain = key.strip().lower().replace("-", "_")
    return ALIASES.get(plain, plain)


def canonical(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts under our names. Where two keys mean one field, our own name wins, then the first."""
    named: dict[str, Any] = {}
    for key, value in facts.items():
        field = field_of(str(key))
        if field not in named or str(key).strip().lower() == field:
            named[field] = value
    return named


def closed_value(field: str, value: Any) -> str:
    """Return the stated value of "level", "doc_type" or "validity" as its list has it, "" where it is not of the list."""
    stated = str(value).strip() if value is not None else ""
    stated = _VALUES[field].get(stated, stated)
    return stated if stated in _CLOSED[field] else ""
