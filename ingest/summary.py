"""What an ingestion did, as its report says it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Summary:
    """What one ingestion did. `chars` counts the cleaned text of added and updated documents."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)  # source, reason
    linked: list[dict[str, str]] = field(default_factory=list)  # source, same_as (a source): the same text twice
    flagged: list[dict[str, Any]] = field(default_factory=list)  # source, flags, health (a sentence): not whole
    repaired: list[dict[str, Any]] = field(default_factory=list)  # source, repairs: what was set right
    chunks: int = 0
    chars: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the summary as the CLI's JSON object."""
        return asdict(self)
