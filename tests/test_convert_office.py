"""Legacy office files: what happens around LibreOffice, and, where it is installed, with it."""

import io
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest.errors import UnreadableFileError
from ingest.formats import convert_office
from ingest.formats.convert_office import CONVERTIBLE, convert, find_soffice
from ingest.formats.read_docx import read_docx

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for soffice is a shell script")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument\0".encode("utf-16-le") + b"\0" * 600
RTF = b"{\\rtf1\\ansi hello}"
real = pytest.mark.skipif(
    find_soffice() is None and not os.environ.get("POLICYQA_TEST_OFFICE"), reason="LibreOffice (soffice) is absent"
)


@pytest.fixture
def soffice(tmp_path, monkeypatch):
    """Put a shell script in the place of soffice; it writes its arguments and folder to `calls`."""

    def install(script):
        program = tmp_path / "bin" / "soffice"
        program.parent.mkdir(exist_ok=True)
        calls = tmp_path / "calls"
        head = f'#!/bin/sh\nprintf "%s\\n" "$@" > {calls}\nfor last; do :; done\nout=$(dirname "$last")/out\nmkdir -p "$out"\n'
        program.write_text(head + script, encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return calls

    return install


@posix
def test_the_program_gets_a_profile_of_its_own_without_macros(soffice):
    calls = soffice('cp "$(dirname "$last")/profile/user/registrymodifications.xcu" "$out/source.docx"')
    made = convert(OLE, ".wps").decode()
    arguments = calls.read_text(encoding="utf-8").splitlines()
    assert arguments[0].startswith("-env:UserInstallation=file:///") and "--headless" in arguments
    assert arguments[arguments.index("--convert-to") + 1] == "docx"
    assert arguments[-1].endswith("/source.doc"), "a .wps that is a Word file is given as one"
    for setting in ("DisableMacrosExecution", "BlockUntrustedRefererLinks", "MacroSecurityLevel"):
        assert f'oor:name="{setting}"' in made
    folder = arguments[-1].removesuffix("/source.doc")
    assert not os.path.exists(folder), "nothing is left on disk"


@posix
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", "打不开"),
        ("echo broken >&2; exit 81", "打不开"),
        (': > "$out/source.docx"', "打不开"),
        ('ln -s /etc/hostname "$out/source.docx"', "打不开"),
        ('head -c 3000 /dev/zero > "$out/source.docx"', "文件过大"),
    ],
)
def test_failures_have_a_reason(soffice, monkeypatch, script, reason):
    monkeypatch.setattr(convert_office, "MAX_OUTPUT_BYTES", 2_048)
    soffice(script)
    with pytest.raises(UnreadableFileError, match=reason):
        convert(OLE, ".doc")


@posix
def test_a_program_that_hangs_is_killed_with_all_that_it_started(soffice, monkeypatch, tmp_path):
    monkeypatch.setattr(convert_office, "TIMEOUT_SECONDS", 0.5)
    soffice(f"sleep 300 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; wait")
    start = time.monotonic()
    with pytest.raises(UnreadableFileError, match="超过"):
        convert(RTF, ".rtf")
    assert time.monotonic() - start < 30
    for name in ("child", "parent"):
        assert _is_gone(int((tmp_path / name).read_text(encoding="utf-8"))), name


@posix
def test_a_launcher_that_leaves_its_child_behind_is_cleaned_up(soffice, tmp_path):
    soffice(f'sleep 300 & echo $! > {tmp_path}/child; printf made > "$out/source.xlsx"')
    assert convert(OLE, ".et") == b"made"
    assert _is_gone(int((tmp_path / "child").read_text(encoding="utf-8")))


@posix
def test_a_runaway_output_is_stopped_while_it_is_written(soffice, monkeypatch):
    monkeypatch.setattr(convert_office, "MAX_OUTPUT_BYTES", 1_000_000)
    calls = soffice('head -c 50000000 /dev/zero > "$out/source.docx"; stat -c %s "$out/source.docx" > "$0.size"')
    with pytest.raises(UnreadableFileError, match="文件过大"):
        convert(OLE, ".doc")
    assert int((calls.parent / "bin" / "soffice.size").read_text(encoding="utf-8")) <= 2_000_000


