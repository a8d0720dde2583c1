"""Names and numbers as the reports show them. What has no name here is shown by its own."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

METRICS = {
    "accuracy": "正确率", "recall_at_5": "召回@5", "key_fact_recall": "关键事实", "citation_precision": "引用精度",
    "abstention_precision": "拒答精度", "abstention_recall": "拒答召回", "over_refusal_rate": "误拒率",
    "misattribution_rate": "张冠李戴", "misbinding_rate": "数字错配", "robustness": "题组稳健",
    "marker_validity": "引注有效", "quote_exactness": "引文逐字", "latency_p50": "时延中位数",
    "latency_p95": "时延 95 分位",
    "r_at_1": "依据召回@1", "r_at_5": "依据召回@5", "r_at_10": "依据召回@10", "ndcg_at_10": "nDCG@10",
    "success_at_1": "首条命中", "success_at_5": "前五命中", "all_evidence_at_5": "前五含全部依据",
    "citation_sentence_precision": "引句精度", "citation_sentence_recall": "引句召回", "citation_sentence_f1": "引句 F1",
    "citation_page_precision": "引页精度", "citation_page_recall": "引页召回", "citation_page_f1": "引页 F1",
    "tokens_prompt": "输入 token", "tokens_completion": "输出 token", "cost": "费用",
}  # fmt: skip
# Of these every report tells first; what else a summary has is folded.
HEADLINE = tuple(METRICS)[:14]
COLUMNS = tuple(name for name in HEADLINE[:10] if name != "misbinding_rate")
LOWER_IS_BETTER = frozenset(("over_refusal_rate", "misattribution_rate", "misbinding_rate"))
KINDS = {
    "lookup": "查事实", "number": "查数字", "compare": "比较", "list": "列举", "date": "时间", "risk": "风险",
    "negation": "否定", "unanswerable": "资料无答案", "false_premise": "前提有误", "misattribution": "张冠李戴陷阱",
}  # fmt: skip
VARIANTS = {
    "canonical": "标准问法", "paraphrase": "换个说法", "en": "英文", "traditional": "繁体", "typo": "错别字",
    "follow-up": "追问",
}  # fmt: skip
SPLITS = {"dev": "开发部分", "test": "测试部分"}
PARTS = {"by_kind": ("题型", KINDS), "by_variant": ("问法", VARIANTS), "by_split": ("分组", SPLITS)}
STAGES = {
    "understand": "理解问题", "retrieve": "检索", "rerank": "重排", "answer": "组织回答", "verify": "核验",
    "total": "合计",
}  # fmt: skip
DRIFT = {"new": "新增", "removed": "删去", "changed": "改动"}
FLIPS = {"lost": "变错", "won": "变对", "misattributed": "新的张冠李戴"}
# Not text to a reader: control characters but line feed and tab, other ends of a line, marks that turn the direction, halves of a character.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """Return text with every control character, direction override and lone surrogate written out: ‹U+202E›."""
    return _UNSEEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text.replace("\r\n", "\n"))


def label(metric: str) -> str:
    """Return a metric's name for people; latency_STAGE_p95 by its stage, an unknown one as it is."""
    stage, _, share = metric.removeprefix("latency_").partition("_")
    if metric.startswith("latency_") and stage in STAGES:
        return f"{STAGES[stage]} {share.upper()}"
    return METRICS.get(metric, metric)


def number(name: str, cell: Mapping[str, Any]) -> str:
    """Return a metric's value for people, "" where it has none; latencies are shown in ms."""
    value = cell.get("value")
    if value is None:
        return ""
    if name.startswith("latency"):
        return f"{value * 1000:.0f} ms"
    return f"{value:.3f}" if isinstance(value, float) and abs(value) <= 1 else f"{value:g}"


def interval(cell: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return a metric's 95 % interval, None where the summary has none.

    That over groups of variants, which are not independent, where it has a width; else Wilson's.
    """
    clustered = cell.get("clustered")
    ends = clustered if clustered and clustered[0] < clustered[1] else cell.get("interval")
    return (float(ends[0]), float(ends[1])) if ends else None


def notes(run: Mapping[str, Any]) -> list[str]:
    """Return what must be known of the latencies of a run to read them."""
    cached, disturbed = run.get("cached", 0), run.get("disturbed", 0)
    told = [f"{disturbed} 题的时延是多个进程同时提问时测得的，互有干扰，不宜与单进程的相比。"] if disturbed else []
    return [*told, f"{cached} 题取自记录下的回答，时延是当时测得的。"] if cached else told


def in_order(groups: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Return the groups in the order of their names here, unknown ones behind them."""
    return sorted(groups, key=lambda group: (list(names).index(group) if group in names else len(names), group))


def verdict_line(summary: Mapping[str, Any]) -> str:
    """Return the gate's result in one phrase: what a reader of a CI page wants to know first."""
    if "gate" not in summary:
        return "未按门槛判定"
    return f"门槛未过（{len(summary['gate'])} 项）" if summary["gate"] else "门槛已过"
