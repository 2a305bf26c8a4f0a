"""What is asked: one folder an assignment. autograder/assignment.py loads them by name."""
