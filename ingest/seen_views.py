"""The views through which a connection to a catalogue sees some collections only.

They are temporary, the connection's own, and stand in front of the tables of the same names: a read that forgets the
restriction cannot be written. What FTS5 keeps of words has no documents; ingest.postings narrows it by the chunks seen.
"""

import sqlite3
from collections.abc import Collection

# EXISTS, not IN: a question looks some hundred chunks up, and a list of all documents would be made for each of its reads.
_VIEWS = """
CREATE TEMP TABLE seen(collection TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP VIEW documents AS SELECT * FROM main.documents
    WHERE coalesce(json_extract(source, '$.collection'), '') IN (SELECT collection FROM temp.seen);
CREATE TEMP VIEW chunks AS SELECT * FROM main.chunks AS c
    WHERE EXISTS (SELECT 1 FROM temp.documents AS d WHERE d.id = c.doc_id);
CREATE TEMP VIEW chunk_regions AS SELECT * FROM main.chunk_regions AS r
    WHERE EXISTS (SELECT 1 FROM temp.chunks AS c WHERE c.number = r.number);
CREATE TEMP VIEW words_docsize AS SELECT * FROM main.words_docsize AS w
    WHERE EXISTS (SELECT 1 FROM temp.chunks AS c WHERE c.number = w.id);
CREATE TEMP VIEW files AS SELECT * FROM main.files AS f
    WHERE EXISTS (SELECT 1 FROM temp.documents AS d WHERE d.file = f.file);
CREATE TEMP VIEW meta AS SELECT * FROM main.meta WHERE key <> 'relations';
CREATE TEMP VIEW words AS SELECT NULL AS body WHERE 0;
CREATE TEMP VIEW vocabulary AS SELECT NULL AS term WHERE 0;
"""
_TOKENS = """
CREATE TEMP VIEW tokens AS SELECT * FROM main.tokens AS t
    WHERE EXISTS (SELECT 1 FROM temp.chunks AS c WHERE c.number = t.number);
"""


def narrow(db: sqlite3.Connection, collections: Collection[str]) -> None:
    """Let a connection to a catalogue see some collections only."""
    db.executescript(_VIEWS)
    if db.execute("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'tokens'").fetchone():
        db.executescript(_TOKENS)
    db.executemany("INSERT INTO temp.seen VALUES (?)", [(name,) for name in collections])
    db.commit()
