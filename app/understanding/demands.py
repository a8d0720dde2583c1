"""What a question demands of its sources: 只看政策原文, 2024年印发的文件, 仅依据贵州的资料. A place or year merely named demands nothing."""

import re

from app.types import Demands
from ingest.facts.regions import find_regions
from ingest.lexical import normalise
from ingest.types import Tier

_PAPER = r"(?:文件|法规|法律|政策|办法|条例|规定|意见|通知|方案|规划|细则|资料|材料|报告|公告|决定|措施|计划|标准|指南|指引|纲要|文章|文本|原文|解读|文献)"
_TIERS: tuple[tuple[str, tuple[Tier, ...]], ...] = (
    (r"自媒体|公众号", ("自媒体",)),
    (r"媒体(?:报道|文章)?|新闻报道|\b(?:news|media) (?:reports?|articles?|coverage)\b", ("媒体",)),
    (r"智库(?:报告|研究)?|研究报告|\bthink[- ]tanks?(?: reports?)?\b", ("智库",)),
    (r"官方(?:的)?(?:政策)?解读|政策解读|\bofficial interpretations?\b", ("官方解读",)),
    (r"统计(?:公报|数据|资料|局)|\bofficial statistics\b", ("统计",)),
    (r"(?:官方|政府|政策)(?:的)?(?:政策)?(?:原文|文件|文本)|法规原文|法律原文|法律法规|红头文件"
     r"|\bofficial (?:policy )?(?:texts?|documents?|sources?)\b|\bpolicy (?:texts?|documents?)\b", ("政策原文",)),
)  # fmt: skip
# An order to whoever answers. 仅限于 alone is not one: 补贴是否仅限于广东企业 asks what a text says.
_ORDER = re.compile(
    r"(?:请)?(?:只|仅)(?:需|要|能|可以?)?(?:看|查|从|据|根据|依据|按|参考|用|引用|考虑|检索|搜索?|基于)(?P<what>[^，,。；;：:？?！!]{1,24})"
    rf"|(?:仅限|限|局限)于?(?P<limit>[^，,。；;：:？?！!]{{0,16}}{_PAPER})"
    r"|\b(?:only (?:use|look at|consider|cite|search|in|from)|(?:use|cite|consider|search) only|limit(?:ed)? to|based only on)\b(?P<english>[^,.;:?!]{1,60})",
    re.I,
)
_INSIDE = re.compile(
    rf"(?:在|从)(?P<what>[^，,。；;：:？?！!在从]{{2,16}}{_PAPER}|[^，,。；;：:？?！!在从]{{2,12}}解读)(?:之?中|里面?|当中)"
)
_SINCE = r"(?P<since>以来|以后|之后|起|后)?"
_DATED = re.compile(
    rf"(?P<year>(?:19|20)\d{{2}})年(?:\d{{1,2}}月)?{_SINCE}(?:新|正式)?"
    rf"(?:(?:印发|颁布|下发|发文)(?:的|过)|(?:发布|公布|出台|制定|通过)(?:的|过)(?=[^，,。；;？?的]{{0,14}}{_PAPER}))"
    r"|(?P<plain>(?:19|20)\d{2})年度?的?(?:政策)?(?:文件|资料|文献)(?:之?中|里面?|当中)"
    r"|\b(?:documents?|polic(?:y|ies)|regulations?|measures|notices?|plans?|rules|laws?) (?:that were |that was |which were )?"
    r"(?:issued|published|released|promulgated) (?P<after>in|since|after) (?P<english>(?:19|20)\d{2})\b",
    re.I,
)  # fmt: skip


def find_demands(text: str) -> tuple[Demands, str]:
    """Return what a question demands of its sources, and its text without the words that only say so.

    Regions stay in the text: they are asked about as well.
    """
    plain = normalise(text)
    issued, tiers, regions = None, list[Tier](), list[str]()
    if dated := _DATED.search(plain):
        year = int(dated["year"] or dated["plain"] or dated["english"])
        onwards = bool(dated["since"]) or (dated["after"] or "").lower() in {"since", "after"}
        issued = (year, 9999 if onwards else year)
        text = _blank(text, *dated.span())
    for form in (_ORDER, _INSIDE):
        for match in form.finditer(plain):
            what = next(group for group in match.groups() if group is not None)
            start = match.end() - len(match[0]) + match[0].index(what)
            own = [(tier, found.span()) for pattern, tier in _TIERS if (found := re.search(pattern, what, re.I))][:1]
            places = [mention.code for mention in find_regions(what)]
            if form is _INSIDE and not own and not re.search(r"(?:文件|资料|材料|文献|文本)$", what):
                places = []  # 在广东的规划中: one text's matter
            tiers += [tier for held, _ in own for tier in held]
            regions += places
            if own:
                text = _blank(text, start + own[0][1][0], start + own[0][1][1])
            if own or places:
                text = _blank(text, match.start(), start)
    return Demands(tuple(dict.fromkeys(tiers)), tuple(dict.fromkeys(regions)), issued), text


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
