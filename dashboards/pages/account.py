"""`/language`: the language of this browser, chosen at the foot of a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api.browser import local_path
from api.dependencies import settings_of
from core.errors import InvalidInput
from dashboards.languages import LANGUAGES, keep_chosen
from dashboards.routes import pages
from dashboards.visit import Visit, visiting

__all__ = ["router"]

router = pages()


@router.post("/language")
def choose(visit: Annotated[Visit, Depends(visiting())]) -> Response:
    """Keep the choice in this browser, and go back to where it was made."""
    wanted = visit.form.text("language")
    if wanted not in LANGUAGES:
        raise InvalidInput(f"There is no language {wanted[:20]!r}.", hint=f"One of: {', '.join(LANGUAGES)}.")
    answer = RedirectResponse(local_path(visit.form.text("next"), "/"), status_code=303)
    keep_chosen(answer, settings_of(visit.request), wanted)
    return answer
