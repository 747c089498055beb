"""Photos of students from a zip of images named by roll number.

Nothing of what was uploaded is kept as it came: each image is opened with limits on its bytes and its pixels,
turned upright, made small and written anew as JPEG, without what a camera notes about time and place.
"""

import csv
import io
import logging
import lzma
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task
from PIL import Image, ImageOps

from accounts.models import User
from projects import files
from projects.models import FileKind, Project, StoredFile

from .models import Student, StudentPhoto

log = logging.getLogger(__name__)

ENDINGS = {".jpg", ".jpeg", ".png"}
MOST_IMAGES = 60_000
MOST_BYTES = 20 * 1024 * 1024  # of one image, unpacked
MOST_PIXELS = 40_000_000
MOST_UNPACKED = 8 * 1024**3
# As large as a photo on a slip is ever printed: 30 × 40 mm at 300 dots per inch.
SIZE = (360, 480)
QUALITY = 85
# What is raised on a damaged, encrypted or unknown entry of a zip, or one that is cut off.
_UNPACKING = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    RuntimeError, NotImplementedError, ValueError, OSError, EOFError,
)  # fmt: skip
# What is raised on an image, or a camera's notes in it, that are not what they should be.
_READING = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
# A zip of so few images, which unpack to so few bytes, is gone through while the person waits.
FEW, AT_ONCE = 8, 4 * 1024 * 1024
REPORT = "photos-report.csv"
TAKEN, REPLACED = "taken", "replaced"


class CannotTake(Exception):
    """Why the zip was not taken, in words for the person who chose it."""


class BadImage(Exception):
    """Why an image was left out, in words for the person who chose it."""


class Line(NamedTuple):
    """What became of an image."""

    name: str
    outcome: str


def begin(*, project: Project, upload: File, by: User) -> StoredFile:
    """Keep the zip until it is gone through: at once if it is small, else by a worker."""
    if project.is_archived:
        raise CannotTake(_("This project is archived. Bring it back before you change it."))
    entries = _looked_over(upload)
    is_quick = len(entries) <= FEW and sum(entry.file_size for entry in entries) <= AT_ONCE
    with transaction.atomic():
        try:
            stored = files.store(project=project, file=upload, kind=FileKind.UPLOAD, by=by)
        except files.CannotStore as reason:
            raise CannotTake(str(reason)) from reason
        if is_quick:
            transaction.on_commit(lambda: take(stored=stored))
        else:
            transaction.on_commit(
                lambda: async_task("scheduling.tasks.take_photos", stored.pk, cluster="sheets")
            )
    return stored


def _looked_over(upload: File) -> list[zipfile.ZipInfo]:
    """What is in it. CannotTake if it is no zip, or one that would unpack to more than a season's photos."""
    try:
        with zipfile.ZipFile(upload) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
    except _UNPACKING as error:
        words = _("That is no zip file. Put the images into a zip, named by roll number.")
        raise CannotTake(words) from error
    finally:
        upload.seek(0)
    if not any(_is_image(entry.filename) for entry in entries):
        raise CannotTake(_("There is no JPEG or PNG image in that zip."))
    if len(entries) > MOST_IMAGES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise CannotTake(_("That zip holds too much at once: make several of it."))
    return entries


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in ENDINGS and not hidden


class _Students:
    """The project's students by roll number: as it is written, else without its strokes and blanks."""

    def __init__(self, project: Project) -> None:
        self._exact: dict[str, tuple[int, str]] = {}
        self._squeezed: dict[str, list[tuple[int, str]]] = {}
        for pk, roll in Student.objects.for_project(project).values_list("pk", "roll_no"):
            self._exact[roll.casefold()] = (pk, roll)
            self._squeezed.setdefault(_squeezed(roll), []).append((pk, roll))

    def of(self, stem: str) -> tuple[int, str]:
        """Raises BadImage: nobody gets the photo of somebody else."""
        if exact := self._exact.get(stem.strip().casefold()):
            return exact
        alike = self._squeezed.get(_squeezed(stem), [])
        if not alike:
            raise BadImage(_("no student with that roll number"))
        if len(alike) > 1:
            raise BadImage(_("several students could be meant: write the roll number as the list does"))
        return alike[0]


