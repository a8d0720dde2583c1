"""What an ASGI scope says of a request, for the layers that see it before any route does."""

from collections.abc import Mapping
from typing import Any

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))  # methods that change nothing


def header(scope: Mapping[str, Any], wanted: bytes) -> str:
    """The value of a request's header, its name in small letters; "" where it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")
