"""What a model can do beyond text, as its type says; one that says nothing cannot."""


def has_json_mode(model: object) -> bool:
    """Say whether a model takes a schema as `response_format`; else it goes into the prompt."""
    return bool(getattr(model, "has_json_mode", False))


def takes_images(model: object) -> bool:
    """Say whether a model takes images among the parts of a message."""
    return bool(getattr(model, "takes_images", False))
