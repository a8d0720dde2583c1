"""What argparse says of wrong arguments, in Chinese."""

import re

_WORDS = (
    (r"(argument [^:]+: )?invalid choice: (.+?) \(choose from (.+)\)", r"\1不能是 \2，可用的有 \3"),
    (r"(argument [^:]+: )?invalid (?:int|float) value: (.+)", r"\1\2 不是数字"),
    (r"(argument [^:]+: )?invalid \S+ value: (.+)", r"\1\2 无效"),
    (r"(argument [^:]+: )?expected one argument", r"\1后面要跟一个值"),
    (r"(argument [^:]+: )?expected at least one argument", r"\1后面至少要跟一个值"),
    (r"(argument [^:]+: )?not allowed with argument (.+)", r"\1不能与 \2 同用"),
    (r"(argument [^:]+: )?ignored explicit argument (.+)", r"\1后面不跟值，却给了 \2"),
    (r"the following arguments are required: (.+)", r"缺少 \1"),
    (r"one of the arguments (.+) is required", r"\1 要给出其中一个"),
    (r"unrecognized arguments: (.+)", r"不认识 \1"),
    (r"ambiguous option: (.+) could match (.+)", r"\1 不明确，可能是 \2"),
)


def in_chinese(message: str) -> str:
    """Return a message of argparse in Chinese; one that is not known stays as it is."""
    for pattern, words in _WORDS:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return re.sub(r"^argument ([^:]+): ", r"\1 ", found.expand(words)).replace("', '", "'、'")
    return message
