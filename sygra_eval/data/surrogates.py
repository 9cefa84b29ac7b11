"""Lone surrogates: JSON can spell them, UTF-8 cannot hold them."""


def is_text(value: str) -> bool:
    """Say whether UTF-8 can hold it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def without_surrogates(text: str) -> str:
    """Replace each lone surrogate by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
