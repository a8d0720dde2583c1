"""Hand-labelled sentences of official texts against the figures that ingestion finds in them.

A row of data/figures_corpus.jsonl names a sentence by file, record, offset, length and hash, all counted without white
space, so that no official text is kept here. Labels were written from reading, before the rules were mended; `split` parts
whole documents: the rules were mended on "dev", "test" was scored before and after.

A label's `unit`, `comparator`, `period` and `kind` may be a list of readings that are all right; `scope` is a list of such
sets. What a law or a subsidy rule sets is neither target nor forecast: its kind is 实际值. `optional` amounts (三大 ... of a
slogan, the base of a rate) count neither when found nor when missed. `condition` marks amounts that a rule depends on
(交易金额一万元以上的). Run as a script for the tables: python -m tests.figure_score [dev|test] [-v].
"""

import csv
import hashlib
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

from ingest.facts.describe import describe_chunks
from ingest.prepare import prepare_document
from ingest.text.clean import clean
from ingest.text.split import split_blocks, split_chunks
from ingest.types import Chunk, Figure

LABELS = Path(__file__).parent / "data" / "figures_corpus.jsonl"
FIELDS = ("comparator", "scope", "period", "kind", "indicator")
ENOUGH = 0.6  # share of a labelled indicator's characters that the found one must hold


@dataclass
class Score:
    """Counts of one split, and what went wrong, in words."""

    sentences: int = 0
    lost: int = 0  # sentences that are not in the prepared text any more
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, ...]] = field(default_factory=list)

    def share(self, what: str) -> float:
        """precision, recall, or the share of matched figures with a field right."""
        whole = {"precision": "found", "recall": "expected", "indicator": "indicators"}.get(what, "matched")
        part = "matched" if what in {"precision", "recall"} else what
        return self.counts[part] / max(1, self.counts[whole])

    def table(self) -> str:
        """The measures, with how many they rest on."""
        head = f"{self.sentences} sentences ({self.lost} lost), {self.counts['expected']} figures, {self.counts['found']} found"
        return head + ": " + ", ".join(f"{what} {self.share(what):.3f}" for what in ("precision", "recall", *FIELDS))


def labels(split: str = "") -> list[dict[str, Any]]:
    """The labelled sentences of one split, or all."""
    rows = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if split in {"", row["split"]}]


def prepared(path: Path) -> list[tuple[str, tuple[Chunk, ...]]]:
    """Text and described chunks of every document of a file, in order."""
    if path.suffix not in {".csv", ".json"}:
        document, chunks = prepare_document(path, path.name)
        return [(document.text, chunks)]
    found = []
    for raw, regions, issued in _records(
        path
    ):  # read plainly here, so that readers of dumps are free to add and to drop
        text = clean(raw)
        found.append((text, describe_chunks(text, split_chunks("d", text, split_blocks(text)), regions, issued)))
    return found


def _records(path: Path) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Text, regions and date of issue of every record of a CSV of national documents or a JSON dump of local ones."""
    content = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        csv.field_size_limit(10_000_000)
        for row in csv.DictReader(io.StringIO(content, newline="")):
            yield row["full_text"], ("CN",), row["publication_date"]
        return
    dump = json.loads(content)
    for record in dump.get("data", ()):
        yield record["content"], ("511600",), record["metadata"]["publish_date"]
    if articles := dump.get("法規內容"):
        lines = (f"{a.get('條號') or a.get('編章節')}　{a.get('條文內容', '')}" for a in articles)
        yield "\n".join(lines), ("710000",), ""


def measure(corpus: Path, split: str = "") -> Score:
    """Score the labelled sentences of a split."""
    score = Score()
    by_file: dict[str, list[dict[str, Any]]] = {}
    for row in labels(split):
        by_file.setdefault(row["file"], []).append(row)
    for name, rows in by_file.items():
        documents = [_Squeezed.of(text, chunks) for text, chunks in prepared(corpus / name)]
        for row in rows:
            score.sentences += 1
            found = _find(documents, row)
            if found is None:
                score.lost += 1
                score.wrong.append((name, str(row["at"]), "sentence lost"))
                continue
            _compare(score, row, *found)
    return score


@dataclass(frozen=True)
class _Squeezed:
    """A document's text without white space, and where each kept character stands in it."""

    text: str
    body: str
    at: list[int]
    figures: list[Figure]

    @classmethod
    def of(cls, text: str, chunks: tuple[Chunk, ...]) -> "_Squeezed":
        at = [i for i, char in enumerate(text) if not char.isspace()]
        figures = [f for chunk in chunks for s in chunk.sentences for f in s.figures]
        return cls(text, "".join(text[i] for i in at), at, figures)


