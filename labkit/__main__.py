"""`python -m labkit`: the command line."""

from labkit.cli import main

if __name__ == "__main__":  # worker processes import this module under another name
    main(prog_name="labkit")
