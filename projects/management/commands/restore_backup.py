"""manage.py restore_backup FILE: an installation as a backup holds it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects import backup


class Command(BaseCommand):
    help = "Fill an empty database and an empty directory of files from a backup."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            about = backup.restore(file)
        except backup.CannotRestore as reason:
            raise CommandError(str(reason)) from None
        except OSError as fault:
            raise CommandError(f"{fault.filename or file}: {fault.strerror}.") from None
        self.stdout.write(f"As it stood at {about['made_at']}, with {about['files']:,} files.")
