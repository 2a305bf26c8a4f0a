"""`python -m autograder` is the command `gradmark`."""

from autograder.cli import main

if __name__ == "__main__":
    main()
