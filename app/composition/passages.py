"""Reading on from what was found: the sentences and lines around a hit in its document, in reading order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.types import Evidence, Hit
from ingest.types import Sentence

# (a hit, chunks before it, chunks after it) -> the chunks of its document there, itself included, in reading order
Around = Callable[[Hit, int, int], Sequence[Hit]]

MAX_REST = 8  # parts of one sentence


@dataclass(frozen=True, slots=True)
class Passages:
    """What stands around the evidence; where no store is at hand, only the hit itself."""

    around: Around = lambda hit, before, after: (hit,)

    def sentences(self, near: Evidence, before: int = 0, after: int = 3) -> list[Evidence]:
        """The sentences of the chunks around one, in reading order; they carry its score and bear no coverage."""
        return [
            Evidence(hit, sentence, near.score, 0.0, 0.0)
            for hit in self.around(near.hit, before, after)
            for sentence in hit.chunk.sentences
        ]

    def rest_of(self, evidence: Evidence) -> list[Evidence]:
        """What goes on with a sentence that ends with a semicolon, up to the full stop, in its line."""
        if not evidence.text.endswith(("；", ";")):
            return []
        rest: list[Evidence] = []
        for e in self.sentences(evidence, 0, 1):
            if e.sentence.start < evidence.sentence.end:
                continue
            if is_line_start(e) or len(rest) == MAX_REST:
                break
            rest.append(e)
            if not e.text.endswith(("；", ";")):
                break
        return rest

    def before_it(self, evidence: Evidence) -> list[Evidence]:
        """The parts of a sentence that stand before one in its line, each ending with a semicolon."""
        parts: list[Evidence] = []
        earlier = [e for e in self.sentences(evidence, 1, 0) if e.sentence.end <= evidence.sentence.start]
        at = evidence
        for e in reversed(earlier):
            if is_line_start(at) or not e.text.endswith(("；", ";")):
                break
            parts.insert(0, e)
            at = e
        return parts

    def headings(self, near: Evidence, before: int, after: int) -> list[Evidence]:
        """The lines around one that are no part of any sentence (headings of sections), as evidence."""
        return [
            Evidence(hit, Sentence(start, end, hit.chunk.regions), near.score, 0.0, 0.0)
            for hit in self.around(near.hit, before, after)
            for start, end in _heading_lines(hit)
        ]


def _heading_lines(hit: Hit) -> list[tuple[int, int]]:
    """Document offsets of the lines of a chunk in which no sentence begins or goes on."""
    chunk, lines, at = hit.chunk, [], 0
    for line in chunk.text.splitlines(keepends=True):
        start, end = chunk.start + at, chunk.start + at + len(line)
        at += len(line)
        bare = line.strip().lstrip("# ")
        if bare and not any(s.start < end and start < s.end for s in chunk.sentences):
            first = start + line.index(bare)
            lines.append((first, first + len(bare)))
    return lines


def is_line_start(evidence: Evidence) -> bool:
    """Whether a sentence opens its line, but for a bullet."""
    return not line_before(evidence).strip(" \t-*+•·　")


def line_before(evidence: Evidence) -> str:
    """What stands before a sentence in its line."""
    chunk = evidence.hit.chunk
    return chunk.text[: evidence.sentence.start - chunk.start].rpartition("\n")[2]
