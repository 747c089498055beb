import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.documents.words import LANGUAGES
from projects.management.project_command import ProjectCommand
from scheduling.documents.folder import Written, write_all
from scheduling.documents.prints import FORMATS, NothingToPrint, Press
from scheduling.models import Solution


class Command(ProjectCommand):
    help = "Write every print of the live solution (else the newest) into a folder, with an index."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", metavar="DIR", type=Path, required=True)
        parser.add_argument(
            "--format", default=",".join(FORMATS), help=f"some of {','.join(FORMATS)}, with commas (all)"
        )
        parser.add_argument("--solution", type=int, help="the solution's number")
        parser.add_argument("--language", choices=LANGUAGES, help="en or ur (the institution's own)")

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.monotonic()
        project = self.find_project(options["project"])
        solution = self.find_solution(project, options["solution"])
        formats = [name.strip() for name in options["format"].split(",") if name.strip()]
        if not formats or (unknown := set(formats) - set(FORMATS)):
            named = f" {', '.join(sorted(unknown))}" if formats else ""
            raise CommandError(f"There is no format{named}. Choose some of: {', '.join(FORMATS)}.")
        # Where an absolute path leads is the caller's own choice: this is their machine.
        folder = Path(options["out"])
        try:
            written = write_all(
                Press(solution, options["language"] or ""),
                folder,
                formats=formats,
                progress=self.tell(options),
            )
        except NothingToPrint as reason:
            raise CommandError(str(reason)) from reason
        except OSError as reason:
            sentence = f"{folder} cannot be written: {reason.strerror}. Choose another folder."
            raise CommandError(sentence) from reason
        files = [file for one in written for file in one.files]
        seconds = round(time.monotonic() - start, 2)
        self.answer(
            {
                "solution": solution.number,
                "out": str(folder),
                "files": len(files),
                "bytes": sum(file.stat().st_size for file in files),
                "prints": {
                    f"{one.code}.{one.format}": [file.relative_to(folder).as_posix() for file in one.files]
                    for one in written
                    if one.files
                },
                "left_out": {f"{one.code}.{one.format}": one.reason for one in written if one.reason},
                "seconds": seconds,
            },
            f"{len(files):,} files of solution {solution.number} in {folder}, {seconds} s: open index.html.",
            as_json=options["json"],
        )

    def find_solution(self, project: Any, number: int | None) -> Solution:
        solutions = Solution.objects.for_project(project).select_related("project__institution", "run")
        if number:
            solutions = solutions.filter(number=number)
        solution = solutions.order_by("-is_live", "-number").first()
        if solution is None:
            which = f"solution {number}" if number else "solution yet"
            raise CommandError(f"{project.path} has no {which}. Make one with: solve {project.path}")
        return solution

    def tell(self, options: dict[str, Any]):
        def progress(written: Written) -> None:
            if not options["json"] and options["verbosity"] > 1:
                told = written.reason or f"{len(written.files)} files"
                self.stdout.write(f"  {written.code}.{written.format}: {told}")

        return progress
