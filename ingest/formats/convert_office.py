"""Legacy office files through LibreOffice, which runs apart: own profile, no macros, no network, bounded."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest.errors import UnreadableFileError
from ingest.formats.sniff import sniff

TIMEOUT_SECONDS, MAX_OUTPUT_BYTES, MAX_MEMORY_BYTES = 60.0, 100_000_000, 6_000_000_000
# Suffix: (what LibreOffice is to write, what the user calls the file). .wps, .et, .dps are WPS Office's own.
_KINDS = {
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpt", ".rtf", ".odt"), ("docx", "Word")),
    **dict.fromkeys((".xls", ".xlt", ".et", ".ett", ".ods", ".xlsb"), ("xlsx", "Excel")),
    **dict.fromkeys((".ppt", ".pps", ".pot", ".dps", ".dpt", ".odp"), ("pptx", "PowerPoint")),
}
CONVERTIBLE = tuple(_KINDS)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PLACES = (
    "/usr/bin/soffice", "/usr/local/bin/soffice", "/usr/lib/libreoffice/program/soffice",
    "/usr/lib64/libreoffice/program/soffice", "/snap/bin/libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\\Program Files\\LibreOffice\\program\\soffice.exe", r"C:\\Program Files (x86)\\LibreOffice\\program\\soffice.exe",
)  # fmt: skip
# What a file may ask of the program that opens it is off: macros, links to other files and addresses. Whatever still
# wants the network is sent to a port where nothing listens.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
{items}
</oor:items>
"""
_ITEM = (
    '<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
)
_SETTINGS = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "2"),
    ("Office.Calc/Content/Update", "Link", "2"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)


def convert(data: bytes, suffix: str) -> bytes:
    """Return the bytes of a .docx, .xlsx or .pptx file made of a file with one of the CONVERTIBLE suffixes.

    A file that is of that kind already, under an old name, is returned as it is. Raises UnreadableFileError:
    LibreOffice is not installed (command soffice), the file has a password, is no office file, cannot be converted, or
    takes over 60 seconds, 6 GB of memory or 100 MB of output; ValueError for another suffix.
    """
    if suffix.lower() not in _KINDS:
        raise ValueError(f"not convertible: {suffix}")
    wanted, product = _KINDS[suffix.lower()]
    found = sniff(data)
    if found == f".{wanted}":
        return data
    if found == ".encrypted":
        raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
    if found not in _KINDS and found != ".xml" and not data.startswith(_OLE):  # Word 2003 wrote XML
        # LibreOffice would take anything for plain text, and guess its encoding.
        kind = f"{found} 文件" if found else "纯文本或无法识别的数据"
        raise UnreadableFileError(f"扩展名是 {suffix}，内容却是{kind}", "请按实际类型修改文件的扩展名")
    program = find_soffice()
    if program is None:
        raise UnreadableFileError(
            f"旧版 {product} 文件要先安装 LibreOffice（命令 soffice）才能读取", f"或用 Office、WPS 另存为 .{wanted}"
        )
    with tempfile.TemporaryDirectory(prefix="policyqa-office-", ignore_cleanup_errors=True) as folder:
        # Named by content: LibreOffice takes .wps for Microsoft Works, WPS Office's is a Word file.
        source = Path(folder) / f"source{found if found in _KINDS else suffix.lower()}"
        source.write_bytes(data)
        return _converted(program, source, wanted)


def find_soffice() -> str | None:
    """Return the path of LibreOffice's command: on PATH, else where its installers put it; None if absent."""
    for name in ("soffice", "libreoffice"):
        found = shutil.which(name)
        if found:
            return found
    return next((place for place in _PLACES if os.access(place, os.X_OK)), None)


def _converted(program: str, source: Path, wanted: str) -> bytes:
    folder = source.parent
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    items = "\n".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE.format(items=items), encoding="utf-8")
    command = [
        program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--invisible", "--norestore", "--nologo",
        "--nodefault", "--nolockcheck", "--nofirststartwizard", "--convert-to", wanted, "--outdir", str(folder / "out"),
        str(source),
    ]  # fmt: skip
    _run(command, folder)
    made = folder / "out" / f"{source.stem}.{wanted}"
    size = made.stat().st_size if made.is_file() and not made.is_symlink() else 0
    if not size:  # its exit status is 0 all the same
        raise UnreadableFileError("LibreOffice 打不开这个文件", "可能已损坏或有打开密码，请另存后再导入")
    if size > MAX_OUTPUT_BYTES:
        megabytes = f"转换后有 {size / 1e6:.0f} MB，上限为 {MAX_OUTPUT_BYTES // 1_000_000} MB"
        raise UnreadableFileError("文件过大", megabytes)
    return made.read_bytes()


def _run(command: list[str], folder: Path) -> None:
    """Run the command in a process group of its own and leave none of the group behind."""
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "SAL_USE_VCLPLUGIN": "svp"}
    if sys.platform != "win32":
        # The shell sets limits (in KiB and blocks of 512 bytes) and becomes the program; a limit that the system does
        # not know is passed over.
        limits = f"ulimit -v {MAX_MEMORY_BYTES // 1024}; ulimit -f {2 * MAX_OUTPUT_BYTES // 512}; ulimit -c 0"
        command = ["/bin/sh", "-c", f'{{ {limits}; }} 2>/dev/null; exec "$0" "$@"', *command]
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise UnreadableFileError("LibreOffice（命令 soffice）启动不了", error.strerror or "请检查安装") from error
    try:
        process.wait(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFileError(
            f"LibreOffice 转换超过 {TIMEOUT_SECONDS:.0f} 秒，已停止", "请用 Office 或 WPS 另存为新格式后再导入"
        ) from error
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group, also where the launcher is gone and its child is not."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # none left
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
