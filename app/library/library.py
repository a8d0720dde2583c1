"""What the page's users do to the library: add files and addresses, state facts, read again, take out, bring back."""

import contextlib
import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from app.access.caller import LOCAL, Caller, ForbiddenError
from app.library.facts import STATED_COMMON, form_of, stated_in
from app.library.given import file_of, given, said_of
from app.library.pending import Kind, Pending, Wanted
from app.library.removal import take_out
from app.library.shelf import Removed, Shelf
from app.library.work import Job, Stopped, Worker
from ingest.collections import COMMON, as_collection
from ingest.errors import InputError, StoreError, StoreInUseError, UnreadableFileError
from ingest.facts.sidecar import read_sidecar
from ingest.prepare import PIPELINE, file_version
from ingest.records import Entry
from ingest.summary import Summary
from ingest.walk import Found, file_key, is_address, is_gone, path_of

if TYPE_CHECKING:
    from app.engine import Engine

T = TypeVar("T")
_PAUSES = (0.5, 1.0, 2.0, 5.0)  # seconds between tries of a job for which the store is not free; the last is repeated
_SOON = 0  # rank of what a user waits for; files that are added wait behind it


class Library:
    """The documents of an engine, to be changed while it answers. Made by app.build.open_library."""

    def __init__(self, engine: "Engine", shelf: Shelf, allow_private: bool = False) -> None:
        self.shelf = shelf
        self._engine, self._allow_private = engine, allow_private
        self._seen, self._caller = engine, LOCAL  # as whoever asks may see it
        self._worker = Worker()
        self._pending = Pending(shelf.folder / ".pending")
        self._held_up: dict[
            tuple[Kind, str, str | None], str
        ] = {}  # jobs that another process held up, by what was asked

    def seen_by(self, caller: Caller) -> "Library":
        """The library as a caller may change it: an editor those documents that it may read, and its own jobs; a reader nothing."""
        own = copy.copy(self)  # the same worker and shelf
        own._seen, own._caller = self._engine.seen_by(caller), caller
        return own

    def collections(self) -> list[str]:
        """The collections that documents can be put into: those that the caller may read, or else those that there are."""
        if self._caller.collections is not None:
            return sorted(self._caller.collections)
        return sorted({COMMON, *(entry.source.collection for entry in self._engine.entries())})

    def jobs(self) -> list[Job]:
        """What is being done and was done lately; of others' jobs only for who may read everything."""
        jobs, caller = self._worker.jobs(), self._caller
        return jobs if caller.collections is None else [job for job in jobs if job.owner == caller.name]

    def waiting(self) -> int:
        """How many jobs there are still to do, whosever they are."""
        return sum(job.state in {"waiting", "running"} for job in self._worker.jobs())

    def listen(self, told: Callable[[Job, float], None]) -> None:
        """Have it told of every job that has ended, and after how many seconds."""
        self._worker.on_end = told

    def stop(self) -> None:
        """Begin no other job, and leave the one under way at the next document. It is not waited for."""
        self._worker.stop()

    def close(self) -> None:
        """Stop working; what was not done is taken up at the next start."""
        self._worker.close()

    def resume(self) -> Job:
        """Tidy the folder and take up what the last run left: what was asked of it, and files that are not in the index as they are now."""
        return self._worker.submit(Job(""), self._resume)

    def _resume(self, _: Job) -> None:
        self.shelf.tidy()
        for wanted in self._pending.all():
            with contextlib.suppress(InputError):  # it was done, or cannot be any more
                self._ask_again(wanted)
            self._pending.forget(wanted.job)
        entries = self._engine.entries()
        # Those whose text another document held, which was taken out: the server ended before they were read again.
        bare = [given(entry) for entry in entries if not (entry.version or is_gone(entry.file))]
        if bare:
            self._worker.submit(Job(""), partial(self._read_bare, given=bare))
        known = {entry.file: (entry.version, entry.pipeline) for entry in entries}
        many = {file: (record.version, record.pipeline) for file, record in self._engine.files().items()}
        for path in self.shelf.files():
            key = file_key(path)
            with contextlib.suppress(UnreadableFileError):  # it went away, or cannot be opened now
                if (file_version(Found(path, str(path))), PIPELINE) not in (known.get(key), many.get(key)):
                    self._worker.submit(Job(path.name), partial(self._read, path=str(path)))

    def _ask_again(self, wanted: Wanted) -> Job:
        """Have done what was granted to its owner before."""
        own = copy.copy(self)
        own._caller = replace(LOCAL, name=wanted.owner)
        match wanted.kind:
            case "fetch":
                return own.fetch(wanted.what, wanted.collection)
            case "again":
                return own.again(wanted.what)
            case "remove":
                return own.remove(wanted.what)
            case "undo":
                return own.undo(wanted.what)

    def add(self, incoming: Path, collection: str | None = None) -> Job:
        """Keep a file that has come in, and read it, as one of a collection.

        Raises, the file gone, UnreadableFileError where it is of no kind that can be read, ForbiddenError where the caller may
        not add it.
        """
        from ingest.formats.dispatch import kind_of
        from ingest.read import load

        try:
            facts: Mapping[str, Any] = self._placed(collection)
            kind_of(incoming.name, load(incoming))
            if collection is None and facts:
                facts = self._placed_each()
        except InputError:
            self.shelf.refuse(incoming)
            raise
        path = self.shelf.keep(incoming, facts)
        job = Job(path.name, owner=self._caller.name)
        return self._worker.submit(job, lambda job: self._read_new(job, path))

    def fetch(self, url: str, collection: str | None = None) -> Job:
        """Fetch a page or file by its address, keep it, and read it. Raises InputError for what is no address, ForbiddenError."""
        url, facts = url.strip(), self._placed(collection)
        if not is_address(url):
            raise InputError(f"这不是网址：{url[:80]}", "应以 http:// 或 https:// 开头")
        if "@" in url.split("/")[2]:  # others see what is being fetched
            raise InputError("网址里不能带用户名和密码", "请去掉 @ 之前的部分")
        return self._submit("fetch", url, url, lambda job: self._fetch(job, url, facts), 1, facts.get("collection"))

    def may_change(self) -> bool:
        """Whether the caller may change anything."""
        return self._caller.may("editor")

    def _checked(self) -> None:
        if not self.may_change():
            raise ForbiddenError("没有权限修改资料库", "需要 editor 角色")

    def _placed(self, collection: str | None) -> dict[str, str]:
        """What is stated of a file that is added. Who may not read everything says where it goes, whatever the file says of itself.

        Raises ForbiddenError where it may not be put there.
        """
        self._checked()
        if collection is None and self._caller.collections is None:
            return {}
        name = as_collection(collection or COMMON)
        if not self._caller.reads(name):
            raise ForbiddenError("没有这个集合，或没有权限", "只能加入自己可读的集合")
        return {"collection": name or STATED_COMMON}

    def _placed_each(self) -> dict[str, list[str]]:
        """What is stated of what is added without a collection: each document goes where it says, if its owner may, else nowhere."""
        return {"collections": [name or STATED_COMMON for name in sorted(self._caller.collections or ())]}

    def why_fixed(self, entry: Entry) -> str:
        """Return why nothing can be stated of a document, as a key of app.ui.strings; "" where it can."""
        if not self.may_change():
            return "library_fixed"
        if entry.file != entry.key:
            return "fixed_member"
        if is_address(entry.file):
            return "fixed_address"
        return "fixed_gone" if is_gone(entry.file) else ""

    def edit(self, doc_id: str, form: Mapping[str, Any], before: Mapping[str, str]) -> Job:
        """State what the form has changed in the document's sidecar, and read it again.

        `before` is the form as the user saw it. Raises InputError for a value that is none, or a document of which nothing can be stated.
        """
        self._checked()
        entry = self._known(doc_id)
        if self.why_fixed(entry):
            raise InputError("这份资料不能在这里修改")
        path = path_of(entry.file)
        facts = stated_in(form, before, read_sidecar(path))
        if not self._caller.reads(as_collection(str(facts.get("collection", entry.source.collection)))):
            raise ForbiddenError("没有这个集合，或没有权限", "只能放入自己可读的集合")
        self.shelf.state(path, facts)
        return self._submit("again", doc_id, entry.source.title, lambda job: self._read(job, given(entry)))

    def again(self, doc_id: str) -> Job:
        """Read a document's file or page again, changed or not."""
        self._checked()
        entry = self._known(doc_id)
        return self._submit("again", doc_id, entry.source.title, lambda job: self._read(job, given(entry), True))

    def remove(self, doc_id: str) -> Job:
        """Take a document out. Its file goes where it can be brought back from if it is ours, else it stays where it is."""
        self._checked()
        entry = self._known(doc_id)
        return self._submit("remove", doc_id, entry.source.title, lambda job: self._remove(job, entry))

    def removed(self) -> list[Removed]:
        """What the caller can bring back, the latest first."""
        return [removed for removed in self.shelf.removed() if self._caller.reads(removed.collection)]

    def undo(self, removed_id: str) -> Job:
        """Bring a removed document back. Raises InputError where it is not known (any more)."""
        self._checked()
        found = next((removed for removed in self.removed() if removed.id == removed_id), None)
        if found is None:
            raise InputError("找不到要恢复的资料", "它可能已经恢复过了")
        return self._submit("undo", removed_id, found.title, lambda job: self._bring_back(job, found))

    def form(self, doc_id: str) -> dict[str, str]:
        """The form of a document as it stands. Raises InputError for an unknown one."""
        return form_of(self._known(doc_id))

    def _submit(
        self,
        kind: Kind,
        what: str,
        name: str,
        work: Callable[[Job], None],
        rank: int = _SOON,
        collection: str | None = None,
    ) -> Job:
        """Have a job done that is kept on the disk until it has ended, well or not."""
        job = Job(name, owner=self._caller.name)
        self._pending.note(Wanted(job.id, kind, what, name, job.owner, collection))
        asked = kind, what, collection
        if asked in self._held_up:  # this job stands for it
            self._pending.forget(self._held_up.pop(asked))

        def kept(job: Job) -> None:
            try:
                work(job)
            except Stopped:
                raise  # it is taken up at the next start
            except StoreError:  # and so is this, unless it is asked for again before
                if job.removed:  # it is out: what is left is swept with the next write
                    self._pending.forget(job.id)
                else:
                    self._held_up[asked] = job.id
                raise
            except Exception:
                if not self._worker.stopping.is_set():
                    self._pending.forget(job.id)
                raise
            self._pending.forget(job.id)

        return self._worker.submit(job, kept, rank)

    def _known(self, doc_id: str) -> Entry:
        entry = self._seen.entry(doc_id)
        if entry is None:
            raise InputError("这份资料已不在库中")
        return entry

    def _ingest(self, job: Job, given: Sequence[str], anew: bool = False, into: str | None = None) -> Summary:
        def embedded(done: int, total: int) -> None:
            if self._worker.stopping.is_set():
                raise Stopped
            job.done, job.total = done, total
            job.said = (("work_embedding", {"done": done, "total": total}),)

        return self._when_free(
            job,
            partial(
                self._engine.ingest,
                given,
                allow_private=self._allow_private,
                anew=anew,
                on_embedded=embedded,
                collection=into,
                crossing=False,
            ),
        )

    def _when_free(self, job: Job, work: Callable[[], T]) -> T:
        """Do what needs the store, again and again while another process has it; the jobs behind it wait too. Raises Stopped."""
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            try:
                done = work()
            except StoreInUseError as error:
                job.state, job.done, job.total = "waiting", 0, 0
                job.said, job.reason = (("work_held", {}),), error.message
                if self._worker.stopping.wait(pause):
                    raise Stopped from error
            else:
                job.state, job.reason = "running", ""
                return done
        raise AssertionError("unreachable")

    def _read_new(self, job: Job, path: Path) -> None:
        try:
            self._read(job, str(path))
        except UnreadableFileError:
            self.shelf.discard(path)  # whoever added it has it still
            raise

    def _read(self, job: Job, path: str, anew: bool = False, into: str | None = None) -> None:
        """Bring one file or address into the index, `into` a collection where no sidecar states one.

        Raises UnreadableFileError where nothing of it could be read.
        """
        # What is stated of a file holds for all that is in it, whatever that says of itself.
        stated = None if is_address(path) else read_sidecar(Path(path)).get("collection")
        summary = self._ingest(job, [path], anew, into if stated is None else as_collection(str(stated)))
        if not (summary.added or summary.updated or summary.unchanged):
            raise UnreadableFileError(summary.skipped[0]["reason"] if summary.skipped else "没有可读的内容")
        job.said = said_of(summary, path)

    def _fetch(self, job: Job, url: str, facts: Mapping[str, str]) -> None:
        from ingest.formats.fetch import fetch

        job.said = (("work_fetching", {}),)
        got = fetch(url, allow_private=self._allow_private)
        if self._worker.stopping.is_set():
            raise Stopped
        wanted = facts.get("collection")
        same = [entry for entry in self._seen.entries() if entry.source.url == url and not is_address(entry.file)]
        same = [entry for entry in same if wanted is None or entry.source.collection == as_collection(wanted)]
        kept = next((path_of(e.file) for e in same if self.shelf.holds(path_of(e.file))), None)
        if kept is not None and kept.suffix == got.suffix and kept.exists():
            self.shelf.replace(kept, got.data)  # the page as it is now
            self._read(job, str(self.shelf.named(kept)))
            return
        name = unquote(urlsplit(url).path).strip("/").replace("/", " ").removesuffix(got.suffix)
        incoming = self.shelf.incoming(f"{urlsplit(url).hostname} {name}".strip()[:100] + got.suffix)
        incoming.write_bytes(got.data)
        kept_now = self.shelf.keep(incoming, {"url": url, **facts})
        self._pending.forget(job.id)  # from here on the folder knows of it
        self._read_new(job, kept_now)

    def _read_bare(self, job: Job, given: Sequence[str]) -> None:
        """Read the files of documents that were linked to one that was taken out."""
        self._ingest(job, given)

    def _remove(self, job: Job, entry: Entry) -> None:
        linked = self._when_free(job, lambda: self._take_out(job, entry))
        if linked:  # they had no text of their own
            self._read_bare(job, [given(other) for other in linked if not is_gone(other.file)])
        job.said = (("work_removed", {}),)

    def _take_out(self, job: Job, entry: Entry) -> list[Entry]:
        """Take a document out of the store, and its file away; return those that had its text. All of it, or nothing."""
        with self._engine.writing() as store:
            if store.catalog.entry(entry.id) is None:
                if not job.removed:
                    raise InputError("这份资料已不在库中")
                return [other for other in store.catalog.entries() if not other.version]  # an earlier try took it out
            return take_out(store, self.shelf, entry, lambda removed: setattr(job, "removed", removed.id))

    def _bring_back(self, job: Job, removed: Removed) -> None:
        # Into the collection that it was in, which its file need not state. What else its file holds stays where it is.
        files = {entry.file for entry in self._engine.entries()}
        alone = removed.whole or file_of(removed) not in files
        with self.shelf.bring_back(removed) as path:
            self._read(job, path, True, (removed.collection or None) if alone else None)
        job.said = (("work_restored", {}), *job.said[1:])
