"""Known errors. The CLI prints them as one line with a hint; a traceback means a bug.

PolicyQAError                 exit code 1
+-- InputError                exit code 2: what the user gave cannot be used (path, question, option)
|   +-- UnreadableFileError   one file cannot be read; ingestion reports it as skipped and goes on
+-- StoreError                exit code 2: the store is absent, locked by another process, or of another model
|   +-- NoStoreError          there is none yet
|   +-- StoreInUseError       another process has it: it can be had later
+-- MissingPartError          exit code 2: an optional part is not installed; the hint says how to install it
"""


class PolicyQAError(Exception):
    """A known error: `message` says what and where, `hint` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}（{self.hint}）" if self.hint else self.message


class InputError(PolicyQAError):
    """What the user gave cannot be used."""

    exit_code = 2


class UnreadableFileError(InputError):
    """One file cannot be read as a document."""


class StoreError(PolicyQAError):
    """The store is absent, in use by another process, or made by another model."""

    exit_code = 2


class NoStoreError(StoreError):
    """There is no store yet."""


class StoreInUseError(StoreError):
    """Another process has the store and does not let go for now."""


class MissingPartError(PolicyQAError):
    """An optional part is not installed."""

    exit_code = 2
