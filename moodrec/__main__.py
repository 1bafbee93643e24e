"""``moodrec`` and ``python -m moodrec`` start the command line from here.

An interruption (Ctrl-C) while its modules are still being imported ends in exit code 130, without a
traceback.
"""

from __future__ import annotations


def main() -> None:
    """Run the ``moodrec`` script: import the command line, then run the command that was typed."""
    try:
        from moodrec.cli.app import main as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
