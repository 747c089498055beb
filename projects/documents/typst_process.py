"""One file through typst, in a process of its own. The request comes as JSON on standard input.

Run by projects/documents/typesetting.py; knows neither Django nor the rest of the project.
"""

import json
import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent


def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])


def compile_request(request: dict) -> None:
    template = Path(request["template"])
    compiler = typst.Compiler(
        input=template,
        root=template.parent,
        font_paths=fonts(),
        ignore_system_fonts=True,
        package_path=HERE / "packages",
        # Nothing is ever fetched: what is not in our packages does not exist.
        package_cache_path=HERE / "packages",
        sys_inputs={"data": request["data"]},
    )
    compiler.compile(output=request["output"], **request["options"])


if __name__ == "__main__":
    try:
        compile_request(json.load(sys.stdin))
    except typst.TypstError as error:
        sys.exit(f"{error.message} {error.diagnostic}".replace("\n", " "))
