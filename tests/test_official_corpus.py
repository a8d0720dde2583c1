"""The official texts beside the repository: each is read, each known trap is named, and no number is lost."""

from pathlib import Path

import pytest

from ingest.prepare import prepare_file
from ingest.types import Unread
from ingest.walk import find_files

# What is known to be wrong with a file: health flags, or what was set right (SET_RIGHT, REPAIRS).
TRAPS = {
    "000_": {"pinyin-gloss", "self-media-disclaimer"}, "05_": {"print-frame"}, "06_": {"outline-only"}, "07_": {"print-frame"},
    "08_": {"print-frame", "ocr"}, "09_": {"print-frame"}, "35_": {"truncated"}, "42_": {"mixed-line-ends"}, "43_": {"mixed-line-ends"},
    "46_": {"digest"}, "50_": {"web-frame", "line-ends-restored"}, "52_": {"web-frame", "line-ends-restored"},
    "57_": {"web-frame"}, "88_": {"wrong-extension"}, "90_": {"altchunk"}, "92_": {"web-frame"},
}  # fmt: skip
DOCUMENTS = {"60_": 100, "83_": 81}  # files of many


@pytest.fixture(scope="module")
def read(corpus_dir):
    """Every document of the folder by file, through the same function as ingestion."""
    return {found.path.name: list(prepare_file(found)) for found in find_files([str(corpus_dir)])}


@pytest.mark.corpus
def test_every_document_is_read_and_no_number_is_lost(read):
    assert len(read) >= 43
    for name, items in read.items():
        assert not [item for item in items if isinstance(item, Unread)], name
        assert len(items) == next((n for start, n in DOCUMENTS.items() if name.startswith(start)), 1), name
        for item in items:
            assert item.chunks and item.document.health.lost_numbers == (), item.document.source.path
    assert sum(item.document.health.numbers for items in read.values() for item in items) > 6000


@pytest.mark.corpus
def test_each_known_trap_is_named(read):
    for start, traps in TRAPS.items():
        (items,) = [items for name, items in read.items() if name.startswith(start)]
        named = {*items[0].document.source.repairs, *items[0].document.health.flags}
        assert traps <= named, f"{start}: {named}"
    wrong = {"outline-only", "digest", "truncated", "garbled", "numbers-lost", "pages-without-text", "too-short"}
    flagged = {
        Path(name).name for name, items in read.items() if any(wrong & {*i.document.health.flags} for i in items)
    }
    assert {name[:3] for name in flagged} <= {"06_", "35_", "46_", "60_", "83_"}, flagged
