"""Pictures for prints: small enough that a file of 500 slips stays light."""

import io
from pathlib import Path

from PIL import Image, ImageOps

# A passport photo on paper is 25 × 32 mm: 240 × 310 pixels are 240 dots per inch.
PHOTO_SIZE = (240, 310)
# What is already as small as this goes to the page as it is.
LIGHT_BYTES = 40_000


def photo_for_print(path: Path) -> bytes:
    """A small JPEG, upright; a white one if it cannot be read: the print goes out without."""
    try:
        contents = path.read_bytes()
        with Image.open(io.BytesIO(contents)) as picture:
            if picture.format == "JPEG" and len(contents) <= LIGHT_BYTES and not picture.getexif():
                return contents
            picture.draft("RGB", PHOTO_SIZE)
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail(PHOTO_SIZE)
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=80)
    except (OSError, ValueError, Image.DecompressionBombError):
        return _blank()
    return out.getvalue()


def _blank() -> bytes:
    out = io.BytesIO()
    Image.new("L", (12, 16), 255).save(out, "JPEG")
    return out.getvalue()
