"""Pages of staff and of the operator: assignments, people, submissions, texts, regrades, downloads, analysis."""
