"""How well questions are understood, by field, on the hand-labelled set tests/data/questions.tsv.

Run: python -m tests.question_score [dev|test|fresh] [--wrong]. A row is dev or test by the checksum of its question; fresh ones
were written after the rules and scored once before any was looked at; `*` is not
judged. Regions, bases, periods and heads must be the very set; `text` lists what the self-contained question must hold
and (with !) must not hold; `terms` what must be among the content words, as they stand or inside one.
"""

import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.types import Query, Turn
from app.understanding.understand import understand
from ingest.facts.regions import display

TODAY = date(2026, 6, 30)
SPLITS = ("dev", "test", "fresh")
FIELDS = ("kind", "regions", "bases", "periods", "heads", "language", "text", "terms")
# What the store is taken to have texts about: typing errors are resolved towards these.
KNOWN = frozenset(
    "110000 120000 130000 140000 150000 210000 220000 230000 310000 320000 330000 340000 350000 360000 370000 410000 420000 430000 440000 "
    "450000 460000 500000 510000 520000 530000 540000 610000 620000 630000 640000 650000 440100 440300 520100 340100 330100".split()
)


@dataclass(frozen=True)
class Row:
    question: str
    history: tuple[Turn, ...]
    labels: dict[str, str]

    @property
    def split(self) -> str:
        return ("dev", "test")[zlib.crc32(self.question.encode()) % 2]


def rows(name: str = "questions") -> list[Row]:
    lines = (Path(__file__).parent / "data" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    header, *body = [line.split("\t") for line in lines]
    found = []
    for cells in body:
        cell = dict(zip(header, cells, strict=True))
        turns = [t for t in cell["history"].split("//") if t]
        history = tuple(
            Turn("assistant", t[2:].replace("\\n", "\n")) if t.startswith("A:") else Turn("user", t) for t in turns
        )
        found.append(Row(cell["question"], history, {field: cell[field] for field in FIELDS}))
    return found


def wrong_fields(row: Row, query: Query) -> dict[str, str]:
    """Fields that are not as labelled, with what was found."""
    got = {
        "kind": query.kind, "language": query.language, "regions": _names(query.regions), "bases": _names(query.bases),
        "periods": set(query.periods), "heads": set(query.heads),
    }  # fmt: skip
    wrong = {}
    for field, found in got.items():
        label = row.labels[field]
        expected = label if isinstance(found, str) else {part for part in label.split(";") if part}
        if label != "*" and expected != found:
            wrong[field] = str(found)
    parts = [part for part in row.labels["text"].split(";") if part]
    if any(part[1:] in query.text if part[0] == "!" else part not in query.text for part in parts):
        wrong["text"] = query.text
    if any(not any(part in term for term in query.terms) for part in row.labels["terms"].split(";") if part):
        wrong["terms"] = str(query.terms)
    return wrong


def _names(codes: tuple[str, ...]) -> set[str]:
    return {display(code) for code in codes}


def judged(row: Row) -> list[str]:
    return [f for f in FIELDS if row.labels[f] != "*" and (row.labels[f] or f not in ("text", "terms"))]


def score(split: str) -> tuple[dict[str, float], int, list[tuple[Row, dict[str, str]]]]:
    """Share of rows right by field and as a whole (`all`), their number, and the wrong ones."""
    right, total, wrong = Counter(), Counter(), []
    chosen = rows("questions_fresh") if split == "fresh" else [row for row in rows() if row.split == split]
    for row in chosen:
        query = understand(row.question, row.history, KNOWN, today=TODAY)
        bad = wrong_fields(row, query)
        fields = judged(row)
        total.update((*fields, "all"))
        right.update([f for f in fields if f not in bad] + ([] if bad else ["all"]))
        if bad:
            wrong.append((row, bad))
    return {field: right[field] / n for field in (*FIELDS, "all") if (n := total[field])}, len(chosen), wrong


def main() -> None:
    for split in [a for a in sys.argv[1:] if a in SPLITS] or SPLITS:
        shares, n, wrong = score(split)
        print(split, f"n={n}", " ".join(f"{field} {share:.3f}" for field, share in shares.items()))
        for row, bad in wrong if "--wrong" in sys.argv else ():
            history = " / ".join(turn.content for turn in row.history)
            print(f"  {history + ' / ' if history else ''}{row.question}")
            for field, got in bad.items():
                print(f"      {field}: {got}   wanted {row.labels[field]}")


if __name__ == "__main__":
    main()
