"""What a catalogue holds, as one number: equal for stores that were filled alike."""

import hashlib
import sqlite3

_CONTENT = (
    "SELECT key, value FROM meta WHERE key IN ('format', 'model', 'dimension') ORDER BY key",
    "SELECT id, key, version, pipeline, source, health, blocks, text, same_as FROM documents ORDER BY id",
    "SELECT chunks.id, record, text, vectors, coalesce(packed, '') FROM chunks LEFT JOIN tokens USING (number) ORDER BY id",
)


def fingerprint(db: sqlite3.Connection) -> str:
    """SHA-256, hex, of all that answers are made from, whenever it came there."""
    digest = hashlib.sha256()
    for query in _CONTENT:
        for row in db.execute(query):
            for part in row:
                content = part if isinstance(part, bytes) else str(part).encode()
                digest.update(len(content).to_bytes(8) + content)
    return digest.hexdigest()
