"""Pages of students: their courses, handing in, the report, the quiz, practice; what of a report may be shown."""
