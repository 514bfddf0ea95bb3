"""What can go wrong between a model and a configuration text.

::

    IrisplaneError
    ├── InvalidInput
    │   ├── TemplateError          NET-201  a template does not render (file, line, variable)
    │   ├── UnsupportedPlatform    NET-202  no templates, grammar or parser for this platform
    │   └── UnprintableSecret      NET-204  a secret's value cannot stand in a configuration line
    └── NotFound
        └── UnknownSecret          NET-203  the model refers to a secret that the store does not hold
"""

from __future__ import annotations

from core.errors import InvalidInput, NotFound

__all__ = ["TemplateError", "UnknownSecret", "UnprintableSecret", "UnsupportedPlatform"]


class TemplateError(InvalidInput):
    """A template does not render; fields ``file``, ``line``, ``variable`` say where (None: not known)."""

    code = "NET-201"
    title = "Template error"
    hint = "Mend the named line of the template; docs/snippets.md lists the variables."

    def __init__(self, message: str, *, file: str, line: int | None = None, variable: str | None = None) -> None:
        where = f"{file}, line {line}" if line is not None else file
        super().__init__(f"{where}: {message}", file=file, line=line, variable=variable)


class UnsupportedPlatform(InvalidInput):
    """No templates, grammar or parser for this platform."""

    code = "NET-202"
    title = "Unsupported platform"
    hint = "Choose one of the platforms that the message names."


class UnknownSecret(NotFound):
    """The model refers to a secret that the store does not hold."""

    code = "NET-203"
    title = "Unknown secret"
    hint = "Create it with 'irisplane secret set NAME', or correct the reference."


class UnprintableSecret(InvalidInput):
    """A secret's value cannot stand in a configuration line; the value is never shown."""

    code = "NET-204"
    title = "Secret cannot be written"
    hint = "Set a value of printable characters, without line breaks."
