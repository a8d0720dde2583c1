"""Measured nouns (利用率, 占比, 规模 ...) and what counts as the same noun in a question and in a figure."""

import re

from ingest.lexical import cut

# One line a measure: words that name the same thing. Those that only sound alike stay apart (上架率 is not 利用率).
_SAME: tuple[tuple[str, ...], ...] = (
    ("利用率", "使用率", "利用水平", "利用情况", "使用情况", "用得怎么样", "用得如何", "用得咋样", "用满"),
    ("上架率",),
    ("市场占有率", "市占率", "市场份额", "占有率"),
    ("占比", "比重", "比例", "份额", "所占"),
    ("规模", "总量", "体量"),
    ("营收", "营业收入", "收入"),
    ("增速", "增长率", "增幅", "增长速度"),
    ("薪资", "工资", "薪酬", "年薪", "待遇", "月薪"),
    ("缺口", "短缺"),
    ("供求比例", "供求比", "供需比", "供需比例"),
    ("数量", "家数", "个数", "总数", "多少家", "几家", "几分之一", "几分之几"),
    ("投资", "投入", "投资额", "资金", "花费", "砸"),
    ("机架", "机架数", "机架规模", "标准机架"),
    ("准确率", "精确率", "正确率"),
    ("误检率", "误报率"),
    ("产值", "总产值"),
    ("增加值",),
    ("成本", "费用"),
    ("培养周期", "周期"),
    ("停机时间", "停机"),
    ("补贴", "补助", "奖励", "资助", "给多少", "补多少", "奖多少", "得多少钱", "领多少", "拿多少", "报销"),
    ("差距",),
    ("人数",),
    ("PUE", "电能利用效率"),
    ("罚款", "罚金", "罚多少", "怎么罚", "处罚"),
    ("期限", "时限"),
)
_CANONICAL = {word: same[0] for same in _SAME for word in same}
_KNOWN = re.compile(
    r"(?<!个)人数(?!据)|(?<![这那一整])个数(?![字据值])|(?<!小)规模(?!以[上下]|化)|"
    + "|".join(sorted((re.escape(w) for w in _CANONICAL if w not in {"人数", "个数", "规模"}), key=len, reverse=True))
)
_RATE = re.compile(r"(?:(?!的|与|和|(?<!普)及)[一-龥]){1,4}率(?!先|领|真|性|直|土)")
# A rate of what has a capacity; of data or money they are no measure (使用情况的台账).
_HOW_USED = frozenset(("利用情况", "使用情况"))
_CAPACITY = re.compile(r"算力|中心|机房|机架|机柜|服务器|集群|产能|设备|网络|园区")
_SHORT_RATE = re.compile(r"[税利汇费比效功速]率$")  # 增值税税率 is 税率, 失业率 is 失业率
# What computing capacity stands in: a question on 算力 is answered by a figure on 数据中心 (and says so).
_RELATED: tuple[frozenset[str], ...] = (
    frozenset(("算力", "数据中心", "算力中心", "智算中心", "计算中心", "机房")),
    frozenset(("ai", "人工智能", "智能")),
    frozenset(("企业", "公司", "厂商")),
    frozenset(("岗位", "技术岗", "职位")),
    frozenset(("高校", "大学", "院校")),
    frozenset(("投资", "投入", "砸", "花", "资金", "投", "投了")),
    frozenset(("省份", "省市区", "省区", "省区市", "地区")),
    frozenset(("占有率", "份额", "市占率", "市场占有率")),
    frozenset(("薪资", "工资", "薪酬", "收入", "薪水")),
    frozenset(("营收", "收入", "营业收入")),
    frozenset(("失败", "终止", "停滞", "流产", "闲置")),
    frozenset(("原因", "因为", "由于", "缺乏", "导致")),
    frozenset(("风险", "隐患", "问题", "困境", "挑战", "短板", "瓶颈", "弱点")),
    frozenset(("优势", "特色", "亮点", "长处")),
    frozenset(("路线", "布局", "战略", "策略", "路径", "打法", "方向", "重点")),
    frozenset(("施行", "生效", "实施", "起施行")),
    frozenset(("车企", "汽车", "汽车企业")),
    # How people say what texts call otherwise.
    frozenset(("房租", "租金")),
    frozenset(("报销", "补贴", "补助", "资助")),
    frozenset(("存", "留存", "保存", "存储", "存放")),
    frozenset(("卖", "销售", "出售", "转让")),
    frozenset(("房子", "房屋", "不动产")),
    frozenset(("gdp", "国内生产总值", "地区生产总值")),
    frozenset(("实名", "实名制", "真实身份")),
    frozenset(("小孩", "孩子", "未成年人", "儿童", "青少年")),
    frozenset(("上网日志", "网络日志")),
)


def head_spans(text: str) -> list[tuple[int, int, str]]:
    """Measured nouns in `text` as (start, end, canonical noun), in order."""
    used = bool(_CAPACITY.search(text))
    found = [(m.start(), m.end(), _CANONICAL[m[0]]) for m in _KNOWN.finditer(text) if used or m[0] not in _HOW_USED]
    taken = [(start, end) for start, end, _ in found]
    for match in _RATE.finditer(text):
        if not any(match.start() < end and start < match.end() for start, end in taken):
            start = match.end() - _length_of_rate(match[0])
            found.append((start, match.end(), text[start : match.end()]))
    return sorted(found)


def _length_of_rate(run: str) -> int:
    """Characters of the rate's own name at the end of a run that ends with 率: 城镇化率, but 失业率 of 登记失业率."""
    if _SHORT_RATE.search(run):
        return 2
    last = cut(run)[-2:]
    return min(len(run), max(3, len("".join(last)) if last[-1] == "率" else len(last[-1])))


def find_heads(text: str) -> tuple[str, ...]:
    """Canonical measured nouns named in `text`, in order, without repeats."""
    return tuple(dict.fromkeys(head for _, _, head in head_spans(text)))


def names_head(text: str, head: str) -> bool:
    """Whether `text` names the measure `head`, in any of its words."""
    return head in find_heads(text) or head in text


def related(word: str) -> frozenset[str]:
    """Return the words that stand for `word` when evidence is looked for, itself included."""
    lower = word.lower()
    return frozenset((lower,)).union(*(group for group in _RELATED if lower in group))


MEASURE_WORDS: tuple[str, ...] = tuple(_CANONICAL)
