"""Take a document out of an open store and its file off the shelf: one step, whoever asks for it."""

from collections.abc import Callable

from app.library.given import given
from app.library.shelf import Removed, Shelf
from ingest.records import Entry
from ingest.store import Store


def take_out(store: Store, shelf: Shelf, entry: Entry, on_out: Callable[[Removed], None]) -> list[Entry]:
    """Take a document out, and its file to where it can be brought back from; return those that were linked to its text.

    All of it, or nothing: where the store fails, the file is back in its place. `on_out` is told once the document is out,
    also where what follows fails. Raises what the store raises, and InputError where the shelf cannot be written to.
    """
    record, member = store.catalog.files().get(entry.file), entry.key.removeprefix(f"{entry.file}#")
    rest = [other for other in store.catalog.entries() if other.id != entry.id]
    mates = {other.source.collection for other in rest if other.file == entry.file}
    if record is not None and mates - {entry.source.collection}:
        record = record.without(member)
    linked = [other for other in rest if other.same_as == entry.id]
    if record is not None and (record.left_out or any(other.file == entry.file for other in linked)):
        record = record.unread_but(member)  # its twin in the same file has no text of its own
    with store.turn():
        removed = shelf.take_out(
            entry.file, entry.source.title, given(entry), entry.file == entry.key, entry.source.collection, entry.key
        )
        try:
            store.remove(entry.id, keep_file=True)
            if record is not None:  # one of many in a file that stays: it must not be read again for this one's sake
                store.set_file(entry.file, record)
        finally:
            if store.catalog.entry(entry.id) is not None:
                shelf.put_back(removed)
            else:
                on_out(removed)
    return linked
