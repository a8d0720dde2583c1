"""Words that the product says, as files: phrases for framed answers and message templates for an LLM.

`zh/` and `en/` hold the same files with the same placeholders ($name, string.Template).
"""

import functools
import tomllib
from pathlib import Path
from string import Template


@functools.cache
def _phrases(language: str) -> dict[str, str]:
    path = Path(__file__).with_name(language) / "phrases.toml"
    return {key: str(value) for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def phrase(language: str, key: str, **values: str) -> str:
    """Return a framing phrase filled in. Raises KeyError for an unknown key or a missing value."""
    return Template(_phrases(language)[key]).substitute(values)


@functools.cache
def _template(language: str, name: str) -> Template:
    return Template((Path(__file__).with_name(language) / name).read_text(encoding="utf-8"))


def message(language: str, name: str, **values: str) -> str:
    """Return the message template `name` (answer.system.md, answer.user.md) filled in; values are inserted as they are."""
    return _template(language, name).substitute(values)
