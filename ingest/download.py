"""Web pages and files named by address: fetched into a folder, so that they are read as any other file is."""

from dataclasses import replace
from pathlib import Path

from ingest.errors import UnreadableFileError
from ingest.walk import Found


def download(found: Found, folder: Path, allow_private: bool = False) -> Found:
    """Fetch an address into `folder` and return it with its file; with a reason where that failed.

    `allow_private` lets it reach private and loopback addresses, see ingest.formats.fetch.
    """
    from ingest.formats.fetch import fetch

    try:
        got = fetch(found.url, allow_private=allow_private)
    except UnreadableFileError as error:
        return replace(found, reason=str(error))
    path = folder / f"{len(list(folder.iterdir()))}{got.suffix}"
    path.write_bytes(got.data)
    return replace(found, path=path, charset=got.charset)
