"""What a service says when it will not do what was asked."""


class Refused(Exception):
    """The request is at fault, and nothing was changed. `fields` names each wrong field and its cure."""

    def __init__(self, code: str, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}
