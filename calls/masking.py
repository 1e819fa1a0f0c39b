"""What is shown of a fact before somebody asks to see it. Pure."""

SHOWN = 2
HIDDEN = "••••"


def masked_fact(value: object) -> str:
    """The last two characters: `••••05`. A short one is hidden whole; "" stays ""."""
    text = str(value)
    if not text:
        return ""
    return HIDDEN + text[-SHOWN:] if len(text) > 2 * SHOWN else HIDDEN
