"""All prints of a solution in one folder, with an index to open in a browser."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from django.utils.html import format_html, format_html_join

from projects.documents.words import direction
from scheduling.documents.prints import FORMATS, PRINTS, NothingToPrint, Press, dashed

INDEX, LIST = "index.html", "index.json"
# A print of more files than this (a calendar for each student) is shown in the index as its folder.
FILES_SHOWN = 12


class Written(NamedTuple):
    """`reason` says why a print has no files."""

    code: str
    format: str
    files: list[Path]
    reason: str = ""


def write_all(
    press: Press,
    folder: Path,
    *,
    formats: Iterable[str] = FORMATS,
    progress: Callable[[Written], None] = lambda written: None,
) -> list[Written]:
    """Write every print: folder/by-day/…, calendars in folder/by-student/calendars/…

    What cannot be made (seats that are not there yet, nobody whose slip is withheld) is left out with its
    reason. Raises NothingToPrint if nothing at all can be.

    Files of an earlier call go first, so that no list of yesterday lies beside today's.
    """
    formats = tuple(formats)
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    done: list[Written] = []
    with press.in_background():
        for each in PRINTS.values():
            for format in each.formats:
                if format not in formats:
                    continue
                place = folder / dashed(each.code)
                if format == "ics":
                    place /= "calendars"
                place.mkdir(parents=True, exist_ok=True)
                done.append(_written(press, each.code, format, place))
                progress(done[-1])
    if not any(one.files for one in done):
        raise NothingToPrint(next((one.reason for one in done), press.words["nothing"]))
    _write_index(press, folder, done)
    return done


def _written(press: Press, code: str, format: str, place: Path) -> Written:
    try:
        return Written(code, format, press.write(code, format, place))
    except NothingToPrint as reason:
        if not any(place.iterdir()):
            place.rmdir()
        return Written(code, format, [], str(reason))


def _clear(folder: Path) -> None:
    listed = folder / LIST
    if not listed.exists():
        return
    root = folder.resolve()
    for name in json.loads(listed.read_text(encoding="utf-8")):
        path = (folder / name).resolve()
        if path.is_relative_to(root):
            path.unlink(missing_ok=True)


def _write_index(press: Press, folder: Path, done: list[Written]) -> None:
    names = [file.relative_to(folder).as_posix() for written in done for file in written.files]
    (folder / LIST).write_text(json.dumps(names, ensure_ascii=False, indent=0), encoding="utf-8")
    words = press.words
    rows = format_html_join("\n", "<tr><th>{}<td>{}<td>{}", (_index_row(press, folder, one) for one in done))
    (folder / INDEX).write_text(
        format_html(
            '<!doctype html><html lang="{}" dir="{}"><meta charset="utf-8"><title>{}</title>\n'
            "<h1>{}</h1><p>{} · {}\n<table>\n{}\n</table>\n",
            press.language,
            direction(press.language),
            press.project.name,
            press.project.institution.name,
            press.project.name,
            f"{words['solution']} {press.solution.number}",
            rows,
        ),
        encoding="utf-8",
    )


def _index_row(press: Press, folder: Path, written: Written) -> tuple[str, str, str]:
    files = written.files
    if not files:
        return PRINTS[written.code].title(press.language), written.format, written.reason
    if len(files) > FILES_SHOWN:
        place = files[0].parent.relative_to(folder).as_posix()
        links = format_html('<a href="{}/">{}/</a> ({})', place, place, len(files))
    else:
        links = format_html_join(
            " ",
            '<a href="{}">{}</a>',
            ((file.relative_to(folder).as_posix(), file.name) for file in files),
        )
    return PRINTS[written.code].title(press.language), written.format, links
