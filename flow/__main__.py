"""``python -m flow`` is ``ohmforge``."""

from flow.cli import main

if __name__ == "__main__":
    main()
