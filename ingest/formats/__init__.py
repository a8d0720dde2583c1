"""Readers: the bytes of a file, or a page at an address, to Parts. One file a format; `dispatch` picks it."""
