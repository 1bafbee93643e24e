"""``moodrec`` and ``python -m moodrec``: the command line, which may be interrupted while it still loads."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``moodrec`` script."""
    try:
        from moodrec.cli.app import main as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
