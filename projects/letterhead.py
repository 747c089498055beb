"""What stands on every print of an institution, its logo too, and its other settings."""

import base64
import io
from collections.abc import Mapping
from typing import Any

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from . import files, history
from .models import Institution

LOGO_BYTES = 1024 * 1024
MOST_PIXELS = 40_000_000  # a small file may unpack to many
LOGO_SIDE = 1200  # pixels: prints make it smaller still


class CannotTake(Exception):
    """Why a file is no logo, in words for the person who chose it."""


def logo_from(upload: File, *, institution: Institution) -> ContentFile:
    """The picture drawn anew as a PNG: nothing else that its file may hold is kept, nor its name.

    Raises CannotTake.
    """
    if (upload.size or 0) > LOGO_BYTES:
        raise CannotTake(_("Choose a PNG or JPEG picture of at most 1 MB."))
    try:
        with Image.open(upload, formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise CannotTake(_("This picture has too many points: save it at most 2000 points wide."))
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as damage:
        raise CannotTake(_("Choose a PNG or JPEG picture of at most 1 MB.")) from damage
    drawn.thumbnail((LOGO_SIDE, LOGO_SIDE))
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return ContentFile(out.getvalue(), name=f"{institution.slug}.png")


def as_address(logo: FieldFile) -> str:
    """The picture itself as an address for a page, empty if its file is gone."""
    try:
        with logo.open("rb") as file:
            return f"data:image/png;base64,{base64.b64encode(file.read()).decode()}"
    except OSError:
        return ""


@transaction.atomic
def save_settings(*, institution: Institution, before: Mapping[str, Any]) -> None:
    """Save an institution, `before` being the former values of what has changed.

    It is no row of a tenant, so it does not write its own history.
    """
    former = Institution.objects.get(pk=institution.pk).logo
    institution.save()
    history.note(
        institution=institution,
        what=str(institution),
        model=Institution,
        action="changed",
        before={str(institution.pk): {name: _plain(value) for name, value in before.items()}},
        after={str(institution.pk): {name: _plain(getattr(institution, name)) for name in before}},
    )
    if former and former.name != institution.logo.name:
        transaction.on_commit(lambda: files.discard(former))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)
