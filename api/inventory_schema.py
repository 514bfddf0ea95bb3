"""What OpenAPI says of inventory bodies and filters: from the models the planner validates with.

The endpoints take bodies as they come, so nothing is validated twice.
"""

from __future__ import annotations

from typing import Any

from inventory.object_type import ObjectType
from inventory.queries import FILTERS
from inventory.schema import INPUT, PATCH, Allocation

__all__ = ["body_of", "list_parameters"]


def body_of(name: str, *, many: bool = False, patch: bool = False) -> dict[str, Any]:
    """``openapi_extra`` with the request body of a type (``allocation`` and ``items`` are shapes of their own)."""
    if name == "items":
        schema: dict[str, Any] = {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]}}
    else:
        model = Allocation if name == "allocation" else (PATCH if patch else INPUT)[name]
        one = _inlined(model.model_json_schema())
        schema = {"oneOf": [one, {"type": "array", "items": one}]} if many else one
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def list_parameters(made: ObjectType) -> dict[str, Any]:
    """``openapi_extra`` with the filters of a list."""
    names = [*made.references, *FILTERS.get(made.name, ()), *(["tenant"] if made.owned else []), "q"]
    told = {"q": "Part of the key.", "select": "A selector, `role=access,site=DC-ARTS,name~ac0*,!status=retired`."}
    if made.name == "device":
        names.append("select")
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": told.get(name, f"By {name}."),
            }
            for name in dict.fromkeys(names)
        ]
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A model's JSON schema with its definitions put in place: nothing of ours refers to itself."""
    definitions = schema.pop("$defs", {})

    def place(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return place(definitions[value["$ref"].rpartition("/")[2]])
            return {key: place(item) for key, item in value.items()}
        return [place(item) for item in value] if isinstance(value, list) else value

    out = place(schema)
    assert isinstance(out, dict)
    return out
