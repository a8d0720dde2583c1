"""Where a store lies: in a folder, or on a Chroma server. Imported by the settings, so it must cost nothing."""

from pathlib import Path
from typing import TypeGuard

Location = Path | str  # a folder, or a server's address: http(s)://host:port


def as_location(text: str) -> Location:
    """Return what a user's text names."""
    return text.strip() if is_server(text.strip()) else Path(text)


def is_server(location: Location) -> TypeGuard[str]:
    """Tell whether a store is a server's address and not a folder."""
    return isinstance(location, str) and location.lower().startswith(("http://", "https://"))
