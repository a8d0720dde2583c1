"""The command line: arguments in, one engine call, text or JSON out. Heavy modules are imported by the command that needs them."""

import argparse
import errno
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from app.settings import Settings, load_settings
from app.usage_words import in_chinese
from ingest.errors import InputError, PolicyQAError

if TYPE_CHECKING:
    from app.types import Turn

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (DESIGN 3)."""
    gc.set_threshold(100_000, 20, 20)  # what imports make lives as long as the process: a tenth of a cold start less
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    # eval has its own options, known to the eval package only: they are handed over unread.
    args = parser.parse_args(arguments[:1] if arguments[:1] == ["eval"] else arguments)
    args.rest = arguments[1:]
    try:
        settings = load_settings(store=getattr(args, "store", None))
        if settings.operating.log and args.command != "serve":
            from app.operations.logs import set_up_logs

            set_up_logs(settings.operating, "off")
        command: Callable[[argparse.Namespace, Settings], int] = args.run
        return command(args, settings)
    except PolicyQAError as error:
        print(f"错误：{error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader (head, less) has gone; that is its right
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PermissionError as error:
        where = error.filename or error.strerror
        print(f"错误：没有权限读写 {where}（检查所有者与权限，或改用运行服务的用户）", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        print(f"错误：磁盘写不进去：{error.strerror}（腾出空间后重试，已入库的资料不受影响）", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """Usage errors are one line."""

    def error(self, message: str) -> Any:
        self.exit(2, f"错误：参数有误：{in_chinese(message)}（{self.prog} --help 查看用法）\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="policyqa", description="面向地方人工智能政策资料的可核验问答")
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令", parser_class=_Parser)

    def add(name: str, run: Callable[[argparse.Namespace, Settings], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        where = "索引目录，或 Chroma 服务器的地址 http://主机:端口（默认 .policyqa/store，或 POLICYQA_STORE）"
        command.add_argument("--store", metavar="目录或网址", help=where)
        return command

    ingest = add("ingest", _ingest, "把文件或目录导入索引（只处理有变化的文件）")
    ingest.add_argument("paths", nargs="+", metavar="路径或网址")
    ingest.add_argument("--prune", action="store_true", help="同时移除所给目录下已被删除的文件")
    ingest.add_argument("--collection", metavar="集合", help="放入这个集合，只有获准的读者看得到（公共 为所有人可见）")
    ingest.add_argument("--engine", choices=("local", "ray"), default="local", help="在本机处理，或在 Ray 集群上处理")
    ingest.add_argument("--address", metavar="地址", help="--engine ray：已有集群的地址（默认在本机起一个）")
    ingest.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")

    docs = add("docs", _docs, "查看已导入的文档：list、show ID、remove ID")
    docs.add_argument("action", choices=("list", "show", "remove"))
    docs.add_argument("id", nargs="?", help="文档编号（show、remove）")
    docs.add_argument("--text", action="store_true", help="show：打印清洗后的全文")
    docs.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")

    search = add("search", _search, "检索段落")
    _question_arguments(search)
    search.add_argument("-k", type=int, default=10, metavar="N", help="返回几段（默认 10）")

    ask = add("ask", _ask, "提问并得到带引文的回答")
    _question_arguments(ask)
    ask.add_argument("--lang", choices=("zh", "en"), help="回答语言（默认随问题）")

    serve = add("serve", _serve, "启动网页与接口（/v1、/mcp）")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=7860)

    add("mcp", _mcp, "作为 MCP 服务器与一个客户端对话（标准输入输出）；网页服务的 /mcp 也提供同样的工具")

    history = add("history", _history, "网页里的对话记录：list、export ID、replay ID、candidate ID、remove ID")
    history.add_argument("action", choices=("list", "export", "replay", "candidate", "remove"))
    history.add_argument("id", nargs="?", help="对话编号，或单个回答的复现编号（export、replay、candidate）")
    history.add_argument(
        "--out",
        metavar="文件",
        help="export：.md 或 .docx（默认 编号.md）；candidate：候选题文件（默认 candidates.jsonl）",
    )
    history.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")

    from app.access.command import add_arguments

    add_arguments(
        add(
            "user",
            _access,
            "可以登录的账号：list、add、password、grant、disable、enable、unlock、remove（口令从键盘或标准输入读）",
        ),
        add("key", _access, "程序用的 API 密钥：list、add 账号、revoke 密钥的开头"),
    )

    from app.operations.command import add_options

    add_options(add("store", _store, "索引的保管：verify、backup、restore、export、import、upgrade"))

    doctor = add("doctor", _doctor, "检查本机可用的部件，以及索引、备份与服务的状态")
    doctor.add_argument(
        "--url", metavar="网址", default="", help="要检查的网页服务（默认 http://127.0.0.1:7860，没有运行也可以）"
    )
    doctor.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    add("eval", _eval, "运行评测套件")
    return parser


def _question_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("question", nargs="?", metavar="问题")
    command.add_argument("--file", metavar="JSONL", help='每行一个 {"id", "question", "history"?}')
    command.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _note(text: str) -> None:
    from app.render import visible

    print(visible(text), file=sys.stderr, flush=True)  # file names are not ours


def _ingest(args: argparse.Namespace, settings: Settings) -> int:
    from app.ingest_command import run

    for line in run(args, settings, _note):
        print(line, flush=True)
    return 0


def _docs(args: argparse.Namespace, settings: Settings) -> int:
    from app.documents import in_one_line, list_documents, remove_document, show_document
    from app.render import visible  # file names are not ours

    if args.action != "list" and not args.id:
        raise InputError(f"docs {args.action} 需要文档编号", "用 policyqa docs list 查看编号")
    if args.action == "list":
        documents = list_documents(settings)
        if args.json:
            _print_json(documents)
        for row in [] if args.json else documents:
            print(visible(in_one_line(row)))
    elif args.action == "show":
        shown = show_document(settings, args.id, with_text=args.text)
        if args.json:
            _print_json(shown)
        elif args.text:
            print(shown["text"])
        else:
            for key, value in shown.items():
                print(visible(f"{key}: {value}"))
    else:
        removed = remove_document(settings, args.id)
        _print_json(removed) if args.json else print(visible(f"已移除 {removed['title']}（{removed['source']}）"))
    return 0


def _search(args: argparse.Namespace, settings: Settings) -> int:
    if args.k < 1 or args.k > 200:
        raise InputError(f"-k {args.k} 无效", "1 到 200 之间")
    from app.documents import hit_to_json

    def one(engine: Any, question: str, history: Sequence["Turn"]) -> tuple[dict[str, Any], str]:
        hits = engine.search(question, args.k, history)
        rows = [hit_to_json(rank, hit) for rank, hit in enumerate(hits, 1)]
        shown = (
            f"{row['rank']}. [{row['score']:.2f}] {row['title']}  {row['source']}:{row['start']}-{row['end']}\n   {row['text'][:160]}"
            for row in rows
        )
        return {"question": question, "hits": rows}, "\n".join(shown) or "没有找到相关的段落"

    return _each_question(args, settings, one)


def _ask(args: argparse.Namespace, settings: Settings) -> int:
    from app.documents import answer_as_text

    def one(engine: Any, question: str, history: Sequence["Turn"]) -> tuple[dict[str, Any], str]:
        answer = engine.ask(question, history, args.lang)
        return answer.to_json(), answer_as_text(answer, args.lang)

    return _each_question(args, settings, one)


def _each_question(
    args: argparse.Namespace,
    settings: Settings,
    one: Callable[[Any, str, Sequence["Turn"]], tuple[dict[str, Any], str]],
) -> int:
    """Answer the one question, or each line of --file with one model load; a bad line is reported and passed over.

    `one` gives the record for --json and the words for a terminal.
    """
    from app.questions import read_questions

    if (args.question is None) == (args.file is None):
        raise InputError("要么给出一个问题，要么给出 --file", '例如 policyqa ask "贵州有哪些算力政策"')
    if args.question is not None:
        from app.understanding.language import detect_language

        if not args.question.strip():
            raise InputError("问题为空", "写下要问的内容，例如：贵州有哪些算力政策")
        detect_language(args.question)  # before a model is loaded
    items = read_questions(args.file) if args.file else None
    from app.build import open_engine

    with open_engine(settings, on_note=_note) as engine:
        if items is None:
            record, shown = one(engine, args.question, ())
            _print_json(record) if args.json else print(shown)
            return 0
        code = 0
        for item in items:
            try:
                result = {**one(engine, item.question, item.history)[0], "id": item.id}
            except InputError as error:
                code = error.exit_code
                _note(f"错误：{args.file} 中 id={item.id}：{error}")
                result = {"id": item.id, "question": item.question, "error": str(error)}
            _print_json(result)  # answers to a file of questions are JSON Lines, whether or not --json was given
        return code


def _serve(args: argparse.Namespace, settings: Settings) -> int:
    from app.access.opening import open_access, refuse_unguarded
    from app.operations.control_client import refuse_second
    from app.server import check_address, is_loopback, serve

    check_address(args.host, args.port)  # before anything slow
    local = is_loopback(args.host)
    refuse_unguarded(settings, local)
    refuse_second(settings)
    from app.build import make_index, open_engine, open_library
    from app.history.book import open_history
    from app.operations.ending import ending_well
    from app.operations.logs import set_up_logs

    set_up_logs(settings.operating, "text")

    make_index(settings, _note)
    # The store is open for reading, so `policyqa ask` works beside it; adding to the library takes it alone for a while.
    with (
        ending_well(),  # first: it ends the process once the others are closed
        open_access(settings, local) as access,
        open_engine(settings, on_note=_note) as engine,
        open_history(settings.history) as book,
        open_library(settings, engine) as library,
    ):
        if access is not None and not local:
            _note("注意：口令与会话不加密地经过网络，请放在 HTTPS 反向代理之后")
        ready = partial(_note, f"已就绪：http://{args.host}:{args.port}/ （Ctrl-C 结束）")
        serve(engine, args.host, args.port, ready, book, library, settings, access)
    return 0


def _access(args: argparse.Namespace, settings: Settings) -> int:
    from app.access.command import run

    for line in run(args, settings):
        print(line, flush=True)
    return 0


def _mcp(args: argparse.Namespace, settings: Settings) -> int:
    from app.api.tools import installed, missing, serve_stdio

    if not installed():  # before a model is loaded
        raise missing()
    from app.build import open_engine

    with open_engine(settings, on_note=_note) as engine:
        serve_stdio(engine, settings)
    return 0


def _history(args: argparse.Namespace, settings: Settings) -> int:
    from app.history.command import run

    for line in run(args, settings):
        print(line, flush=True)
    return 0


def _store(args: argparse.Namespace, settings: Settings) -> int:
    from app.operations.command import run

    code, lines = run(args, settings)
    for line in lines:
        print(line, flush=True)
    return code


def _doctor(args: argparse.Namespace, settings: Settings) -> int:
    from app.doctor import examine

    report = examine(settings, url=args.url)
    if args.json:
        _print_json(report)
    else:
        for part in report["parts"]:
            print(f"[{'可用' if part['ok'] else '注意'}] {part['name']}：{part['detail']}")
    return 0


def _eval(args: argparse.Namespace, settings: Settings) -> int:
    from eval.cli import run_arguments  # the only import against the one-way rule, and only inside this command

    return int(run_arguments(args.rest, settings))
