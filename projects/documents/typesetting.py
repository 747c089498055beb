"""Plain data in, pdf or png out.

Typst sees the template's folder, the shared pieces and our fonts, nothing else; data travels as JSON and is
never read as markup.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import typst

_HERE = Path(__file__).parent
_PACKAGES = _HERE / "packages"

# A mass print holds this many sections in memory: 500 pages take about 220 MB, 2,000 at once 800 MB.
SECTIONS_PER_FILE = 500


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"])


def typeset(template: Path, data: Mapping[str, object], *, tagged: bool = True) -> bytes:
    """The pdf. Tags make it readable aloud and five times larger, so mass prints go without."""
    return _compiler(template, data).compile(format="pdf", pdf_tags=tagged)


def picture(template: Path, data: Mapping[str, object], *, dots_per_inch: float = 96) -> list[bytes]:
    """The same as one PNG a page, for previews."""
    pages = _compiler(template, data).compile(format="png", ppi=dots_per_inch)
    return [pages] if isinstance(pages, bytes) else pages


def _compiler(template: Path, data: Mapping[str, object]) -> typst.Compiler:
    return typst.Compiler(
        input=template,
        root=template.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        package_path=_PACKAGES,
        package_cache_path=_PACKAGES,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


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
    `progress` is told how many sections are done."""
    done = number = 0
    sections = iter(sections)
    while chunk := list(islice(sections, per_file)):
        number += 1
        path = folder / f"{stem}-{number:03}.pdf"
        path.write_bytes(typeset(template, {**data, "sections": chunk}, tagged=False))
        done += len(chunk)
        progress(done)
        yield path
