"""Rows to problems, results to rows: the only rooms that know both vocabularies, one file per solver."""
