"""Into which collection a document goes. A document that is indexed leaves a collection only where someone says so.

Given with the ingestion first; then what its sidecar says; then where it is already (a moved file: where it was; a new
record of a file: where the file's others are); then what the document states of itself. So neither a new version of a file
nor what stands in it opens to all what was kept for some.
"""

from collections.abc import Iterable
from dataclasses import replace

from ingest.collections import COMMON
from ingest.prepare import Prepared
from ingest.records import Entry
from ingest.store import Store


class Placing:
    """What one ingestion knows of collections. `given` is the one that the user named, None where he named none."""

    def __init__(self, given: str | None, crossing: bool = True) -> None:
        self.given, self._crossing = given, crossing
        self._by_id: dict[str, Entry] = {}
        self._by_key: dict[str, Entry] = {}
        self._of_file: dict[str, set[str]] = {}  # file -> collections of its documents
        self._inherited: dict[str, str] = {}  # file -> the collection of the document that it was

    def know(self, entry: Entry) -> None:
        """Note where a document is."""
        self._by_id[entry.id] = self._by_key[entry.key] = entry
        self._of_file.setdefault(entry.file, set()).add(entry.source.collection)

    def may_take_over(self, key: str, former: Entry) -> bool:
        """Whether a file may take the place of a document that has its bytes and whose own file is gone.

        Where collections are not to be crossed, one that is known to go to another collection may not: whoever puts a file
        into one takes nothing out of another.
        """
        known = self._by_key.get(key)
        here = self.given if self.given is not None or known is None else known.source.collection
        return self._crossing or here is None or here == former.source.collection

    def inherit(self, file: str, former: Entry) -> None:
        """Note what a file was before it was moved."""
        self._inherited[file] = former.source.collection

    def place(self, prepared: Prepared) -> Prepared:
        """Return the document as one of the collection that it goes to."""
        source = prepared.document.source
        if self.given is not None:
            wanted = self.given
        elif dict(source.found).get("collection") == "旁置文件":
            wanted = source.collection
        else:
            wanted = self._before(prepared) or source.collection
        if wanted == source.collection:
            return prepared
        return replace(prepared, document=replace(prepared.document, source=replace(source, collection=wanted)))

    def _before(self, prepared: Prepared) -> str:
        if known := self._by_key.get(prepared.key):
            return known.source.collection
        if prepared.file in self._inherited:
            return self._inherited[prepared.file]
        return max(self._of_file.get(prepared.file, ()), default=COMMON)  # a named one rather than the common one

    def is_elsewhere(self, entry: Entry) -> bool:
        """Whether a document has to be moved."""
        return self.given is not None and entry.source.collection != self.given

    def is_astray(self, entry: Entry) -> bool:
        """Whether a document cannot stay as it is: it shares its text, and goes to or is in another collection than the other."""
        holder = self._by_id.get(entry.same_as)
        if holder is not None and holder.source.collection != entry.source.collection:
            return True
        if not self.is_elsewhere(entry):
            return False
        return bool(entry.same_as) or any(other.same_as == entry.id for other in self._by_id.values())

    def is_any_off(self, members: Iterable[Entry]) -> bool:
        """Whether a file of many documents has to be read again for one of them."""
        return any(self.is_elsewhere(entry) or self.is_astray(entry) for entry in members)


def move(store: Store, entry: Entry, collection: str) -> Entry:
    """Put a document with its chunks, as they are, into another collection; return its entry. Vectors stay as they are."""
    catalog = store.catalog
    document = catalog.document(entry.id)
    assert document is not None
    source = replace(entry.source, collection=collection)
    moved = replace(entry, source=source)
    ids = catalog.neighbours(entry.id)
    rows, lines, tokens = catalog.chunks(ids), catalog.lines(ids), catalog.tokens(ids)
    with store.turn():
        store.put(
            replace(document, source=source), moved, [rows[i][0] for i in ids], [lines[i] for i in ids],
            [rows[i][1] for i in ids], [tokens.get(i, b"") for i in ids] if tokens else (),
        )  # fmt: skip
    return moved
