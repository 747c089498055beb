"""Prints made one at a time or all together. What admin, tasks and commands call."""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.text import slugify

from projects.documents.page import (
    Front,
    Letterhead,
    Section,
    Signature,
    columns_for_typst,
    front_for_typst,
    section_for_typst,
)
from projects.documents.pictures import photo_for_print
from projects.documents.typesetting import Background, picture, typeset, typeset_file, typeset_in_files
from projects.documents.words import LANGUAGES, long_date
from projects.documents.writers import write_csv, write_xlsx
from scheduling.documents import calendars
from scheduling.documents.catalogue import (
    CALENDARS,
    COLUMNS,
    FORMATS,
    GRIDS,
    NUMBERED,
    PAGES,
    PRINTS,
    SECTIONS,
    TABLES,
    Print,
)
from scheduling.documents.plan import Plan, once, why_not
from scheduling.documents.tables import SolutionRows
from scheduling.documents.words import WORDS
from scheduling.models import PrintSetting, Publication, Solution

__all__ = ["FORMATS", "PRINTS", "NothingToPrint", "Press", "Print", "dashed", "make_print"]

TEMPLATES = Path(__file__).parent / "templates"
# A file of more rows than this takes too much memory: a list of 100,000 rows becomes several.
ROWS_PER_FILE = 5_000
# What one looks at before it is made: so many people or rooms, so many rows of each list.
PREVIEWED, ROWS_PREVIEWED = 2, 60

Progress = Callable[[int, int], None]


class NothingToPrint(Exception):
    """Why there is no such print, in words for the person who asked."""


