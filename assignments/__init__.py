"""The assignments: one folder for each. autograder/assignment.py loads them by name."""
