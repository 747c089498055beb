"""The exam timetable solver. Arrays in, arrays out: `make_problem`, then `solve`."""
