"""Plain data in, pdf or png out.

Typst sees the template's folder, the shared pieces and our fonts, nothing else; data travels as JSON and is
never read as markup. Each file is set by a process of its own (typst_process.py): typst keeps what it has
laid out for as long as its process lives, about a megabyte a page.
"""

import dataclasses
import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore

_PROCESS = Path(__file__).parent / "typst_process.py"

# A mass print holds this many sections in memory: 250 slips take 240 MB, 500 take 400 MB.
SECTIONS_PER_FILE = 250
# No print of a healthy machine takes this long for one file.
LONGEST_SECONDS = 300
# Side by side; each takes up to 300 MB, so a big machine does not take them all.
PROCESSES = min(4, len(os.sched_getaffinity(0)))


class CannotTypeset(Exception):
    """Typst could not set a page; the reason is typst's own."""


Pictures = Callable[[str], bytes]


class Background:
    """Sets files while its owner prepares the next; at the end of its block all are there.

        with Background() as background:
            typeset_in_files(..., background=background)

    Raises CannotTypeset at the end if one could not be set.
    """

    # What waits lies in memory, some megabytes each.
    WAITING = 32

    def __enter__(self) -> "Background":
        self._pool = ThreadPoolExecutor(max_workers=PROCESSES)
        self._places = BoundedSemaphore(PROCESSES + self.WAITING)
        self._jobs: list[Future[None]] = []
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for job in self._jobs:
                job.result()

    def submit(self, job: Callable[..., None], *arguments: object) -> None:
        """Waits for a place when many files wait already."""
        self._places.acquire()
        future = self._pool.submit(job, *arguments)
        future.add_done_callback(lambda _: self._places.release())
        self._jobs.append(future)


def typeset_file(
    template: Path,
    data: Mapping[str, object],
    path: Path,
    *,
    tagged: bool = True,
    pictures: Pictures = lambda name: b"",
) -> None:
    """The pdf, as a file. Tags make it readable aloud and five times larger, so mass prints go without."""
    with _beside_pictures(template, data, pictures) as root:
        _run(root, {"numbering": "whole print", **data}, output=path, format="pdf", pdf_tags=tagged)


def typeset(
    template: Path,
    data: Mapping[str, object],
    *,
    tagged: bool = True,
    pictures: Pictures = lambda name: b"",
) -> bytes:
    """The pdf's bytes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "print.pdf"
        typeset_file(template, data, path, tagged=tagged, pictures=pictures)
        return path.read_bytes()


def picture(
    template: Path,
    data: Mapping[str, object],
    *,
    dots_per_inch: float = 96,
    pictures: Pictures = lambda name: b"",
) -> list[bytes]:
    """The same as one PNG a page, for previews."""
    with TemporaryDirectory() as folder, _beside_pictures(template, data, pictures) as root:
        path = Path(folder) / "{0p}.png"
        _run(root, {"numbering": "whole print", **data}, output=path, format="png", ppi=dots_per_inch)
        pages = sorted(Path(folder).iterdir(), key=lambda page: int(page.stem))
        return [page.read_bytes() for page in pages]


@dataclasses.dataclass(frozen=True)
class Pile:
    """Sections that lie together: a period's rooms, a programme's students. Cut into files stem.pdf or, when
    there is more than one, stem-001.pdf, stem-002.pdf …"""

    stem: str
    sections: Iterable[Mapping[str, object]]


def typeset_in_files(
    template: Path,
    data: Mapping[str, object],
    piles: Iterable[Pile],
    *,
    folder: Path,
    per_file: int = SECTIONS_PER_FILE,
    numbering: str = "",
    pictures: Pictures = lambda name: b"",
    progress: Callable[[int], None] = lambda done: None,
    background: Background | None = None,
) -> Iterator[Path]:
    """A mass print: the files in order, as they are done. Never one giant document: what lies in memory are
    the sections of the files under way, as many as there are processors. With a background the paths come at
    once, the files later, and nobody is told how far it is.

    `progress` is told how many sections are done. Each section's pages are numbered by themselves, unless
    `numbering` is "given": then they bring their numbers along. A section may name "photos", files beside the
    template; `pictures` gives their bytes.
    """
    if background:
        for name, sections in _chunks(piles, per_file):
            whole = (template, data, sections, folder / name, numbering, pictures)
            background.submit(_typeset_sections, *whole)
            yield folder / name
        return
    done = 0
    under_way: deque[tuple[Future[None], Path, int]] = deque()
    with ThreadPoolExecutor(max_workers=PROCESSES) as pool:

        def first_done() -> Path:
            nonlocal done
            future, path, count = under_way.popleft()
            future.result()
            done += count
            progress(done)
            return path

        try:
            for name, sections in _chunks(piles, per_file):
                path = folder / name
                future = pool.submit(_typeset_sections, template, data, sections, path, numbering, pictures)
                under_way.append((future, path, len(sections)))
                if len(under_way) > PROCESSES:
                    yield first_done()
            while under_way:
                yield first_done()
        finally:
            for future, _path, _count in under_way:
                future.cancel()


def _chunks(piles: Iterable[Pile], per_file: int) -> Iterator[tuple[str, list[Mapping[str, object]]]]:
    for pile in piles:
        sections = iter(pile.sections)
        chunk = list(islice(sections, per_file))
        number = 0
        while chunk:
            following = list(islice(sections, per_file))
            number += 1
            is_only = number == 1 and not following
            yield f"{pile.stem}.pdf" if is_only else f"{pile.stem}-{number:03}.pdf", chunk
            chunk = following


def _typeset_sections(
    template: Path,
    data: Mapping[str, object],
    sections: list[Mapping[str, object]],
    path: Path,
    numbering: str,
    pictures: Pictures,
) -> None:
    with _beside_pictures(template, {"sections": sections}, pictures) as root:
        # Nearly always everyone has one page, and "page 1 of 1" needs no second look at the layout.
        for way in (numbering,) if numbering else ("one page each", "by section"):
            whole = {**data, "sections": sections, "numbering": way}
            _run(root, whole, output=path, format="pdf", pdf_tags=False)
            if path.read_bytes().count(b"/Type/Page/") == len(sections):
                return


@contextmanager
def _beside_pictures(template: Path, data: Mapping[str, object], pictures: Pictures) -> Iterator[Path]:
    """The template in a folder of its own with the pictures that its sections name: typst sees no others."""
    sections = data.get("sections")
    listed = sections if isinstance(sections, list) else []
    names = dict.fromkeys(name for section in listed for name in section.get("photos", ()) if name)
    if not names:
        yield template
        return
    with TemporaryDirectory() as folder:
        for name in names:
            (Path(folder) / Path(name).name).write_bytes(pictures(name))
        copied = Path(folder) / template.name
        copied.write_bytes(template.read_bytes())
        yield copied


def _run(template: Path, data: Mapping[str, object], *, output: Path, **options: object) -> None:
    request = {"template": str(template), "data": json.dumps(data), "output": str(output), "options": options}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROCESS)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            env={},
        )
    except subprocess.TimeoutExpired as late:
        raise CannotTypeset(f"{template.name} took more than {LONGEST_SECONDS} seconds") from late
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise CannotTypeset(f"{template.name}: {reason[-1] if reason else f'exit {done.returncode}'}")
