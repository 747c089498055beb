import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from projects.models import FileKind, StoredFile
from scheduling import photos, tasks
from scheduling.models import StudentPhoto
from tests.factories.accounts import UserFactory
from tests.factories.scheduling import StudentFactory


def image(size=(600, 800), kind="JPEG", mode="RGB", colour="red", **options):
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, kind, **options)
    return written.getvalue()


def opened(student):
    with StudentPhoto.objects.get(student=student).file.file.open("rb") as file:
        kept = Image.open(file)
        kept.load()
    return kept


def zipped(**files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return SimpleUploadedFile("photos.zip", written.getvalue())


@pytest.fixture
def take_zip(season, django_capture_on_commit_callbacks):
    """take_zip(contents): the zip of these bytes, gone through."""

    def take_zip(contents):
        with django_capture_on_commit_callbacks(execute=True):
            upload = SimpleUploadedFile("photos.zip", contents)
            photos.begin(project=season, upload=upload, by=UserFactory())
        return photos.newest_report(season)

    return take_zip


@pytest.fixture
def take(take_zip):
    """take(**files): a zip of these files, gone through."""
    return lambda **files: take_zip(zipped(**files).read())


def outcomes(report):
    return {line.name: line.outcome for line in report.left_out}


def test_images_go_to_the_students_of_that_roll_number(season, take):
    one, two = (StudentFactory(project=season, roll_no=roll) for roll in ("2018/BS-001", "2018-BS-002"))
    report = take(**{"2018-BS-001.jpg": image(), "photos/2018-bs-002.PNG": image(kind="PNG")})
    assert report.taken == 2
    assert {photo.student for photo in StudentPhoto.objects.all()} == {one, two}


def test_an_image_is_written_anew_small_upright_and_without_its_notes(season, take):
    student = StudentFactory(project=season, roll_no="R1")
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = 6, "A camera"  # lies on its side
    take(**{"R1.jpg": image(size=(1600, 1200), exif=notes)})
    kept = opened(student)
    assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (360, 480), {})


def test_what_is_transparent_becomes_white(season, take):
    student = StudentFactory(project=season, roll_no="R1")
    take(**{"R1.png": image(kind="PNG", mode="RGBA", colour=(0, 0, 0, 0))})
    kept = opened(student)
    assert min(kept.getpixel((5, 5))) > 250


def test_a_photo_that_is_there_is_replaced_and_its_file_goes(season, take):
    student = StudentFactory(project=season, roll_no="R1")
    take(**{"R1.jpg": image()})
    first = StudentPhoto.objects.get(student=student).file
    take(**{"R1.jpg": image(colour="blue")})
    assert StudentPhoto.objects.get(student=student).file != first
    assert not first.file.storage.exists(first.file.name)


def test_what_is_left_out_is_told_by_name(season, take):
    StudentFactory(project=season, roll_no="R1")
    StudentFactory(project=season, roll_no="R2")
    report = take(**{"R1.jpg": b"no image", "R9.jpg": image(), "R2.jpg": image(), "notes.txt": b"hello"})
    assert report.taken == 1
    assert outcomes(report) == {
        "R1.jpg": "no image that can be read",
        "R9.jpg": "no student with that roll number",
    }


def test_an_image_with_too_many_pixels_or_bytes_is_not_opened(season, take, monkeypatch):
    for roll in ("R1", "R2"):
        StudentFactory(project=season, roll_no=roll)
    monkeypatch.setattr(photos, "MOST_PIXELS", 100)
    monkeypatch.setattr(photos, "MOST_BYTES", 5_000)
    told = outcomes(take(**{"R1.png": image(size=(20, 20), kind="PNG"), "R2.jpg": bytes(6_000)}))
    assert "too many pixels" in told["R1.png"]
    assert "too large" in told["R2.jpg"]


def test_a_gif_that_calls_itself_a_jpeg_is_left_out(season, take):
    StudentFactory(project=season, roll_no="R1")
    assert outcomes(take(**{"R1.jpg": image(kind="GIF")})) == {"R1.jpg": "no image that can be read"}


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_entry_is_left_out_and_the_others_are_taken(season, take_zip, packed):
    for roll in ("R1", "R2"):
        StudentFactory(project=season, roll_no=roll)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packed) as archive:
        archive.writestr("R1.jpg", image())
        archive.writestr("R2.jpg", image())
        damaged = archive.getinfo("R1.jpg").header_offset + 30 + len("R1.jpg")
    contents = bytearray(written.getvalue())
    contents[damaged : damaged + 40] = b"\xff" * 40
    report = take_zip(bytes(contents))
    assert outcomes(report) == {"R1.jpg": "cannot be unpacked"}
    assert report.taken == 1


