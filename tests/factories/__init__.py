"""Rows for tests. A factory takes its tenant from its parent, so that one argument places a whole family."""
