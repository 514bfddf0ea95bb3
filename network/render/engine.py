"""From a device model to the text of its whole configuration."""

from __future__ import annotations

import jinja2

from network.device_model import DeviceModel
from network.render.environment import environment, explain, template_hash
from network.render.errors import UnsupportedPlatform
from network.render.memo import Memo
from network.render.normalise import normalise
from network.render.opaque import with_opaque
from network.render.placeholders import Resolver, fill

__all__ = ["MEMO", "PLATFORMS", "render", "render_unfilled"]

PLATFORMS = ("frr", "eos", "junos", "iosxr")
MEMO = Memo(4096)


def render_unfilled(model: DeviceModel, platform: str) -> str:
    """The configuration with placeholders where secrets will stand: what may be kept, hashed and compared.

    Raises:
        UnsupportedPlatform: there are no templates for ``platform``.
        TemplateError: a template does not render this model.
    """
    if platform not in PLATFORMS:
        raise UnsupportedPlatform(f"There are no templates for {platform!r}; there are for {', '.join(PLATFORMS)}.")
    return MEMO.get((model.input_hash(), template_hash(platform), platform), lambda: _make(model, platform))


def render(model: DeviceModel, platform: str, secrets: Resolver) -> str:
    """The whole configuration of a device, as its platform's own ``show`` would print it, secrets filled in.

    Args:
        model: the device.
        platform: one of :data:`PLATFORMS`.
        secrets: gives the value of a secret; ``redacting`` for a text that people read.
    Raises:
        UnsupportedPlatform, TemplateError: see :func:`render_unfilled`.
        UnknownSecret, UnprintableSecret: see :func:`network.render.placeholders.fill`.
    """
    return fill(render_unfilled(model, platform), secrets)


def _make(model: DeviceModel, platform: str) -> str:
    name = f"{platform}/device.j2"
    try:
        text = environment().get_template(name).render(device=model)
    except jinja2.TemplateError as error:
        raise explain(error, name) from error
    text = with_opaque(text, [block for block in model.opaque if block.platform == platform], platform)
    if platform == "frr":
        return normalise(text, platform)
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())
