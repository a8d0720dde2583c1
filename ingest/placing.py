"""Into which collection a document goes. A document that is indexed leaves a collection only where someone says so.

Given with the ingestion first; then what its sidecar says; then where it is already (a moved file: where it was; a new
record of a file: where the file's others are); then what the document states of itself. So neither a new version of a file
nor what stands in it opens to all what was kept for some. Of a file that is read for the first time every document goes
where it says, as far as the file's sidecar lets it (`collections`).
"""

from collections.abc import Iterable
from dataclasses import replace

from ingest.collections import COMMON
from ingest.errors import UnreadableFileError
from ingest.prepare import Prepared
from ingest.records import Entry
from ingest.store import Store


class Placing:
    """What one ingestion knows of collections. `given` is the one that the user named, None where he named none."""

    def __init__(self, given: str | None, crossing: bool = True) -> None:
        self.given, self._crossing = given, crossing
        self._by_id: dict[str, Entry] = {}
        self._by_key: dict[str, Entry] = {}
        self._of_file: dict[str, set[str]] = {}  # file -> collections of what it had before
        self._inherited: dict[str, str] = {}  # file -> the collection of the document that it was

    def know(self, entry: Entry) -> None:
        """Note where a document is."""
        self._by_id[entry.id] = self._by_key[entry.key] = entry

    def know_file(self, entry: Entry) -> None:
        """Note that a document's file was read before, so that others of it go where this one is."""
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
        """Return the document as one of the collection that it goes to. Raises UnreadableFileError where it must not go there."""
        source = prepared.document.source
        if self.given is not None:
            wanted = self.given
        elif dict(source.found).get("collection") == "旁置文件":
            wanted = source.collection
        else:
            wanted = self._before(prepared) or _stated(prepared)
        if wanted == source.collection:
            return prepared
        return replace(prepared, document=replace(prepared.document, source=replace(source, collection=wanted)))

    def _before(self, prepared: Prepared) -> str:
        if known := self._by_key.get(prepared.key):
            return known.source.collection
        if prepared.file in self._inherited:
            return self._inherited[prepared.file]
        others = self._of_file.get(prepared.file, set()) - {COMMON}  # a named one rather than the common one
        own = prepared.document.source.collection
        return own if own in others else max(others, default=COMMON)

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


def _stated(prepared: Prepared) -> str:
    """The collection that a document states of itself, where whoever added its file may put something there."""
    stated, within = prepared.document.source.collection, prepared.within
    if within is not None and stated not in within:
        raise UnreadableFileError(
            f"写明属于集合 {stated or '公共'}，但没有这个集合，或没有权限加入", "添加时指定集合，或请有权限的人添加"
        )
    return stated


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
