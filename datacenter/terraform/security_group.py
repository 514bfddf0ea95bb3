"""`irisplane_security_group`: which connections a server takes, as rules."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, ClassVar, Final

from tf.blocks import SetNestedBlock
from tf.schema import Block

from datacenter.terraform.fields import Field, known, length, one_of, port_range
from datacenter.terraform.noun import ID, PROJECT, Noun, State

__all__ = ["SecurityGroup"]

_RULE: Final = (
    Field("direction", "text", "`ingress` for what comes in, `egress` for what goes out.", "must",
          check=one_of("ingress", "egress")),
    Field("protocol", "text", "`tcp`, `udp`, `sctp`, `icmp`, `esp`, `ah`, `gre` or `any`.", "must",
          check=one_of("any", "tcp", "udp", "sctp", "icmp", "esp", "ah", "gre")),
    Field("ports", "text", "`443`, or `8000-8010`; every port when absent.", "may", check=port_range),
    Field("remote", "text", "A range of addresses, or `group:NAME`; anywhere when absent.", "may",
          check=length(1, 100)),
)  # fmt: skip


class SecurityGroup(Noun):
    """A security group with all of its rules: what is not among them is taken away."""

    name: ClassVar = "security_group"
    collection: ClassVar = "/api/v1/security-groups"
    description: ClassVar = "Which connections servers take. Every rule stands in a block of its own."
    fields: ClassVar = (
        ID,
        PROJECT,
        Field("name", "text", "What servers call it by.", "must", check=length(1, 63)),
        Field("description", "text", "For people.", "may", check=length(0, 200)),
        Field("status", "text", "As the cloud sees it.", volatile=True),
    )
    blocks: ClassVar = (SetNestedBlock("rule", Block([field.attribute() for field in _RULE])),)

    def validate(self, diags: Any, type_name: str, config: State) -> None:
        """Each rule by itself, too."""
        super().validate(diags, type_name, config)
        for rule in config.get("rule") or ():
            for field in _RULE:
                value = rule.get(field.name)
                if known(value) and field.check is not None and (wrong := field.check(value)) is not None:
                    diags.add_error(f"A rule's {field.name} {wrong}", path=["rule"])

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:
        """Other rules alter what is told, as another attribute does."""
        if current and _meant(current) != _meant(planned):
            ctx.changed_fields.add("rule")
        return super().plan(ctx, current, planned)

    def order(self, planned: State) -> dict[str, Any]:
        """The rules, too."""
        return {**super().order(planned), "rules": _rules(planned)}

    def state(self, found: Mapping[str, Any], before: State) -> State:
        """The rules as they are; one that says the same in other words stays in the configuration's words."""
        worded = {_essence(rule): rule for rule in before.get("rule") or ()}
        told = [_told(rule) for rule in found.get("rules") or ()]
        return {**super().state(found, before), "rule": [worded.get(_essence(rule), rule) for rule in told]}

    def alter(self, current: State, planned: State) -> None:
        """Everything that is otherwise, in one order; rules are told all at once."""
        body = {name: planned[name] or "" for name in ("name", "description") if planned[name] != current[name]}
        if _meant(current) != _meant(planned):
            body["rules"] = _rules(planned)
        if body:
            self.session.orders.do("PATCH", self.address(current["id"]), body, match="*")


def _rules(planned: State) -> list[dict[str, Any]]:
    """The rules as the API takes them, in an order that does not depend on Terraform's."""
    return sorted((_asked(rule) for rule in planned.get("rule") or ()), key=str)


def _asked(rule: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: rule[name] for name in ("direction", "protocol", "remote") if known(rule.get(name))}
    if known(rule.get("ports")):
        least, _, most = rule["ports"].partition("-")
        body |= {"port_min": int(least), "port_max": int(most or least)}
    return body


def _told(rule: Mapping[str, Any]) -> dict[str, Any]:
    least, most = rule.get("port_min"), rule.get("port_max")
    ports = None if least is None else str(least) if most in (None, least) else f"{least}-{most}"
    said = {"direction": rule["direction"], "protocol": rule["protocol"], "remote": rule.get("remote") or None}
    return {**said, "ports": ports}


def _meant(state: State) -> set[tuple[Any, ...]]:
    return {_essence(rule) for rule in state.get("rule") or ()}


def _essence(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a rule means: a range of addresses has several spellings."""
    return rule.get("direction"), rule.get("protocol"), rule.get("ports"), _remote(rule.get("remote"))


def _remote(text: Any) -> Any:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text
