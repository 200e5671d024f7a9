"""The door of cryokeep: says which extra is missing instead of a bare ModuleNotFoundError."""

import sys


def main() -> int:
    """Run the command line and give its exit code."""
    try:
        from server.cli import command_line  # noqa: PLC0415  # only here can a missing part be told in words
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        sys.stderr.write(
            f"cryokeep needs the package {missing}, which is not installed; "
            'expected an installation with: pip install "cryokeep[server]"\n'
        )
        return 1
    return command_line.main()


if __name__ == "__main__":
    sys.exit(main())
