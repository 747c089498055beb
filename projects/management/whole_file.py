"""A file that a command writes: whole or not at all, and never over one that is there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """For its owner's eyes: it holds people's data."""
    taken = CommandError(f"There is a file {path} already: choose another name.")
    if path.exists():  # told before the work is done; os.link sees to who comes meanwhile
        raise taken
    part = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        os.link(part, path)
    except FileExistsError:
        raise taken from None
    except OSError as fault:
        raise CommandError(f"{path} cannot be written: {fault.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)