def _is_gone(process):
    for _ in range(100):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.strip().startswith("Z"):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("suffix", "product"), [(".doc", "Word"), (".et", "Excel"), (".PPT", "PowerPoint")])
def test_without_libreoffice_the_reason_says_what_to_do(monkeypatch, suffix, product):
    monkeypatch.setattr(convert_office, "find_soffice", lambda: None)
    with pytest.raises(UnreadableFileError) as refused:
        convert(OLE, suffix)
    assert f"旧版 {product} 文件要先安装 LibreOffice（命令 soffice）才能读取" in str(refused.value)
    assert "另存为 ." in refused.value.hint


def test_files_under_a_wrong_name_do_not_reach_the_program(monkeypatch):
    monkeypatch.setattr(convert_office, "find_soffice", lambda: pytest.fail("was asked for"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("word/document.xml", "<w/>")
    assert convert(out.getvalue(), ".doc") == out.getvalue(), "a .docx named .doc needs no conversion"
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage\0".encode("utf-16-le")
    cases = [
        (b"<html><body>", ".html"), (b"%PDF-1.4", ".pdf"), ("纯文本的通知".encode("gbk"), "纯文本"), (encrypted, "加密"),
        (bytes(range(1, 200)), "无法识别"), (out.getvalue().replace(b"word", b"xxxx"), ".zip"),
    ]  # fmt: skip
    for data, reason in cases:
        with pytest.raises(UnreadableFileError, match=re.escape(reason)):
            convert(data, ".doc")
    with pytest.raises(ValueError, match="txt"):
        convert(OLE, ".txt")
    assert {".doc", ".wps", ".rtf", ".odt", ".xls", ".et", ".ppt", ".dps"} <= set(CONVERTIBLE)


@real
def test_rtf_becomes_a_word_file():
    rtf = rb"{\rtf1\ansi\ansicpg936 {\b\u31532 ?\u19968 ?\u26465 ?} \u26426 ?\u26550 ?\'b4\'ef 12.5\u19975 ?\par }"
    text = read_docx(convert(rtf, ".doc"))[0]
    assert text == "第一条 机架达 12.5万"


@real
def test_a_word_file_survives_the_way_through_the_old_format(corpus_dir, tmp_path):
    """The law as .docx, saved as .doc by LibreOffice, is read as the same text."""
    source = tmp_path / "law.docx"
    source.write_bytes((corpus_dir / "89_vat_law.docx").read_bytes())
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [find_soffice(), profile, "--headless", "--convert-to", "doc", "--outdir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    old = (tmp_path / "law.doc").read_bytes()
    assert old.startswith(b"\xd0\xcf\x11\xe0")
    before, after = (re.sub(r"[\s#]", "", read_docx(data)[0]) for data in (source.read_bytes(), convert(old, ".wps")))
    assert before == after
    with pytest.raises(UnreadableFileError):
        convert(old[:3_000], ".doc")


@real
def test_a_file_cannot_make_the_program_fetch_anything(tmp_path):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_PROPFIND = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    made = convert(_odt(f"http://127.0.0.1:{server.server_port}", secret.as_uri()), ".odt")
    server.shutdown()
    server.server_close()
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        assert not any(b"SECRET" in file.read(name) for name in file.namelist())
    assert "正文" in read_docx(made)[0] and not asked


def _odt(address, secret):
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    spaces = " ".join(f'xmlns:{name}="{urn}{name}:1.0"' for name in ("office", "text"))
    spaces += (
        f' xmlns:draw="{urn}drawing:1.0" xmlns:svg="{urn}svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    )
    frame = f'<draw:frame svg:width="2cm" svg:height="2cm"><draw:image xlink:href="{address}/a.png"/></draw:frame>'
    section = (
        f'<text:section text:name="S"><text:section-source xlink:href="{secret}"/><text:p>旧</text:p></text:section>'
    )
    entry = '<m:file-entry m:full-path="{}" m:media-type="{}"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        entries = entry.format("/", "application/vnd.oasis.opendocument.text") + entry.format("content.xml", "text/xml")
        file.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{urn}manifest:1.0">{entries}</m:manifest>')
        file.writestr(
            "content.xml",
            f'<office:document-content {spaces} office:version="1.2"><office:body><office:text><text:p>正文{frame}</text:p>'
            f"{section}</office:text></office:body></office:document-content>",
        )
    return out.getvalue()
