"""The secret-bearing grammar of each platform."""

from __future__ import annotations

import re

from network.redact.grammar import Grammar

__all__ = ["GRAMMARS"]

_TYPES = frozenset(
    (
        "0", "3", "4", "5", "6", "7", "8", "8a", "9", "10", "11", "14", "15", "clear", "cleartext", "clear-text",
        "plain", "plaintext", "plain-text", "encrypted", "encrypted-text", "unencrypted", "md5", "sha", "sha1",
        "sha-1", "sha224", "sha256", "sha-256", "sha384", "sha512", "sha-512", "hmac-sha-1", "hmac-sha-256",
        "hmac-md5", "cmac-aes-128", "aes-128-cmac", "aes", "aes128", "aes192", "aes256", "aes-128", "aes-256",
        "des", "3des", "ascii", "ascii-text", "hex", "hexadecimal", "local", "generated", "=", "keyed-md5", "hash",
        "line", "128", "192", "256", "keyed-sha1", "meticulous-keyed-md5", "meticulous-keyed-sha1", "simple",
        "pbkdf2", "scrypt", "hidden-key",
    )
)  # fmt: skip
# After a secret, with how many harmless words each takes along.
_FOLLOW = {
    "role": 1, "privilege": 1, "level": 1, "ro": 1, "rw": 1, "view": 1, "vrf": 1, "use-vrf": 1, "port": 1,
    "auth-port": 1, "acct-port": 1, "timeout": 1, "retransmit": 1, "group": 1, "network-operator": 0,
    "network-admin": 0, "localizedkey": 0, "localizedv2key": 0, "localized": 0, "single-connection": 0, "pac": 0,
    "authentication": 0, "accounting": 0, "send-only": 0, "access": 1, "engineid": 1, "expire": 1, "systemowner": 0,
    "sdrowner": 0, "ipv4": 1, "ipv6": 1, "prefer": 0, "trap": 0, "address": 1, "hostname": 1,
}  # fmt: skip
_CISCO_ANNOUNCE = frozenset(
    (
        "password", "secret", "key", "key-string", "key-chain-string", "md5", "sha", "sha-256", "hmac-md5",
        "message-digest-key", "authentication-key", "community", "auth", "priv", "passphrase", "pre-shared-key",
        "shared-secret", "secret-key", "wpa-psk", "psk", "encrypted-password", "ascii-key", "hex-key", "pre-share",
        "sha-secret", "hex-string", "localizedkey-string",
    )
)  # fmt: skip
_DESCRIBES = (
    r"description |remark |hostname |interface |route-map |ip route |ipv6 route |ip address |ipv6 address |vlan "
)
_CISCO_HARMLESS = re.compile(
    r"(?:no )?(?:service (?:password-encryption|password-recovery)|password (?:encryption|strength-check)"
    r"|key chain \S+$"
    r"|key \d+$|key-?id |set community |set extcommunity |match community |ip community-list |ip extcommunity-list"
    r"|community-list |community-set |neighbor \S+ send-community|send-community|send-extended-community"
    r"|ip ospf authentication(?: message-digest| key-chain \S+| null)?$|authentication (?:mode|key-chain"
    r"|message-digest)"
    r"|area \S+ authentication(?: message-digest)?$|neighbor \S+ password-|password policy|aaa authentication"
    r"|aaa accounting"
    r"|crypto key generate|ip ssh |authentication keyed-md5$|(?:\S+ \d+ )?authentication md5 key-chain "
    r"|isis authentication mode|snmp-server (?:enable|location|contact)"
    r"|security password|switchport |cryptographic-algorithm|send-id |recv-id |" + _DESCRIBES + ")",
    re.IGNORECASE,
)
_CISCO_KNOWN = re.compile(
    r"(?:" + _DESCRIBES + r"|snmp-server (?:location|contact|engineID)|boot |version |set community )", re.IGNORECASE
)
_CISCO_PATTERNS = (
    re.compile(
        r"^\s*snmp-server host \S+ "
        r"(?:(?:(?:use-)?vrf \S+|traps|informs|version (?:1|2c)) )*(?!(?:use-)?vrf|traps|informs|version)(\S+)"
    ),
    re.compile(r"^\s*snmp-server host \S+ .*version 3 (?:auth|noauth|priv) (\S+)"),
    re.compile(
        r"^\s*(?:(?:standby|vrrp|glbp) \d+ (?:peer )?)?authentication (?:text )?(?!text|md5|mode|key|message|keyed|open"
        r"|shared)(\S+)$"
    ),
    re.compile(r"^\s*ip nhrp authentication (\S+)"),
    re.compile(r"^\s*tunnel key (\S+)"),
    re.compile(r"^\s*ppp (?:chap|pap) .*password (?:[07] )?(\S+)"),
)

