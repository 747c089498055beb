"""Plain data in, pdf or png out.

Typst sees the template's folder, the shared pieces and our fonts, nothing else; data travels as JSON and is
never read as markup. Each file is set by a process of its own (typst_process.py): typst keeps what it has
laid out for as long as its process lives, about a megabyte a page.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

_PROCESS = Path(__file__).parent / "typst_process.py"

# A mass print holds this many sections in memory: 500 pages take about 300 MB.
SECTIONS_PER_FILE = 500
# No print of a healthy machine takes this long for one file.
LONGEST_SECONDS = 300


class CannotTypeset(Exception):
    """Typst could not set a page; the reason is typst's own."""


def typeset(template: Path, data: Mapping[str, object], *, tagged: bool = True) -> bytes:
    """The pdf. Tags make it readable aloud and five times larger, so mass prints go without."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "print.pdf"
        _run(template, {"numbering": "whole print", **data}, output=path, format="pdf", pdf_tags=tagged)
        return path.read_bytes()


def picture(template: Path, data: Mapping[str, object], *, dots_per_inch: float = 96) -> list[bytes]:
    """The same as one PNG a page, for previews."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "{0p}.png"
        _run(template, {"numbering": "whole print", **data}, output=path, format="png", ppi=dots_per_inch)
        pages = sorted(Path(folder).iterdir(), key=lambda page: int(page.stem))
        return [page.read_bytes() for page in pages]


def typeset_in_files(
    template: Path,
    data: Mapping[str, object],
    sections: Iterable[Mapping[str, object]],
    *,
    folder: Path,
    stem: str,
    per_file: int = SECTIONS_PER_FILE,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Path]:
    """A mass print: `sections` cut into files stem-001.pdf, stem-002.pdf …, one in memory at a time.
    `progress` is told how many sections are done. Each section's pages are numbered by themselves."""
    done = number = 0
    sections = iter(sections)
    while chunk := list(islice(sections, per_file)):
        number += 1
        path = folder / f"{stem}-{number:03}.pdf"
        _typeset_sections(template, data, chunk, path)
        done += len(chunk)
        progress(done)
        yield path


def _typeset_sections(
    template: Path, data: Mapping[str, object], sections: list[Mapping[str, object]], path: Path
) -> None:
    # Nearly always everyone has one page, and "page 1 of 1" needs no second look at the layout.
    for numbering in ("one page each", "by section"):
        whole = {**data, "sections": sections, "numbering": numbering}
        _run(template, whole, output=path, format="pdf", pdf_tags=False)
        if path.read_bytes().count(b"/Type/Page/") == len(sections):
            return


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
