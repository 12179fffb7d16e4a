"""Text for a terminal: what files and bundles say must not move the cursor or ring the bell."""


def printable(text: str) -> str:
    """Return a text without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)
