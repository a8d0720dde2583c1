"""Files under the given paths: what is found, what is passed over, what is named as unreadable."""

import os

import pytest

from ingest.errors import InputError
from ingest.walk import file_key, find_files, path_of


def write(path, text="数据。"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def found(*paths):
    return [(item.name.rpartition("/")[2], item.reason) for item in find_files([str(path) for path in paths])]


def test_hidden_files_and_sidecars_are_passed_over(tmp_path):
    for name in ("a.md", "a.md.yaml", "b.txt", "b.yml", "孤.yaml", ".隐藏.md", ".git/c.md", "sub/d.md"):
        write(tmp_path / name)
    assert [name for name, _ in found(tmp_path)] == ["a.md", "b.txt", "孤.yaml", "d.md"]


def test_a_loop_of_links_ends_and_dead_links_and_pipes_are_named(tmp_path):
    write(tmp_path / "a.md")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dead.md").symlink_to(tmp_path / "没有.md")
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    os.mkfifo(tmp_path / "pipe.txt")
    reasons = dict(found(tmp_path))
    assert set(reasons) == {"a.md", "dead.md", "self.md", "pipe.txt"} and reasons["a.md"] == ""
    assert "不存在" in reasons["dead.md"] and reasons["self.md"] and "不是普通文件" in reasons["pipe.txt"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    write(tmp_path / "inside" / "a.md")
    write(tmp_path / "secret.txt")
    (tmp_path / "inside" / "b.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "inside" / "c.md").symlink_to(tmp_path / "inside" / "a.md")
    assert found(tmp_path / "inside") == [("a.md", ""), ("b.txt", "链接指向所给目录之外"), ("c.md", "")]
    assert found(tmp_path / "inside" / "b.txt") == [("b.txt", "")]  # named by the user, it is wanted


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_closed_folder_is_named(tmp_path):
    write(tmp_path / "closed" / "a.md")
    (tmp_path / "closed").chmod(0)
    try:
        assert found(tmp_path) == [("closed", "目录打不开，没有读取权限")]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.md")

    def walk(top, onerror):
        onerror(PermissionError(13, "denied", str(tmp_path / "closed")))
        yield str(tmp_path), [], ["a.md"]

    monkeypatch.setattr("ingest.walk.os.walk", walk)
    assert dict(found(tmp_path)) == {"a.md": "", "closed": "目录打不开，没有读取权限"}


def test_a_name_in_gbk_bytes_is_read_and_its_key_leads_back(tmp_path):
    raw = os.fsencode(tmp_path) + "/数据办法.txt".encode("gbk")
    with open(raw, "w", encoding="utf-8") as file:
        file.write("数据。")
    (item,) = find_files([str(tmp_path)])
    assert item.name.endswith("数据办法.txt") and item.reason == ""
    key = file_key(item.path)
    assert key.encode("utf-8") and path_of(key) == item.path
    assert path_of(file_key(tmp_path / "普通.txt")) == (tmp_path / "普通.txt").resolve()


@pytest.mark.parametrize("path", ["", "  ", "没有这个目录", "长" * 5000])
def test_a_wrong_path_is_told(path):
    with pytest.raises(InputError, match="路径"):
        list(find_files([path]))
