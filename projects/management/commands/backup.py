"""manage.py backup FILE: the whole installation, database and files, in one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects import backup
from projects.management.whole_file import whole_file


class Command(BaseCommand):
    help = "Write database and files into one file, which restore_backup takes; the site may go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with whole_file(file) as target:
                about = backup.back_up(target)
        except backup.CannotBackUp as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(
            f"{file}: the database and {about['files']:,} files, {file.stat().st_size:,} bytes. "
            "Keep SECRET_KEY and MEDICAL_KEYS elsewhere: they are not in it."
        )