def take(*, stored: StoredFile) -> list[Line]:
    """Give each student the image of that roll number; the report is kept beside, the zip is not."""
    project, by = stored.project, stored.created_by
    students = _Students(project)
    lines: list[Line] = []
    try:
        with stored.file.open("rb") as file, zipfile.ZipFile(file) as zipped:
            for entry in zipped.infolist():
                if entry.is_dir() or not _is_image(entry.filename):
                    continue
                name = files.shown_name(entry.filename)
                try:
                    student = students.of(PurePosixPath(name).stem)
                    picture = _smaller(zipped, entry)
                except BadImage as reason:
                    lines.append(Line(name, str(reason)))
                else:
                    lines.append(Line(name, _keep(project, student, picture, by)))
    finally:
        # However it ends: a zip that is still there is one being gone through.
        _write_report(project, lines, by)
        files.remove(stored=stored)
    return lines


def _squeezed(word: str) -> str:
    """Roll numbers hold strokes that file names cannot: 2018/BS-001 comes as 2018-BS-001."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _smaller(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > MOST_BYTES:
        raise BadImage(_("too large: at most 20 MB"))
    try:
        with zipped.open(entry) as file:
            data = file.read(MOST_BYTES + 1)
    except _UNPACKING as error:
        raise BadImage(_("cannot be unpacked")) from error
    if len(data) > MOST_BYTES:
        raise BadImage(_("too large: at most 20 MB"))
    return smaller(data)


def smaller(data: bytes) -> bytes:
    """An image as JPEG of at most SIZE pixels, upright, without its camera's notes; else BadImage."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the next lines look themselves
            opened = Image.open(io.BytesIO(data), formats=["JPEG", "PNG"])
            if opened.width * opened.height > MOST_PIXELS:
                raise BadImage(_("too many pixels: at most 40 million"))
            opened.draft("RGB", SIZE)
            image: Image.Image = ImageOps.exif_transpose(opened)
            if image.mode not in {"RGB", "L"}:
                image = image.convert("RGBA")
            image.thumbnail(SIZE)
            on_white = Image.new("RGB", image.size, "white")
            on_white.paste(image, mask=image if image.mode == "RGBA" else None)
    except _READING as error:
        raise BadImage(_("no image that can be read")) from error
    written = io.BytesIO()
    on_white.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _keep(project: Project, student: tuple[int, str], picture: bytes, by: User | None) -> str:
    pk, roll_no = student
    with transaction.atomic():
        stored = files.store(
            project=project,
            file=ContentFile(picture, name="photo.jpg"),
            kind=FileKind.INPUT,
            by=by,
            name=f"{roll_no}.jpg",
        )
        before = StudentPhoto.objects.for_project(project).filter(student=pk).select_related("file").first()
        if before is None:
            StudentPhoto.objects.create(project=project, student_id=pk, file=stored)
            return TAKEN
        old, before.file = before.file, stored
        before.save(update_fields=["file"])
        files.remove(stored=old)
    return REPLACED


def _write_report(project: Project, lines: list[Line], by: User | None) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Image", "Outcome"])
    writer.writerows((f"'{name}" if name[:1] in "=+-@" else name, outcome) for name, outcome in lines)
    content = ContentFile(text.getvalue().encode("utf-8-sig"), name=REPORT)
    files.store(project=project, file=content, kind=FileKind.INPUT, by=by, name=REPORT)


class Report(NamedTuple):
    """What became of the newest zip: how many images were taken, and those left out with the reason."""

    file: StoredFile
    taken: int
    left_out: list[Line]


def newest_report(project: Project) -> Report | None:
    rows = StoredFile.objects.for_project(project).filter(kind=FileKind.INPUT, name=REPORT)
    stored = rows.order_by("-created_at", "-pk").first()
    if stored is None:
        return None
    lines = list(_read_report(stored))
    left_out = [line for line in lines if line.outcome not in {TAKEN, REPLACED}]
    return Report(stored, len(lines) - len(left_out), left_out)


def _read_report(stored: StoredFile) -> Iterator[Line]:
    with stored.file.open("rb") as file:
        rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
        next(rows, None)
        yield from (Line(name.removeprefix("'"), outcome) for name, outcome in rows)
