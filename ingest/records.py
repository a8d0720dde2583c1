"""The records of a store's catalogue, and their JSON forms."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ingest.text.reposts import Sketch
from ingest.types import Chunk, Figure, Health, Sentence, Source


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalogued document without its text."""

    id: str
    key: str
    file: str  # the key of its file; the same as `key` for a file that is one document
    version: str  # hash of all that it was made from
    pipeline: int
    source: Source
    health: Health
    chunks: int
    chars: int
    added: str
    same_as: str  # id of the document that holds the same text; this one then has no chunks of its own
    sketch: Sketch


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What ranking wants of a chunk before it is chosen."""

    doc_id: str
    regions: tuple[str, ...]
    text: str
    vectors: np.ndarray  # float16, those of its sentences one behind the other


# How the reasons begin for which a member is not indexed that not everyone may read who reads the rest of its file:
TAKEN_OUT = "已从资料库移除"  # it was, in another collection than the rest
NOT_LET_IN = "写明属于集合"  # it states a collection into which whoever added the file may put nothing
# That of a member which was taken out of a file that has to be read again for another of its documents:
LEFT_OUT = "已移除"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of many documents that was read to its end."""

    version: str
    pipeline: int
    skipped: tuple[tuple[str, str], ...]  # (member, why it is not indexed)

    def unread_but(self, member: str) -> "FileRecord":
        """The record of a file that has to be read again, but for a member that has been taken out."""
        out = () if member in dict(self.skipped) else ((member, LEFT_OUT),)
        return replace(self, version="", pipeline=0, skipped=(*self.skipped, *out))

    @property
    def left_out(self) -> dict[str, str]:
        """Members without which a file is read again, with the reasons; {} for one that is not to be."""
        if self.version:
            return {}
        return {member: reason for member, reason in self.skipped if reason in (TAKEN_OUT, LEFT_OUT)}

    def without(self, member: str) -> "FileRecord":
        """The record once a member has been taken out that not everyone could read who reads the rest."""
        return replace(self, skipped=(*self.skipped, (member, TAKEN_OUT)))

    @property
    def hides(self) -> bool:
        """Whether the file itself has a member that is kept from some who read the rest."""
        return any(reason.startswith((TAKEN_OUT, NOT_LET_IN)) for _, reason in self.skipped)


def load_entry(row: Sequence[Any]) -> Entry:
    """Return the entry of a row of the documents table (its columns as in catalog._ENTRY)."""
    doc_id, key, file, version, pipeline, source, health, chunks, chars, added, same_as, blob = row
    drawn = np.frombuffer(blob, dtype=np.uint64)
    return Entry(
        doc_id,
        key,
        file,
        version,
        pipeline,
        load_source(source),
        load_health(health),
        chunks,
        chars,
        added,
        same_as,
        drawn,
    )


def dump(value: Any) -> str:
    """Return compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@functools.lru_cache(maxsize=4096)  # every question asks for those of its candidates
def load_source(text: str) -> Source:
    """Return the Source that a JSON text holds."""
    return Source(**_tuples(json.loads(text)))


def load_health(text: str) -> Health:
    """Return the Health that a JSON text holds."""
    return Health(**_tuples(json.loads(text)))


def _tuples(value: Any) -> Any:
    """JSON's lists, at any depth, as the tuples that they were; the record itself stays a dict."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


_KEPT = tuple(field.name for field in fields(Chunk) if field.name not in {"id", "doc_id", "text", "sentences"})


def dump_chunk(chunk: Chunk) -> str:
    """Return a chunk's record without what the table keeps beside it (id, doc_id, text)."""
    # By hand: dataclasses.asdict copies every string and tuple, which was a tenth of all ingestion.
    sentences = [
        {**_record(sentence), "figures": [_record(figure) for figure in sentence.figures]}
        for sentence in chunk.sentences
    ]
    return dump({**{name: getattr(chunk, name) for name in _KEPT}, "sentences": sentences})


def _record(noun: Sentence | Figure) -> dict[str, Any]:
    return {name: getattr(noun, name) for name in noun.__slots__}


def load_chunk(chunk_id: str, doc_id: str, record: str, text: str) -> Chunk:
    """Return the chunk of a record."""
    fields = json.loads(record)
    sentences = tuple(
        Sentence(
            s["start"],
            s["end"],
            tuple(s["regions"]),
            tuple(Figure(**{**f, "scopes": tuple(f["scopes"])}) for f in s["figures"]),
        )
        for s in fields.pop("sentences")
    )
    fields["headings"], fields["regions"] = tuple(fields["headings"]), tuple(fields["regions"])
    return Chunk(id=chunk_id, doc_id=doc_id, text=text, sentences=sentences, **fields)
