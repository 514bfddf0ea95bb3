"""A wrong setting stops the start and says which, what it was and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Misconfigured
from core.instance import ROOT
from core.settings import Settings, as_markdown, load


def complaint(**variables: str) -> str:
    """What is said about wrong variables."""
    with pytest.raises(Misconfigured) as caught:
        load({f"IRISPLANE_{name}": value for name, value in variables.items()})
    return caught.value.message


def test_nothing_need_be_set() -> None:
    made = load({})
    assert made.listen == "127.0.0.1:8080"
    assert made.state_dir == ROOT / "var"
    assert made.key_file == ROOT / "var" / "keys" / "master.json"
    assert made.url == "http://127.0.0.1:8080"


def test_ports_and_folders_follow_from_the_instance() -> None:
    made = load({"IRISPLANE_INSTANCE": "dev3"})
    assert made.listen_port == 8080 + 60
    assert made.place.state_dir == ROOT / "var" / "instances" / "dev3"
    assert made.smtp_url.get_secret_value() == f"smtp://127.0.0.1:{made.place.smtp_port}"


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert load({"IRISPLANE_LISTEN": "", "IRISPLANE_LAB_ROUTERS": ""}).lab_routers == 12


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("INSTANCE", "mine", "must be one of main, test"),
        ("LISTEN", "8080", "must be host:port"),
        ("LISTEN", "localhost:99999", "must be host:port"),
        ("LISTEN", "0.0.0.0:8080", "IRISPLANE_TLS_CERT"),
        ("LISTEN", "[::]:8080", "IRISPLANE_TLS_CERT"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LAB", "maybe", "'on' or 'off'"),
        ("LAB_ROUTERS", "3", "greater than or equal to 4"),
        ("LAB_ROUTERS", "61", "less than or equal to 60"),
        ("LEASE_BEAT_SECONDS", "4", "at most half of IRISPLANE_LEASE_SECONDS"),
        ("APPROVAL_LAPSE_HOURS", "soon", "a valid integer"),
        ("TLS_CERT", "/nowhere/cert.pem", "a file that this user can read"),
        ("MAIL_FROM", "nobody", "must be"),
        ("PUBLIC_URL", "irisplane.brussels", "http://host"),
    ],
)
def test_each_wrong_value_is_named_with_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    said = complaint(**{variable: value})
    assert said.startswith(f"IRISPLANE_{variable}={value}")
    assert allowed in said
    assert "\n" not in said


def test_a_secret_value_is_never_shown() -> None:
    said = complaint(DATABASE_URL="mysql://me:hunter2hunter2@db/irisplane", SMTP_URL="ftp://me:hunter3@mail")
    assert "hunter" not in said
    assert said.count("<withheld>") == 2
    assert "hunter2" not in repr(load({"IRISPLANE_DATABASE_URL": "postgresql://me:hunter2hunter2@db/irisplane"}))


def test_every_wrong_variable_gets_its_own_line() -> None:
    assert len(complaint(INSTANCE="mine", LAB="maybe", LAB_ROUTERS="3").splitlines()) == 3


def test_a_mistyped_name_is_reported_with_the_likely_one() -> None:
    assert complaint(LISEN="127.0.0.1:1") == (
        "IRISPLANE_LISEN is no setting of Irisplane; did you mean IRISPLANE_LISTEN?"
    )
    assert complaint(COLOUR_OF_THE_SKY="grey").endswith("is no setting of Irisplane.")


def test_one_half_of_tls_is_no_tls(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.write_text("x", encoding="ascii")
    assert complaint(TLS_CERT=str(cert)).startswith("IRISPLANE_TLS_KEY=unset: must be both")


def test_with_tls_it_may_listen_anywhere(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.write_text("x", encoding="ascii")
    both = {"IRISPLANE_TLS_CERT": str(cert), "IRISPLANE_TLS_KEY": str(cert)}
    made = load({**both, "IRISPLANE_LISTEN": "[::]:8443"})
    assert (made.listen_host, made.listen_port) == ("::", 8443)
    assert made.url == "https://localhost:8443"


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: python -m core.settings > docs/settings.md"
    assert all(f"`IRISPLANE_{name.upper()}`" in page for name in Settings.model_fields)
