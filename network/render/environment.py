"""The Jinja2 environment of the platform templates: strict, trimmed, with few filters of our own."""

from __future__ import annotations

import hashlib
import re
import traceback
from functools import cache
from ipaddress import ip_interface, ip_network
from pathlib import Path

import jinja2

from network.device_model import SecretRef
from network.render.errors import TemplateError
from network.render.placeholders import placeholder

__all__ = ["TEMPLATES", "environment", "explain", "template_hash"]

TEMPLATES = Path(__file__).parent / "templates"


def _secret(value: object) -> str:
    if not isinstance(value, SecretRef):
        raise jinja2.TemplateRuntimeError(f"the filter 'secret' takes a SecretRef, not {type(value).__name__}")
    return placeholder(value)


def _address(value: str) -> str:
    return str(ip_interface(value).ip)


def _netmask(value: str) -> str:
    return str(ip_interface(value).netmask)


def _canonical(value: str) -> str:
    return str(ip_network(value, strict=False))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _vlan_list(value: tuple[int, ...]) -> str:
    return ",".join(str(vlan) for vlan in sorted(value))


@cache
def environment(folder: Path = TEMPLATES) -> jinja2.Environment:
    """The environment over a folder of templates (one sub-folder a platform, entry ``device.j2``)."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is router configuration; HTML escaping would corrupt it
        extensions=["jinja2.ext.do"],
    )
    env.filters.update(
        secret=_secret, address=_address, netmask=_netmask, canonical=_canonical, quoted=_quoted, vlan_list=_vlan_list
    )
    return env


@cache
def template_hash(platform: str, folder: Path = TEMPLATES) -> str:
    """SHA-256 over all template files of a platform: part of the memo's key, and of a plan's evidence."""
    digest = hashlib.sha256()
    for path in sorted((folder / platform).rglob("*.j2")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_UNDEFINED = re.compile(r"'([^']+)' is undefined|has no attribute '([^']+)'|has no element '?([^' ]+)")


def explain(error: Exception, file: str) -> TemplateError:
    """What went wrong in a template, with the file, the line and the variable where they are known."""
    line: int | None = None
    if isinstance(error, jinja2.TemplateSyntaxError):
        return TemplateError(str(error.message), file=error.name or file, line=error.lineno)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.name in ("top-level template code", "template") or frame.name.startswith("block "):
            line = frame.lineno
            file = _template_name(frame.filename, file)
    found = _UNDEFINED.search(str(error)) if isinstance(error, jinja2.UndefinedError) else None
    variable = next((group for group in found.groups() if group), None) if found else None
    return TemplateError(str(error) or type(error).__name__, file=file, line=line, variable=variable)


def _template_name(path: str, default: str) -> str:
    """A template's name below its folder; the machine's own paths are nobody's business."""
    if path in ("<template>", "<unknown>"):
        return default
    parts = Path(path).parts
    return "/".join(parts[parts.index("templates") + 1 :]) if "templates" in parts else default
