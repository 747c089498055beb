"""The secret of a trial installation: random, made once, kept beside its database for its owner alone."""

import os
import secrets
from pathlib import Path


def own_secret(place: Path) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Two processes may start at once: the file appears whole, and the first one's stays.
        new = place.with_name(f"{place.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(50))
        os.link(new, place)
    except FileExistsError:
        pass
    finally:
        new.unlink(missing_ok=True)
    return place.read_text()
