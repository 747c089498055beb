import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import archive
from projects.management.project_command import ProjectCommand


class Command(ProjectCommand):
    help = "Write the whole project into one archive file, which restore_archive takes."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        project, path = self.find_project(options["project"]), options["file"]
        # Whole or not at all, and never over a file that is there.
        part = path.with_name(f"{path.name}.part")
        try:
            # For the owner's eyes: it holds people's data.
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                rows = archive.dump(project, file)
            os.link(part, path)
        except FileExistsError:
            raise CommandError(f"There is a file {path} already: choose another name.") from None
        except OSError as fault:
            raise CommandError(f"{path} cannot be written: {fault.strerror}.") from None
        finally:
            part.unlink(missing_ok=True)
        total, size = sum(rows.values()), path.stat().st_size
        facts = {"file": str(path), "rows": rows, "bytes": size}
        self.answer(facts, f"{path}: {total:,} rows, {size:,} bytes.", as_json=options["json"])