def make_print(
    *, solution: Solution, code: str, format: str, language: str = "", only: str = ""
) -> tuple[str, bytes]:
    """File name and contents of one print; several files come as a zip. `only` narrows it to one programme,
    room, student or teacher. Raises NothingToPrint."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        files = Press(solution, language).write(code, format, folder, only=only)
        if len(files) == 1:
            return files[0].name, files[0].read_bytes()
        whole = folder / "all.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(folder))
        return f"{solution.project.slug}-{dashed(code)}-{format}.zip", whole.read_bytes()


def dashed(code: str) -> str:
    return code.replace("_", "-")


class Press:
    """Prints one solution in one language; its rows are read once."""

    def __init__(self, solution: Solution, language: str = "") -> None:
        self._background: Background | None = None
        self.plan = Plan(solution)
        self.solution = solution
        self.project = solution.project
        self.language = language or self.project.institution.language
        if self.language not in LANGUAGES:
            self.language = "en"
        self.words = WORDS[self.language]

    @property
    def rows(self) -> SolutionRows:
        return self.plan.rows

    @property
    def publication(self) -> Publication | None:
        return self.plan.publication

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """In this block pdfs are set while the next prints are prepared; at its end all are there."""
        with Background() as self._background:
            try:
                yield
            finally:
                self._background = None

    def why_not(self, code: str) -> str:
        """Why this print cannot be made of this solution, in words, or ""."""
        return why_not(self.solution, PRINTS[code].needs, self.language)

    def write(
        self,
        code: str,
        format: str,
        folder: Path,
        *,
        only: str = "",
        progress: Progress = lambda done, total: None,
    ) -> list[Path]:
        """Write one print into the folder and return its files. Raises NothingToPrint."""
        return list(self.files(code, format, folder, only=only, progress=progress))

    def files(
        self,
        code: str,
        format: str,
        folder: Path,
        *,
        only: str = "",
        progress: Progress = lambda done, total: None,
    ) -> Iterator[Path]:
        """The same, each file as soon as it is there."""
        if code not in PRINTS or format not in PRINTS[code].formats:
            raise NothingToPrint(self.words["no_such_print"].format(code=code, format=format))
        if not self.rows.placed:
            raise NothingToPrint(self.words["nothing"])
        if reason := self.why_not(code):
            raise NothingToPrint(reason)
        stem = "-".join(filter(None, (self.project.slug, dashed(code), slugify(only, allow_unicode=True))))
        if format == "ics":
            files = self._write_calendars(code, folder, stem, only)
        elif format == "pdf":
            files = self._write_pdf(PRINTS[code], folder, stem, only, progress)
        else:
            files = self._write_tables(code, format, folder, stem, only)
        is_empty = True
        for file in files:
            is_empty = False
            yield file
        if is_empty:
            reason = self.words["none_such"].format(name=only) if only else self.words["nothing_of_it"]
            raise NothingToPrint(reason)

    def preview(self, code: str) -> bytes:
        """The first pages as pdf. Raises NothingToPrint."""
        return typeset(*self._first_pages(code), pictures=self._photo)

    def picture(self, code: str) -> bytes:
        """The first page as PNG. Raises NothingToPrint."""
        return picture(*self._first_pages(code), pictures=self._photo, dots_per_inch=72)[0]

    def _first_pages(self, code: str) -> tuple[Path, dict[str, object]]:
        if code not in PRINTS:
            raise NothingToPrint(self.words["no_such_print"].format(code=code, format="pdf"))
        if not self.rows.placed:
            raise NothingToPrint(self.words["nothing"])
        if reason := self.why_not(code):
            raise NothingToPrint(reason)
        data = self._data(PRINTS[code])
        if code in COLUMNS:
            data["columns"] = columns_for_typst(COLUMNS[code](self.language))
        if code in GRIDS:
            data |= GRIDS[code](self.plan, self.language)
        else:
            data["sections"] = sections = list(islice(self._first_sections(code), PREVIEWED))
            if not sections:
                raise NothingToPrint(self.words["nothing_of_it"])
        if code in NUMBERED:
            data["numbering"] = "given"
        return TEMPLATES / PRINTS[code].template, data

    def _first_sections(self, code: str) -> Iterator[Mapping[str, object]]:
        if code in PAGES:
            yield from chain.from_iterable(
                pile.sections for pile in PAGES[code](self.plan, self.language, "").piles
            )
        else:
            for section in SECTIONS[code](self.plan, self.language, ""):
                yield section_for_typst(_shortened(section), self.language)

    def _write_tables(self, code: str, format: str, folder: Path, stem: str, only: str) -> Iterator[Path]:
        tables = TABLES[code](self.plan, self.language, only)
        if not any(table.rows for table in tables):
            return
        if format == "xlsx":
            yield write_xlsx(tables, folder / f"{stem}.xlsx", language=self.language)
            return
        # A csv file holds one table: the first has the print's name, the others are named for what they hold.
        for number, table in enumerate(tables, start=1):
            tail = f"-{slugify(table.title) or number}" if number > 1 else ""
            yield write_csv(table, folder / f"{stem}{tail}.csv")

    def _write_calendars(self, code: str, folder: Path, stem: str, only: str) -> Iterator[Path]:
        season = calendars.season_of(self.solution, self.publication, self.language)
        taken: set[str] = set()
        for whose, contents in CALENDARS[code](self.plan, season, only):
            name = _file_name(whose, taken)
            path = folder / (f"{stem}.ics" if only else f"{name}.ics")
            path.write_bytes(contents)
            yield path

    def _write_pdf(
        self, each: Print, folder: Path, stem: str, only: str, progress: Progress
    ) -> Iterator[Path]:
        template = TEMPLATES / each.template
        data = self._data(each)
        if each.code in COLUMNS:
            data["columns"] = columns_for_typst(COLUMNS[each.code](self.language))
        if each.code in PAGES:
            yield from self._write_pages(each.code, template, data, folder, stem, only, progress)
        elif each.code in SECTIONS:
            sections = SECTIONS[each.code](self.plan, self.language, only)
            yield from self._write_list(template, data, sections, folder / f"{stem}.pdf", progress)
        else:
            path = folder / f"{stem}.pdf"
            self._typeset(template, data | GRIDS[each.code](self.plan, self.language), path)
            progress(1, 1)
            yield path

    def _write_pages(
        self,
        code: str,
        template: Path,
        data: dict[str, object],
        folder: Path,
        stem: str,
        only: str,
        progress: Progress,
    ) -> Iterator[Path]:
        total, piles = PAGES[code](self.plan, self.language, only)
        yield from typeset_in_files(
            template,
            data,
            (replace(pile, stem="-".join(filter(None, (stem, pile.stem)))) for pile in piles),
            folder=folder,
            numbering="given" if code in NUMBERED else "",
            pictures=self._photo,
            progress=lambda done: progress(done, total),
            background=self._background,
        )

    def _typeset(self, template: Path, data: dict[str, object], path: Path, *, tagged: bool = True) -> None:
        if self._background:
            self._background.submit(partial(typeset_file, template, data, path, tagged=tagged))
        else:
            typeset_file(template, data, path, tagged=tagged)

    def _photo(self, name: str) -> bytes:
        """Photos are named by their student's key: 17.jpg."""
        return photo_for_print(self.plan.photos[int(name.removesuffix(".jpg"))])

    def _write_list(
        self,
        template: Path,
        data: dict[str, object],
        sections: Iterable[Section],
        path: Path,
        progress: Progress,
    ) -> Iterator[Path]:
        chunks = list(_in_chunks(sections))
        for number, chunk in enumerate(chunks, start=1):
            typed = [section_for_typst(section, self.language) for section in chunk]
            file = path if len(chunks) == 1 else path.with_stem(f"{path.stem}-{number:03}")
            self._typeset(template, {**data, "sections": typed}, file, tagged=len(chunks) == 1)
            progress(number, len(chunks))
            yield file

    def _data(self, each: Print) -> dict[str, object]:
        """What every template gets besides its tables."""
        page = {
            "paper": each.paper,
            "flipped": each.is_flipped,
            "size": each.size,
            "page_per_section": each.starts_pages,
            "roomy": each.is_roomy,
        }
        return front_for_typst(self.front(each), self.words) | page

    def front(self, each: Print) -> Front:
        institution, publication = self.project.institution, self.publication
        own, common = self._settings.get(each.code), self._settings.get("")
        settings = [setting for setting in (own, common) if setting]

        def first(field: str) -> str:
            return next((value for setting in settings if (value := getattr(setting, field))), "")

        name, post = first("signature_name"), first("signature_title")
        instructions = (own.instructions if own else "") if each.is_for_office else first("instructions")
        days = self.rows.days
        span = (long_date(day, self.language) for day in (days[0], days[-1]))
        return Front(
            letterhead=self._letterhead,
            # A title for all prints would make them look alike.
            title=(own.title if own else "") or each.title(self.language),
            language=self.language,
            lines=(
                (self.project.name, self.project.term if self.project.term != self.project.name else ""),
                self.words["from_to"].format(start=next(span), end=next(span)),
            ),
            version=str(publication.version) if publication else "",
            is_draft=publication is None or publication.kind != Publication.Kind.FINAL,
            notification=first("notification_no"),
            generated_at=timezone.localtime(timezone.now(), ZoneInfo(institution.time_zone)),
            footer=f"{self.project.path} · {self.words['solution']} {self.solution.number}",
            notes=tuple(instructions.splitlines()),
            signatures=(Signature(name, post),) if name or post else (),
        )

    @cached_property
    def _settings(self) -> dict[str, PrintSetting]:
        return {row.print_code: row for row in PrintSetting.objects.for_project(self.project)}

    @cached_property
    def _letterhead(self) -> Letterhead:
        institution = self.project.institution
        letterhead = Letterhead(institution.name, institution.address)
        if not institution.logo:
            return letterhead
        try:
            with institution.logo.open("rb") as file:
                return replace(letterhead, logo=file.read())
        except OSError:
            # The row outlived its file: the print goes out without.
            return letterhead


def _shortened(section: Section) -> Section:
    """Enough for a look."""
    bands, left = [], ROWS_PREVIEWED
    for band in section.bands:
        if left > 0:
            bands.append(replace(band, rows=band.rows[:left]))
            left -= len(band.rows)
    return replace(section, bands=bands)


def _in_chunks(sections: Iterable[Section]) -> Iterator[list[Section]]:
    """Sections together until they hold ROWS_PER_FILE rows; one that has more goes alone."""
    chunk: list[Section] = []
    held = 0
    for section in sections:
        rows = sum(len(band.rows) for band in section.bands)
        if chunk and held + rows > ROWS_PER_FILE:
            yield chunk
            chunk, held = [], 0
        chunk.append(section)
        held += rows
    if chunk:
        yield chunk


def _file_name(typed: str, taken: set[str]) -> str:
    """A name that any file system takes, each once: roll numbers may hold slashes."""
    return once(re.sub(r"[^\w.-]+", "-", typed).strip("-.")[:80] or "calendar", taken)
