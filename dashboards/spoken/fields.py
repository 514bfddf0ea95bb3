"""What is said of a value that has the wrong form; these sentences are pydantic's."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["FORMS"]

FORMS: Final = (
    _("Field required"),
    _("Extra inputs are not permitted"),
    _("Input should be a valid string"),
    _("Input should be a valid boolean"),
    _("Input should be a valid boolean, unable to interpret input"),
    _("Input should be a valid integer"),
    _("Input should be a valid integer, unable to parse string as an integer"),
    _("Input should be a valid number"),
    _("Input should be a valid list"),
    _("Input should be a valid dictionary"),
    _("Input should be greater than or equal to %(count)s"),
    _("Input should be less than or equal to %(count)s"),
    _("Input should be greater than %(count)s"),
    _("Input should be less than %(count)s"),
    _("String should have at least %(count)s character"),
    _("String should have at least %(count)s characters"),
    _("String should have at most %(count)s character"),
    _("String should have at most %(count)s characters"),
    _("Tuple should have at least %(count)s items after validation, not %(count_own)s"),
    _("'%(what)s' does not appear to be an IPv4 or IPv6 interface"),
    _("String should match pattern '%(pattern)s'"),
    _("Input should be a valid UUID, %(said)s"),
    _("Input should be a valid date or datetime, %(said)s"),
    _("Input should be a valid date in the format YYYY-MM-DD, %(said)s"),
    _("Input should be a valid datetime, %(said)s"),
    _("Input should have timezone info"),
    _("Input should be '%(list)s'"),
    _("Value error, %(told)s"),
    _("Input should be a valid datetime or date, %(said)s"),
    _("UUID input should be a string, bytes or UUID object"),
)
"""What pydantic says of a value that has the wrong form."""
