"""A whole project in one file, and back.

The file is a zip: manifest.json, rows/<model>.jsonl (one JSON list a line, in the order of the columns that
the manifest names) and files/<number>. It holds no keys: a reference is the number of a line, a person an
e-mail address. So the same project gives the same rows wherever it was restored, and nothing in a file can
point at rows of others.
"""

from .reading import CannotRestore, remove_rows, replace, restore, when_restored
from .tables import STANDS_APART
from .writing import dump

__all__ = ["STANDS_APART", "CannotRestore", "dump", "remove_rows", "replace", "restore", "when_restored"]
