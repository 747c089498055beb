from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from projects import archive
from projects.management.project_command import ProjectCommand
from projects.management.whole_file import whole_file


class Command(ProjectCommand):
    help = "Write the whole project into one archive file, which restore_archive takes."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        project, path = self.find_project(options["project"]), options["file"]
        with whole_file(path) as file:
            rows = archive.dump(project, file)
        total, size = sum(rows.values()), path.stat().st_size
        facts = {"file": str(path), "rows": rows, "bytes": size}
        self.answer(facts, f"{path}: {total:,} rows, {size:,} bytes.", as_json=options["json"])
