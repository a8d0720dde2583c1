"""Correct answer sentences with the source sentence that each rests on, and operators that make them wrong."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from app.types import Evidence, Hit
from ingest.prepare import prepare_document

CORPUS = Path(__file__).resolve().parent.parent / "eval" / "suites" / "sample" / "corpus"


@cache
def all_evidence() -> tuple[Evidence, ...]:
    """Every sentence of the sample corpus as evidence; read from the files, without a store or a model."""
    found = []
    for path in sorted(CORPUS.glob("*.md")):
        document, chunks = prepare_document(path, path.name)
        for chunk in chunks:
            hit = Hit(chunk, np.zeros((len(chunk.sentences), 1), np.float16), document.source, 0.0, 0.0, 0.0)
            found += [Evidence(hit, sentence, 0.0, 0.0, 0.0) for sentence in chunk.sentences]
    return tuple(found)


def evidence(part: str) -> Evidence:
    """The one sentence (the first, by file) that holds `part`."""
    return next(e for e in all_evidence() if part in e.text)


@dataclass(frozen=True)
class Case:
    text: str  # a correct sentence, as a model would write it
    source: str  # part of the sentence cited
    question: str


CASES = tuple(
    Case(*row)
    for row in (
        ("贵州规划的数据中心机架超30万个。", "机架超30万个", "贵州规划了多少机架"),
        ("2025年国内数据中心的平均利用率约65%。", "机架超30万个", "贵州算力利用率如何"),
        ("2025年全国数据中心平均利用率约65%。", "从全国范围看，2025年", "全国数据中心利用率"),
        ("2025年，贵州算力产业的规模突破120亿元。", "突破120亿元", "贵州算力产业规模"),
        ("贵州算力产业中，场景化服务的占比达40%。", "突破120亿元", "贵州场景化服务占比"),
        ("某家电企业单厂每年省下的人力成本超200万元。", "超200万元", "广东有哪些企业案例"),
        ("某家电企业的误检率由3%降至0.1%。", "误检率由3%", "广东有哪些企业案例"),
        ("某汽车零部件企业的故障预警准确率提升到85%。", "提升到85%", "广东有哪些企业案例"),
        ("某汽车零部件企业的停机时间缩短40%。", "提升到85%", "广东有哪些企业案例"),
        ("湖南AI企业的数量不足广东的1/8。", "不足广东的1/8", "湖南有多少AI企业"),
        ("2025年一季度，合肥与量子科技相关的产业营收为10.1亿元。", "10.1亿元", "合肥量子营收"),
        ("合肥在这一细分领域的市场占有率超过20%。", "超过20%", "合肥市场占有率"),
        ("某北方省份为建设算力中心和研发大模型投入500亿。", "并为此投入500亿", "北方省份投入多少"),
        ("某北方省份算力中心的利用率不足35%。", "利用率不足35%", "北方省份算力中心利用率"),
        ("2025年国内AI人才的缺口已突破500万。", "缺口已突破500万", "AI人才缺口"),
        ("国内AI人才供给与需求之比为1:10。", "缺口已突破500万", "AI人才供求比例"),
        ("国内算法工程师岗位的增速达44%。", "缺口已突破500万", "算法工程师岗位增速"),
        ("近五年来，新设人工智能专业的高校超400所。", "超400所", "新设人工智能专业的高校"),
        ("人才培养的周期至少4年。", "至少4年", "人才培养周期"),
        ("广东和浙江AI技术岗的平均薪资比中西部地区高30%至50%。", "高30%至50%", "广东薪资比中西部高多少"),
        ("全国已有23个省市区出台了AI相关政策。", "23个省市区", "多少个省出台了AI政策"),
        ("超过十五个省份把AI列为重点产业。", "超过十五个省份", "多少省份把AI列为重点产业"),
        ("顶层设计提出，2025年要初步建立跨区域的数据共享机制。", "跨区域的数据共享机制", "何时建立数据共享机制"),
    )
)

# Correct sentences in other words: none of them may be called unsupported.
PARAPHRASES = tuple(
    Case(*row)
    for row in (
        ("贵州计划建设的机架数量超过30万个。", "机架超30万个", "贵州规划了多少机架"),
        ("就全国而言，2025年数据中心平均利用率在65%左右。", "从全国范围看，2025年", "全国数据中心利用率"),
        ("资料未披露贵州的利用率，全国平均约65%，不是贵州自身的数字。", "从全国范围看，2025年", "贵州算力利用率如何"),
        ("2025年贵州算力产业规模超过120亿元，场景化服务占到40%。", "突破120亿元", "贵州算力产业规模"),
        ("误检率从3%降到0.1%。", "误检率由3%", "某家电企业误检率"),
        ("湖南AI企业数量不到广东的八分之一。", "不足广东的1/8", "湖南有多少AI企业"),
        ("合肥量子科技产业2025年第一季度营收10.1亿元。", "10.1亿元", "合肥量子营收"),
        ("该省投入500亿元建设算力中心。", "并为此投入500亿", "某北方省份投入多少"),
        ("国内AI人才缺口超过500万。", "缺口已突破500万", "AI人才缺口"),
        ("粤浙两省AI技术岗平均薪资比中西部高三成至五成。", "高30%至50%", "广东薪资比中西部高多少"),
        ("贵州把算力外包与行业解决方案结合起来。", "把算力外包和行业解决方案", "贵州的做法"),
        ("浙江用全省优质临床病例建成智能诊疗系统。", "该省把全省优质的临床病例", "浙江的数据做法"),
        ("湖北的核心算法依靠外部供应。", "核心算法要靠外部供应", "湖北的短板"),
        ("深圳把AI与无人机、智能终端结合起来。", "推动AI同无人机", "深圳的做法"),
        ("合肥选择“量子AI”这一细分赛道，避开了与其他省份的竞争。", "合肥选择“量子AI”", "合肥的做法"),
        ("中部省份用百万年薪聘请算法专家，但招来的人很少。", "中部省份拿出百万年薪", "中部人才困境"),
        ("大模型研发因缺失核心技术而中途终止。", "被迫中途终止", "某北方省份为什么失败"),
        (
            "In 2025 the national average utilization of data centers was about 65%.",
            "从全国范围看，2025年",
            "Guizhou utilization?",
        ),
        ("Guizhou plans more than 300,000 racks.", "机架超30万个", "How many racks does Guizhou plan?"),
    )
)


def _first(pattern: str, replace, text: str) -> str:
    return re.sub(pattern, replace, text, count=1)


def _digit(text: str) -> str:
    number = re.search(r"(?<![\d.])(?!(?:19|20)\d\d年)\d+(?:\.\d+)?|十五", text)
    if not number:
        return text
    new = "十六" if number[0] == "十五" else f"{(int(number[0][0]) % 9) + 1}{number[0][1:]}"
    return text[: number.start()] + new + text[number.end() :]


def _swap(*pairs: tuple[str, str]):
    def operate(text: str) -> str:
        for old, new in pairs:
            if re.search(old, text):
                return _first(old, new, text)
        return text

    return operate


OPERATORS = {
    "digit": _digit,
    "times ten": lambda text: _swap((r"(?<![\d.])(\d+)(?=个|亿|%|万|所)", r"\g<1>0"))(text) if "." not in text else text,
    "亿/万": _swap((r"亿", "万"), (r"万(?=元|个|。)", "亿")),
    "%/百分点": lambda text: text.replace("%", "个百分点"),
    "unit": _swap((r"亿元", "亿美元"), (r"万元", "万美元"), (r"万个", "万家"), (r"400所", "400个"), (r"4年", "4个月")),
    "comparator flipped": _swap((r"超过|突破|超(?=\d)", "不足"), (r"不足", "超过"), (r"约", "超过"), (r"至少", "至多")),
    "comparator added": _swap((r"(?<=为)(?=10\.1)", "超"), (r"达(?=\d)", "超"), (r"投入(?=500)", "投入超"), (r"已有(?=23)", "已有超过"), (r"缩短(?=40)", "缩短超过"), (r"到(?=85)", "到不足")),
    "comparator dropped": _swap((r"超过(?=\d|十)|突破(?=\d)|超(?=\d)|不足(?=\d)|至少", "")),
    "year": _swap((r"2025年", "2024年")),
    "year added": _swap((r"^(?!.*20\d\d)", "2023年")),
    "quarter": _swap((r"一季度", "二季度")),
    "region": _swap((r"贵州", "浙江"), (r"湖南", "湖北"), (r"合肥", "深圳"), (r"广东和浙江", "江苏和福建"), (r"某北方省份", "河北"), (r"国内|全国", "广东")),
    "national as Guizhou's": _swap((r"国内|全国", "贵州")),
    "province as national": _swap((r"贵州|合肥|湖南|某北方省份|广东和浙江", "全国")),
    "unnamed given a name": _swap((r"某家电企业", "美的集团"), (r"某汽车零部件企业", "比亚迪"), (r"某北方省份", "山西")),
    "base": _swap((r"广东的1/8", "浙江的1/8"), (r"中西部地区", "东北地区")),
    "from and to": _swap((r"由3%降至0\.1%", "由0.1%降至3%")),
    "direction": _swap((r"高(?=30)", "低"), (r"缩短", "延长"), (r"降至", "升至"), (r"增速", "降幅"), (r"提升到", "下降到")),
    "plan as fact": _swap((r"规划的", "已建成的"), (r"要初步建立", "已初步建立")),
    "negation": _swap((r"(超过|突破|列为|达(?=\d)|提升到|降至)", r"未\1"), (r"已有|出台了", "没有")),
}  # fmt: skip
