"""`python -m decayd` and the installed `decayd` command."""

from decayd.cli import main

if __name__ == "__main__":
    main()
