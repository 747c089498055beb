"""The logo: a picture and nothing else, small, and on the prints."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from projects import letterhead
from projects.models import Change, Role
from scheduling.documents.prints import Press
from tests.factories.projects import InstitutionFactory, MembershipFactory, ProjectFactory
from tests.factories.scheduling import SolutionFactory

pytestmark = pytest.mark.django_db


def picture(kind="PNG", size=(40, 30), name="logo", **options):
    out = io.BytesIO()
    Image.new("RGB", size, "darkgreen").save(out, kind, **options)
    return SimpleUploadedFile(name, out.getvalue())


@pytest.fixture
def here():
    return InstitutionFactory(slug="here", name="Here")


@pytest.fixture(params=["page", "admin"])
def post(request, client, here):
    """post(logo=…): the institution's form, on its own page and among the lists, with or without a logo."""
    client.force_login(MembershipFactory(institution=here, role=Role.ADMINISTRATOR).user)
    place = "/at/here/staff/"
    place += "institution/" if request.param == "page" else f"projects/institution/{here.pk}/change/"
    told = {"name": "Here", "language": "en", "time_zone": "UTC", "currency": "PKR"}

    def post(**more):
        response = client.post(place, {**told, **more}, follow=True)
        here.refresh_from_db()
        return response

    post.address = place
    return post


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_drawn_anew_and_shown(post, client, here, kind):
    hidden = {"comment": b"<script>"} if kind == "JPEG" else {}
    post(logo=picture(kind, name="../../etc/my logo.exe", **hidden))
    with here.logo.open("rb") as file:
        kept = file.read()
    assert here.logo.name.startswith("logos/here")
    assert here.logo.name.endswith(".png")
    assert Image.open(io.BytesIO(kept)).size == (40, 30)
    assert b"<script>" not in kept
    assert "data:image/png;base64," in client.get(post.address).text
    assert Change.objects.filter(model="projects.institution").exists()


def test_a_large_logo_is_made_smaller(post, here):
    post(logo=picture(size=(3000, 1500)))
    with here.logo.open("rb") as file:
        assert Image.open(file).size == (1200, 600)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"),
        lambda: SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\n and no more"),
        lambda: picture("GIF"),
        lambda: picture(size=(8000, 6000)),
        lambda: SimpleUploadedFile("logo.png", picture().read() + bytes(letterhead.LOGO_BYTES)),
    ],
    ids=["svg", "cut", "gif", "bomb", "heavy"],
)
def test_what_is_no_small_picture_is_refused_in_words(post, here, wrong):
    response = post(logo=wrong())
    assert "picture" in response.text
    assert not here.logo


def test_the_former_logo_goes_when_another_comes_or_none_is_wanted(
    post, here, settings, django_capture_on_commit_callbacks
):
    for more in ({"logo": picture()}, {"logo": picture("JPEG")}, {"logo-clear": "on"}):
        with django_capture_on_commit_callbacks(execute=True):
            post(**more)
    assert not here.logo
    assert list((settings.MEDIA_ROOT / "logos").iterdir()) == []


def test_the_logo_stands_on_prints(post, here):
    post(logo=picture())
    solution = SolutionFactory(project=ProjectFactory(institution=here))
    assert Press(solution, "en")._letterhead.logo.startswith(b"\x89PNG")