_CISCO = Grammar(
    _CISCO_ANNOUNCE,
    _TYPES,
    _FOLLOW,
    _CISCO_HARMLESS,
    _CISCO_KNOWN,
    rest=frozenset(("key-string",)),
    patterns=_CISCO_PATTERNS,
)
_NXOS = Grammar(
    _CISCO_ANNOUNCE | {"localizedkey"},
    _TYPES,
    _FOLLOW,
    _CISCO_HARMLESS,
    _CISCO_KNOWN,
    rest=frozenset(("key-string",)),
    patterns=_CISCO_PATTERNS,
)
_EOS = Grammar(
    _CISCO_ANNOUNCE | {"auth-password", "shared-key"},
    _TYPES | {"*"},
    _FOLLOW,
    re.compile(_CISCO_HARMLESS.pattern + r"|ip community-list regexp |username \S+ (?:ssh-key|sshkey) ", re.IGNORECASE),
    _CISCO_KNOWN,
    rest=frozenset(("key-string",)),
    patterns=_CISCO_PATTERNS,
)
_IOSXR = Grammar(
    _CISCO_ANNOUNCE | {"keychain-string", "hmac-sha-256", "clear"},
    _TYPES,
    _FOLLOW,
    re.compile(_CISCO_HARMLESS.pattern + r"|authentication message-digest keychain |key-string$", re.IGNORECASE),
    _CISCO_KNOWN,
    patterns=_CISCO_PATTERNS,
)
_JUNOS_ANNOUNCE = frozenset(
    (
        "authentication-key",
        "encrypted-password",
        "plain-text-password",
        "plain-text-password-value",
        "secret",
        "pre-shared-key",
        "ascii-text",
        "hexadecimal",
        "key",
        "authentication-password",
        "privacy-password",
        "authentication-key-value",
        "privacy-key",
        "auth-password",
        "md5",
        "simple-password",
        "community",
        "password",
        "passphrase",
        "cak",
        "shared-secret",
        "traceoptions-key",
        "tacplus-secret",
        "wpa-psk",
    )
)  # fmt: skip
_JUNOS = Grammar(
    _JUNOS_ANNOUNCE,
    _TYPES | {"key"},
    {"authorization": 1, "clients": 1, "start-time": 1, "port": 1, "timeout": 1, "source-address": 1, "algorithm": 1},
    re.compile(
        r"(?:(?:set|delete) )?(?:\S+ )*?(?:policy-options (?:community|policy-statement) |policy-statement "
        r"|description "
        r"|members |from community |then community |community (?:add|set|delete) |authentication-key-chains? \S+ ?\{?$"
        r"|key-chain \S+ ?;?\{?$|host-name )"
        r"|key \d+ \{$|community \S+ members |md5 \d+ \{$|ssh-(?:rsa|dsa|ecdsa|ed25519) |authentication-algorithm ",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:(?:set|delete) )?(?:\S+ )*?(?:description|host-name|version|ssh-(?:rsa|ed25519|ecdsa)|ssh-public-key)\b"
    ),
)
_FRR_ANNOUNCE = frozenset(
    (
        "password",
        "key-string",
        "md5",
        "message-digest-key",
        "authentication-key",
        "auth",
        "psk",
        "secret",
        "key",
        "community",
        "md5-key",
    )
)  # fmt: skip
_FRR = Grammar(
    _FRR_ANNOUNCE,
    _TYPES,
    {"vrf": 1, "group": 1, "keychain": 1, "preference": 1, "ssh": 0},
    re.compile(
        r"(?:no )?(?:service password-encryption|key chain \S+$|key \d+$|set (?:large-|ext)?community "
        r"|match (?:large-|ext)?community"
        r"|neighbor \S+ send-community|bgp (?:large-|ext)?community-list |bgp default |ip ospf authentication(?: \S+)?$"
        r"|neighbor \S+ (?:description|route-map|prefix-list|peer-group|remote-as|interface) "
        r"|area \S+ authentication(?: message-digest)?$|isis password-|debug |" + _DESCRIBES + ")",
        re.IGNORECASE,
    ),
    re.compile(r"(?:" + _DESCRIBES + r"|neighbor \S+ description |set community |bgp community-list |log |frr )"),
    rest=frozenset(("password", "key-string")),
    patterns=(
        re.compile(r"^\s*ip rip authentication string (.+)$"),
        re.compile(r"^\s*ip nhrp authentication (.+)$"),
        re.compile(r"^\s*(?:area|domain)-password (?:clear|md5) (\S+)"),
        re.compile(r"^\s*area \S+ virtual-link \S+ .*(?:authentication-key|md5) (\S+)$"),
        re.compile(r"^\s*vrrp \d+ authentication \S+ (.+)$"),
    ),
)

GRAMMARS: dict[str, Grammar] = {
    "frr": _FRR,
    "eos": _EOS,
    "junos": _JUNOS,
    "iosxr": _IOSXR,
    "nxos": _NXOS,
    "ios": _CISCO,
}
