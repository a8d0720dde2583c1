"""How a document's file is named when it is read again, and what is told of one that was read."""

from pathlib import Path

from app.library.shelf import Removed
from app.library.work import Said
from ingest.records import Entry
from ingest.summary import Summary
from ingest.walk import file_key, is_address, path_of


def file_of(removed: Removed) -> str:
    """The key of the file that a removed document was in, as far as what was given names it."""
    return removed.given if is_address(removed.given) else file_key(Path(removed.given))


def given(entry: Entry) -> str:
    """Return a document's file as the user gave it, where that still names it, else by its full path."""
    if is_address(entry.file):
        return entry.file
    named = entry.source.path.removesuffix(entry.key.removeprefix(entry.file))
    return named if file_key(Path(named)) == entry.file else str(path_of(entry.file))


def said_of(summary: Summary, path: str) -> list[Said]:
    """What is told of a file that was read: how much, and what a reader has to know."""
    read = summary.added + summary.updated
    said: list[Said] = [("work_done", {"chunks": summary.chunks})]
    if read > 1:
        said = [("work_done_many", {"documents": read, "chunks": summary.chunks})]
    said += [("work_linked", {"title": link["same_as"]}) for link in summary.linked[:1] if link["source"] == path]
    flags = list(dict.fromkeys(name for row in summary.flagged for name in row["flags"]))
    said += [(f"flag_{name}", {}) for name in flags]
    if summary.skipped:
        first = summary.skipped[0]
        member, reason = first["source"].removeprefix(f"{path}#"), first["reason"]
        said.append(("work_skipped", {"count": len(summary.skipped), "member": member, "reason": reason}))
    return said
