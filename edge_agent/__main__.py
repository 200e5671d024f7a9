"""The door of cryokeep-edge: says which part is missing instead of a bare ModuleNotFoundError."""

import sys


def main() -> int:
    """Run the command line and give its exit code."""
    try:
        from edge_agent import cli  # noqa: PLC0415  # only here can a missing part be told in words
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        sys.stderr.write(
            f"cryokeep-edge needs the package {missing}, which is not installed; "
            'expected an installation with: pip install "cryokeep[edge]"\n'
        )
        return 1
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
