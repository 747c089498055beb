"""A dirty workbook: open it, find the header, clean the cells, report by sheet, row and column. No Django.

opening.py     a file becomes sheets of rows, or is refused in a sentence
               (old_workbooks.py: an .xls in a process of its own, xls_process.py)
survey.py      what the fast reader cannot see: real sizes, formulas, hidden rows, zero padding
columns.py     what a column and a dataset are
headers.py     which dataset a sheet holds, in which row its headers stand
wide.py        a datesheet with one column per period, read as one row per exam
reading.py     a sheet becomes a table
cleaning.py    the table's cells become values and findings
cells.py       one cell: text, identifier, number, choice (moments.py: date, time, length of time)
checking.py    rows twice, references to rows that are not there
report.py      findings and counts
writing.py     xlsx and csv that hold no live formula; the user's own workbook with an error column
"""
