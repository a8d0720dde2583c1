"""Figures: whose number, for when, of what kind. Sixty labelled sentences give measured floors; the traps stand apart."""

import json
from collections import Counter
from math import isclose
from pathlib import Path

from ingest.figures import Context, find_figures

LABELLED = Path(__file__).parent / "data" / "figures.jsonl"


def measure():
    """Precision and recall of (value, unit), then of each other field among the figures matched by value and unit."""
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    counts, wrong = Counter(), []
    for row in rows:
        found = list(find_figures(row["text"], 0, Context(tuple(row["region"]), home=tuple(row["region"]))))
        counts["expected"] += len(row["figures"])
        counts["found"] += len(found)
        for label in row["figures"]:
            match = next((f for f in found if is_same_amount(f, label)), None)
            if match is None:
                wrong.append((row["text"], "missing", label["value"], [(f.value, f.unit) for f in found]))
                continue
            found.remove(match)
            counts["matched"] += 1
            for field, got in (
                ("comparator", match.comparator), ("scope", list(match.scopes)), ("period", match.period), ("kind", match.kind),
            ):  # fmt: skip
                same = got == label[field] if field != "scope" else set(got) == set(label[field])
                counts[field] += same
                if not same:
                    wrong.append((row["text"], field, label["value"], label[field], got))
        wrong += [(row["text"], "extra", f.value, f.unit) for f in found]
    return counts, wrong


def is_same_amount(figure, label):
    high = label.get("high")
    same_high = figure.value_high is None if high is None else figure.value_high == high
    return isclose(figure.value, label["value"], rel_tol=1e-9) and figure.unit == label["unit"] and same_high