def test_an_encrypted_entry_is_left_out(season, take_zip):
    StudentFactory(project=season, roll_no="R1")
    contents = bytearray(zipped(**{"R1.jpg": image()}).read())
    contents[6] |= 1  # the flag in the entry's own header
    contents[contents.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    assert outcomes(take_zip(bytes(contents))) == {"R1.jpg": "cannot be unpacked"}


def test_a_zip_on_which_the_work_breaks_is_not_waited_for(season, take, monkeypatch):
    StudentFactory(project=season, roll_no="R1")
    monkeypatch.setattr(photos, "smaller", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take(**{"R1.jpg": image()})
    assert {row.name for row in StoredFile.objects.all()} == {photos.REPORT}


def test_the_zip_is_not_kept_and_the_report_is_for_editors(season, take):
    StudentFactory(project=season, roll_no="R1")
    take(**{"R1.jpg": image(), "=R2.jpg": image()})
    assert {row.kind for row in StoredFile.objects.all()} == {FileKind.INPUT}
    report = StoredFile.objects.get(name=photos.REPORT)
    with report.file.open("rb") as file:
        assert b"'=R2.jpg" in file.read()


def test_a_file_of_another_project_is_nobodys_photo(season, other_season, take):
    StudentFactory(project=other_season, roll_no="R1")
    assert outcomes(take(**{"R1.jpg": image()})) == {"R1.jpg": "no student with that roll number"}
    assert not StudentPhoto.objects.exists()


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (lambda: SimpleUploadedFile("photos.zip", b"no zip"), "no zip file"),
        (lambda: zipped(**{"notes.txt": b"hello", "__MACOSX/R1.jpg": b"x"}), "no JPEG or PNG"),
    ],
)
def test_what_is_no_zip_of_images_is_refused(season, upload, words):
    with pytest.raises(photos.CannotTake, match=words):
        photos.begin(project=season, upload=upload(), by=UserFactory())
    assert not StoredFile.objects.exists()


def test_a_zip_that_unpacks_to_too_much_is_refused(season, monkeypatch):
    monkeypatch.setattr(photos, "MOST_UNPACKED", 100)
    with pytest.raises(photos.CannotTake, match="too much"):
        photos.begin(project=season, upload=zipped(**{"R1.jpg": image()}), by=UserFactory())


def test_an_archived_project_takes_no_photos(season):
    season.is_archived = True
    with pytest.raises(photos.CannotTake, match="archived"):
        photos.begin(project=season, upload=zipped(**{"R1.jpg": image()}), by=UserFactory())


def test_a_large_zip_is_gone_through_by_a_worker(season, monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr(photos, "AT_ONCE", 0)
    monkeypatch.setattr(photos, "async_task", lambda *told, **options: asked.append(told))
    StudentFactory(project=season, roll_no="R1")
    with django_capture_on_commit_callbacks(execute=True):
        stored = photos.begin(project=season, upload=zipped(**{"R1.jpg": image()}), by=UserFactory())
    assert asked == [("scheduling.tasks.take_photos", stored.pk)]
    assert not StudentPhoto.objects.exists()
    assert tasks.take_photos(stored.pk) == 1
    assert StudentPhoto.objects.count() == 1
    assert tasks.take_photos(stored.pk) == 0


def test_a_photo_goes_to_the_roll_number_that_is_written_and_to_nobody_where_two_could_be_meant(season, take):
    one, _other = (StudentFactory(project=season, roll_no=roll) for roll in ("1-11", "11-1"))
    report = take(**{"1-11.jpg": image(), "111.jpg": image()})
    assert "several students could be meant" in outcomes(report)["111.jpg"]
    assert list(StudentPhoto.objects.values_list("student", flat=True)) == [one.pk]


def test_many_images_wait_for_a_worker(season, monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr(photos, "async_task", lambda *arguments, **options: asked.append(arguments[0]))
    with django_capture_on_commit_callbacks(execute=True):
        upload = zipped(**{f"R{n}.jpg": image() for n in range(photos.FEW + 1)})
        photos.begin(project=season, upload=upload, by=UserFactory())
    assert asked == ["scheduling.tasks.take_photos"]
