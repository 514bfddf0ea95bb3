"""Pins: parts of a device's model that the device itself decided, kept when it was adopted.

An adoption lists where the new model differs from the intent, down to fields, as ``interfaces[to-ag01].ospf.cost``.
A pin is that place and its value. Pins are laid on the model that the inventory gives, so everything else goes on
following the inventory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from network.device_model import DeviceModel
from network.parse import Adopted

__all__ = ["apply_pins", "pins_of"]

_KEYS = ("name", "seq", "prefix", "id")
_STEP = re.compile(r"([a-z0-9_]+)(?:\[([^\]]*)\])?")


def pins_of(adopted: Sequence[Adopted]) -> str:
    """The pins of an adoption as JSON text. Opaque blocks have overlays of their own; that one is gone is a pin."""
    return json.dumps(
        [
            {"part": one.part, "value": one.after}
            for one in adopted
            if not one.part.startswith("opaque") or one.after is None
        ],
        sort_keys=True,
        ensure_ascii=False,
    )


def apply_pins(model: DeviceModel, pins: str) -> DeviceModel:
    """The model with every pin laid on it; a pin on something that is gone from the model brings it back.

    Raises:
        pydantic.ValidationError: the stored pins do not fit the model (they were altered by hand).
    """
    data = model.as_dict()
    for pin in json.loads(pins):
        steps = [(m[1], m[2]) for m in _STEP.finditer(pin["part"])]
        _set(data, steps, pin["value"])
    return DeviceModel.from_dict(data)


def _set(node: dict[str, Any], steps: list[tuple[str, str | None]], value: object) -> None:
    name, label = steps[0]
    if label is None:
        if len(steps) > 1:
            child = node.get(name)
            if not isinstance(child, dict):
                child = node[name] = {}
            _set(child, steps[1:], value)
        elif value is None:
            node.pop(name, None)
        else:
            node[name] = value
        return
    items: list[Any] = node.setdefault(name, [])
    found = next((i for i, item in enumerate(items) if isinstance(item, dict) and _label(item) == label), None)
    if len(steps) > 1:
        if found is None:
            items.append({"name": label})
            found = len(items) - 1
        _set(items[found], steps[1:], value)
    elif value is None:
        if found is not None:
            del items[found]
    elif found is None:
        items.append(value)
    else:
        items[found] = value


def _label(item: dict[str, Any]) -> str | None:
    return next((str(item[key]) for key in _KEYS if item.get(key) is not None), None)
