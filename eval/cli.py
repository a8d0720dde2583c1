"""`policyqa eval`: which word runs which command. Each command is a file of `eval.commands` with its own options."""

import argparse
from typing import NoReturn

from app.settings import Settings
from app.usage_words import in_chinese
from eval.commands import compare, gen, grid, judge, mutate, report, review, run, score, show, validate

# word -> what it does; without one of these words a suite is run
COMMANDS = {
    "validate": (validate, "核对题目文件：格式、原文、事实"),
    "score": (score, "对一次运行的记录重新评分，不用模型"),
    "compare": (compare, "比较两次运行：差异、区间、检验"),
    "grid": (grid, "在多种检索与模型配置上运行，列表比较"),
    "gen": (gen, "从文档生成候选题，供人审核"),
    "review": (review, "逐题审核候选题"),
    "judge": (judge, "让大模型评判一次运行的回答"),
    "mutate": (mutate, "把正确的回答改错，看评分能否识破"),
    "show": (show, "一道题的回答、标注与判定"),
    "report": (report, "由运行记录重新生成报告"),
}
_RUN = (run, "运行评测套件")


class _Parser(argparse.ArgumentParser):
    """Usage errors are one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"错误：参数有误：{in_chinese(message)}（{self.prog} --help 查看用法）\n")


def run_arguments(arguments: list[str], settings: Settings) -> int:
    """Run the words after `policyqa eval`: 0, or 3 if a gate is not passed. Raises InputError for what cannot be used."""
    word = arguments[0] if arguments and arguments[0] in COMMANDS else ""
    command, _ = COMMANDS.get(word, _RUN)
    code: int = command.run(parser_of(word).parse_args(arguments[1:] if word else arguments), settings)
    return code


def parser_of(word: str) -> argparse.ArgumentParser:
    """Return the parser of a command; "" is the run of a suite."""
    command, what = COMMANDS.get(word, _RUN)
    others = "其他命令：" + "；".join(f"eval {name} {help_text}" for name, (_, help_text) in COMMANDS.items())
    prog = f"policyqa eval {word}".rstrip()
    parser = _Parser(prog=prog, description=what, epilog=None if word else others)
    command.add_arguments(parser)
    return parser
