"""Typst: letterhead, fonts and the shared pieces of every print; and what writes a table to xlsx or csv."""
