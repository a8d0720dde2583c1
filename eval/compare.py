"""Two runs of a suite side by side: every metric with the interval of its difference, and which run is the better one.

Only cases that both have are looked at. `better` names a run only where that is shown: for `accuracy` by the exact test
over groups (p < 0.05), for the other metrics by an interval that leaves out 0. One in twenty differences that are none
is still shown as one: many metrics are no many proofs.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.baseline import Baseline, load_baseline
from eval.statistics import ALPHA, FIELDS, discordant_groups, mcnemar, pair, paired_interval, ratio
from eval.versions import drift
from ingest.errors import InputError

_LOWER = frozenset({"misattribution_rate", "over_refusal_rate"})  # where less is better
Verdict = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its verdicts as JSON by id, and what was recorded of the run (nothing of a baseline)."""

    name: str
    held: Baseline
    verdicts: Mapping[str, Verdict]
    run: Mapping[str, Any]

    @property
    def digests(self) -> dict[str, str]:
        """Return id -> digest of the gold row."""
        return {name: case.gold for name, case in self.held.cases.items()}


def load_side(path: Path) -> Side:
    """Read a run folder, a summary.json or a baseline.json. Raises InputError naming what cannot be used."""
    file = path / "summary.json" if path.is_dir() else path
    held = load_baseline(file)
    read: Any = json.loads(file.read_text(encoding="utf-8-sig"))
    if isinstance(read["cases"], list):
        return Side(str(path), held, {case["id"]: case for case in read["cases"]}, read.get("run", {}))
    verdicts = {name: {**case.model_dump(), "group_id": case.group} for name, case in held.cases.items()}
    return Side(str(path), held, verdicts, {})


def shared_ids(a: Side, b: Side, unchanged_only: bool) -> list[str]:
    """Return the ids in both, in A's order; with `unchanged_only` those whose rows are the same.

    Raises InputError for runs of different suites, without a common case, or, unless `unchanged_only`, with changed rows.
    """
    if a.held.suite and b.held.suite and a.held.suite != b.held.suite:
        raise InputError(f"两次运行的套件不同：{a.held.suite}、{b.held.suite}", "比较同一套件的两次运行")
    changed = set(drift(b.digests, a.digests).changed)
    if a.held.gold_sha256 != b.held.gold_sha256:  # where no digests were recorded nothing says that a row is the same
        changed |= {i for i in a.digests if i in b.digests and not (a.digests[i] and b.digests[i])}
    shared = [i for i in a.verdicts if i in b.verdicts]
    if changed and not unchanged_only:
        raise InputError(
            f"两次运行的题目版本不同，{len(changed)} 题改动过：{'、'.join(i for i in shared if i in changed)}",
            "--shared-only 只比没有改动的题目",
        )
    kept = [i for i in shared if i not in changed]
    if not kept:
        raise InputError(f"{a.name} 与 {b.name} 没有共有的题目")
    return kept


def compare(a: Side, b: Side, ids: Sequence[str]) -> dict[str, Any]:
    """Return the comparison over `ids` as JSON-ready data; differences are B less A, `latency_ratio` is B / A."""
    groups = [str(a.verdicts[i].get("group_id") or i) for i in ids]
    right_a, right_b = ({i: bool(side.verdicts[i]["correct"]) for i in ids} for side in (a, b))
    only_a = [i for i in ids if right_a[i] and not right_b[i]]
    only_b = [i for i in ids if right_b[i] and not right_a[i]]
    more_a, more_b = discordant_groups(right_a, right_b, dict(zip(ids, groups, strict=True)))
    tests = {
        "rows": {"only_a": len(only_a), "only_b": len(only_b), "p": round(mcnemar(len(only_a), len(only_b)), 6)},
        "groups": {"only_a": more_a, "only_b": more_b, "p": round(mcnemar(more_a, more_b), 6)},
    }
    metrics = {name: _metric(a, b, ids, groups, name) for name in FIELDS}
    accuracy = metrics["accuracy"]
    if accuracy["better"] and tests["groups"]["p"] >= ALPHA:
        accuracy["better"] = ""
    if not accuracy["better"] and tests["groups"]["p"] < ALPHA:
        accuracy["better"] = "a" if more_a > more_b else "b"
    same = len(ids) == len(a.verdicts) == len(b.verdicts)
    for name in [m for m in a.held.metrics if m in b.held.metrics and m not in metrics] if same else []:
        values = (a.held.metrics[name], b.held.metrics[name])
        metrics[name] = {
            "a": values[0],
            "b": values[1],
            "difference": _difference(*values),
            "interval": None,
            "better": "",
        }
    return {
        "a": _described(a), "b": _described(b), "n": len(ids), "groups": len(set(groups)), "metrics": metrics,
        "mcnemar": tests, "only_a": only_a, "only_b": only_b, "left_out": len({*a.verdicts, *b.verdicts}) - len(ids),
        "latency_ratio": _latency_ratio(a, b, ids),
        "latency_disturbed": any(side.run.get("disturbed") for side in (a, b)),
    }  # fmt: skip


