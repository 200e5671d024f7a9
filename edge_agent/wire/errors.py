"""What is wrong with a message, as a code for machines and a sentence for people."""


class WireError(ValueError):
    """A message that cannot be taken: `code` names the reason, `sentence` says found and expected."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        """Answer with the sentence alone."""
        return self.sentence


def shown(found: object, most: int = 60) -> str:
    """Show what was found, shortened to `most` characters, whatever it is."""
    try:
        text = repr(found)
    except (ValueError, RecursionError):
        text = f"a {type(found).__name__} too large to show"
    return text if len(text) <= most else text[: most - 1] + "…"
