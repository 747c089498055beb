"""The printed things: datesheets by day, programme, room, student and teacher, and the quality report."""