def _described(side: Side) -> dict[str, Any]:
    return {"name": side.name, "suite": side.held.suite, "n": len(side.verdicts), "model": side.held.model}


def _metric(a: Side, b: Side, ids: Sequence[str], groups: Sequence[str], name: str) -> dict[str, Any]:
    first, second = ([pair(side.verdicts[i], name) for i in ids] for side in (a, b))
    values = ratio(first), ratio(second)
    difference = _difference(*values)
    interval = paired_interval(first, second, groups) if difference is not None else None
    better = ""
    if interval and (interval[0] > 0 or interval[1] < 0):
        better = "b" if (interval[0] > 0) != (name in _LOWER) else "a"
    return {
        "a": _rounded(values[0]), "b": _rounded(values[1]), "difference": difference,
        "interval": interval and [_rounded(end) for end in interval], "better": better,
    }  # fmt: skip


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else _rounded(b - a)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _latency_ratio(a: Side, b: Side, ids: Sequence[str]) -> float | None:
    """Median over the cases of B's seconds / A's; None where they are not recorded."""
    times = [(a.verdicts[i].get("seconds") or 0.0, b.verdicts[i].get("seconds") or 0.0) for i in ids]
    ratios = [second / first for first, second in times if first > 0 and second > 0]
    return round(statistics.median(ratios), 3) if ratios else None


def as_markdown(found: Mapping[str, Any]) -> str:
    """Return a comparison as Markdown: metrics, tests, and the cases that only one of the two has right."""
    a, b, tests = found["a"], found["b"], found["mcnemar"]
    lines = [
        f"# 比较 {_plain(a['suite'] or b['suite'])}", "", f"- A：{_plain(a['name'])}", f"- B：{_plain(b['name'])}",
        f"- 共有 {found['n']} 题，{found['groups']} 个题组；未比的 {found['left_out']} 题", "",
        "| 指标 | A | B | B−A | 95% 区间（按题组重抽） | 结论 |", "| --- | ---: | ---: | ---: | --- | --- |",
    ]  # fmt: skip
    for name, cell in found["metrics"].items():
        interval = "{:+.3f} 至 {:+.3f}".format(*cell["interval"]) if cell["interval"] else ""
        numbers = " | ".join(_number(cell[key], key == "difference") for key in ("a", "b", "difference"))
        lines.append(f"| `{name}` | {numbers} | {interval} | {_conclusion(cell)} |")
    for unit, label in (("rows", "按题"), ("groups", "按题组")):
        test = tests[unit]
        shown = f"仅 A 好 {test['only_a']}，仅 B 好 {test['only_b']}，p = {test['p']:.4f}"
        lines.append(f"{'' if unit == 'groups' else chr(10)}- McNemar 精确检验（{label}）：{shown}")
    lines.append("- 正确率的结论看按题组的检验：同组的变体不是各自独立的题；p ≥ 0.05 即未见差异")
    if found["latency_ratio"] is not None:
        disturbed = "（有多进程并行时测得的，仅供参考）" if found["latency_disturbed"] else ""
        lines.append(f"- 时延之比 B/A（逐题中位数）：{found['latency_ratio']:.2f}{disturbed}")
    for key, label in (("only_a", "仅 A 答对"), ("only_b", "仅 B 答对")):
        lines.append(f"- {label} {len(found[key])} 题：{_plain('、'.join(found[key])) or '无'}")
    return "\n".join(lines) + "\n"


def _conclusion(cell: Mapping[str, Any]) -> str:
    if cell["difference"] is None or (cell["interval"] is None and not cell["better"]):
        return ""
    return f"{cell['better'].upper()} 较好" if cell["better"] else "未见差异"


def _number(value: float | None, signed: bool) -> str:
    return "" if value is None else f"{value:+.3f}" if signed else f"{value:.3f}"


def _plain(text: str) -> str:
    """Return names of files and cases with what Markdown or HTML would take for its own escaped."""
    from app.render import escape

    return escape(text)