def _find(documents: list[_Squeezed], row: dict[str, Any]) -> tuple[str, list[Figure]] | None:
    """The labelled sentence and the figures in it; where the text moved it is sought by its hash."""
    member, length = row.get("member", 1), row["length"]
    order = documents[member - 1 : member] + documents[: member - 1] + documents[member:]
    for document in order:
        for at in _near(row["at"], len(document.body) - length):
            if hashlib.sha1(document.body[at : at + length].encode()).hexdigest()[:16] == row["sha1"]:
                start, end = document.at[at], document.at[at + length - 1] + 1
                inside = [f for f in document.figures if start <= f.start < end]
                return document.text[start:end], inside
    return None


def _near(at: int, last: int) -> Iterator[int]:
    for step in range(max(at, last - at) + 1):
        yield from (place for place in {at + step, at - step} if 0 <= place <= last)


def _compare(score: Score, row: dict[str, Any], text: str, found: list[Figure]) -> None:
    wanted = [label for label in row["figures"] if not label.get("optional")]
    pairs = _pair(wanted, found)
    spare = _pair(
        [label for label in row["figures"] if label.get("optional")],
        [f for f in found if id(f) not in {id(p) for _, p in pairs}],
    )
    taken = {id(figure) for _, figure in (*pairs, *spare)}
    score.counts["expected"] += len(wanted)
    score.counts["found"] += len(found) - len(spare)
    score.counts["matched"] += len(pairs)
    where = f"{row['file'][:2]}:{row.get('member', '')}:{row['at']}"
    done = {id(label) for label, _ in pairs}
    score.wrong += [(where, "missing", label["text"], text) for label in wanted if id(label) not in done]
    score.wrong += [(where, "extra", f.text, text) for f in found if id(f) not in taken]
    for label, figure in pairs:
        kind_of_use = (bool(label.get("condition")), figure.role == "条件")
        score.counts[
            {(True, True): "conditions", (True, False): "conditions missed", (False, True): "conditions false"}.get(
                kind_of_use, ""
            )
        ] += 1
        if kind_of_use in {(True, False), (False, True)}:
            score.wrong.append((where, "condition", label["text"], text))
        for name in FIELDS:
            if name == "indicator" and "indicator" not in label:
                continue
            score.counts["indicators"] += name == "indicator"
            right, got = _field(name, label, figure)
            score.counts[name] += right
            if not right:
                score.wrong.append((where, name, label["text"], f"{label[name]} but {got}", text))


def _pair(wanted: list[dict[str, Any]], found: list[Figure]) -> list[tuple[dict[str, Any], Figure]]:
    """Each label with its figure, in the order of the text; equal amounts go to the first that is free."""
    free, pairs = list(found), []
    for label in wanted:
        match = next((f for f in free if _is_amount(label, f)), None)
        if match is not None:
            free.remove(match)
            pairs.append((label, match))
    return pairs


def _is_amount(label: dict[str, Any], figure: Figure) -> bool:
    high = label.get("value_high")
    same_high = (
        figure.value_high is None
        if high is None
        else figure.value_high is not None and isclose(figure.value_high, high)
    )
    return isclose(figure.value, label["value"], rel_tol=1e-9) and figure.unit in _readings(label["unit"]) and same_high


def _readings(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _field(name: str, label: dict[str, Any], figure: Figure) -> tuple[bool, str]:
    if name == "scope":
        got = {scope.lstrip("各") for scope in figure.scopes}
        return any(got == {scope.lstrip("各") for scope in reading} for reading in label["scope"]), str(figure.scopes)
    if name == "indicator":
        common = sum((Counter(label["indicator"]) & Counter(figure.indicator)).values())
        return common >= ENOUGH * len(label["indicator"]), figure.indicator
    got = str(getattr(figure, name))
    return got in _readings(label[name]), got


def main() -> None:
    """Print the table of each split, and with -v what is wrong."""
    corpus = Path(__file__).parent.parent.parent / "shared" / "corpus"
    for split in [a for a in sys.argv[1:] if a in {"dev", "test"}] or ["dev", "test"]:
        score = measure(corpus, split)
        print(split, score.table())
        if "-v" in sys.argv:
            print("\n".join(" | ".join(parts) for parts in score.wrong))


if __name__ == "__main__":
    main()
