"""Documents that are embedded and become visible together."""

from dataclasses import dataclass, field

from ingest.prepare import Prepared
from ingest.records import Entry, FileRecord

BATCH_CHUNKS = 64  # chunks embedded together; also the most that a crash can cost
BATCH_DOCUMENTS = 64  # and documents, as linked ones have no chunks


@dataclass(slots=True)
class Batch:
    """Documents that are embedded together, and what is to be noted once they are visible."""

    documents: list[tuple[Prepared, Entry]] = field(default_factory=list)
    demoted: list[tuple[Entry, str]] = field(default_factory=list)  # whose text another takes over, and that one's id
    begun: list[str] = field(default_factory=list)  # files of many documents, read for the first time
    read: list[tuple[str, FileRecord]] = field(default_factory=list)  # files of many documents, read to their end

    def own(self) -> list[Prepared]:
        """Those that get chunks of their own."""
        return [prepared for prepared, entry in self.documents if not entry.same_as]

    def is_full(self) -> bool:
        """Whether it is to be embedded now."""
        chunks = sum(len(prepared.chunks) for prepared in self.own())
        return chunks >= BATCH_CHUNKS or len(self.documents) >= BATCH_DOCUMENTS
