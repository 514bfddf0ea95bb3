"""The command line of hosting before it asks the API: help, files, amounts, and what a preview looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclopts import App

from cli import session
from cli.errors import exit_code
from cli.hosting.amounts import euro, mib, month_range
from cli.hosting.finding import FLOATING_ADDRESS, VOLUME
from cli.hosting.quote_view import show_quote
from cli.main import _application, main
from core.errors import NotFound

WRONG, MISSING = 2, exit_code(NotFound("x"))
NOUNS = {
    "catalogue": {"list", "show", "import"},
    "server": {
        "list", "show", "create", "delete", "restore", "start", "stop", "reboot", "resize", "confirm-resize",
        "revert-resize", "rebuild", "snapshot", "attach-volume", "detach-volume", "attach-network", "detach-network",
        "set-security-groups", "add-security-group", "remove-security-group", "rename", "protect", "unprotect",
        "extend", "console", "console-url", "set", "images", "delete-image", "import",
    },
    "volume": {"list", "show", "create", "extend", "attach", "detach", "rename", "restore", "delete"},
    "snapshot": {"list", "show", "create", "delete"},
    "schedule": {"list", "show", "create", "pause", "resume", "delete"},
    "network": {"list", "show", "create", "delete"},
    "security-group": {"list", "show", "create", "allow", "deny", "delete"},
    "floating-ip": {"list", "show", "create", "attach", "detach", "delete"},
    "key": {"list", "show", "add", "delete"},
    "flavor": {"list"},
    "image": {"list"},
    "zone": {"list", "set"},
    "project": {"list", "show", "create", "reconcile"},
    "quota": {"list", "request", "split"},
    "order": {"list", "show", "watch", "approve", "reject", "cancel", "undo"},
    "usage": {"list", "compare"},
    "showback": {"show", "close", "correct", "limit"},
    "support": {"list", "show", "ask", "reply", "solve", "close"},
    "maintenance": {"list", "show"},
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk whose API is away: what is refused here never reached it."""
    monkeypatch.setenv("IRISPLANE_TOKEN", "irp_nobody")
    monkeypatch.setenv("IRISPLANE_URL", "http://127.0.0.1:9")
    return tmp_path


@pytest.mark.parametrize("noun", NOUNS)
def test_every_verb_is_there_and_says_what_it_does(noun: str, capsys: pytest.CaptureFixture[str]) -> None:
    app: App = _application()[noun]
    verbs = {name for name in app if not name.startswith("-")}
    assert verbs >= NOUNS[noun]
    for verb in sorted(verbs):
        assert app[verb].help.strip(), f"{noun} {verb}"
    assert main([noun, "--help"]) == 0
    assert noun in capsys.readouterr().out


def test_a_private_key_is_refused_and_not_repeated(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = desk / "id_ed25519"
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nY2FuYXJ5LWNhbmFyeQ==\n-----END OPENSSH PRIVATE KEY-----\n")
    assert main(["key", "add", "k1", "--file", str(file)]) == WRONG
    told = "".join(capsys.readouterr())
    assert "private key: it was not sent" in told
    assert f"{file}.pub" in told
    assert "Y2Fu" not in told


@pytest.mark.parametrize(
    ("more", "why"),
    [(["--lines", "3"], "--lines what was"), (["--json"], "has no --json"), ([], "Nobody sits here")],
)
def test_nobody_sits_down_at_a_console_where_nobody_can_type(
    desk: Path, capsys: pytest.CaptureFixture[str], more: list[str], why: str
) -> None:
    assert main(["server", "console", "web1", "--attach", *more]) == WRONG
    assert why in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "text", ["", "hello", "ssh-ed25519", "ssh-ed25519 AAAA\nssh-ed25519 BBBB", "PuTTY-User-Key-File-3: ssh-ed25519"]
)
def test_what_is_no_public_key_is_not_sent(desk: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = desk / "k.pub"
    file.write_text(text)
    assert main(["key", "add", "k1", "--file", str(file)]) == WRONG
    assert "CLI-100" in capsys.readouterr().err


def test_user_data_is_measured_before_it_is_sent(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["server", "create", "web1", "--plan", "small", "--image", "debian", "--yes", "--user-data"]
    file = desk / "first.sh"
    file.write_text("#" * 49_152)
    assert main([*line, str(file)]) == WRONG
    assert "49152 bytes; a server takes 49149 bytes" in capsys.readouterr().err
    file.write_text("#" * 49_149)
    assert main([*line, str(file)]) == 7  # it fits: the API is asked, which is away here
    assert main([*line, str(desk / "nowhere")]) == MISSING


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("server create web1 --image debian", "needs --plan"),
        ("server create web1 --plan s --image d --metadata novalue", "'novalue' is no pair"),
        ("server create web1 --plan s --image d --until tomorrow", "'tomorrow' is no time"),
        ("server create web1 --plan s --image d --data-class secret", "data-class"),
        ("security-group allow web --port http", "'http' is no port"),
        ("showback show 2027-13", "'2027-13' is no month"),
        ("quota split shop servers=many", "'servers=many' is no share"),
        ("quota request horses 3", "'horses' is nothing that is counted"),
        ("support ask broken", "Say it with --text"),
        ("support ask broken --text x --about horse:1", "'horse:1' names nothing"),
        ("catalogue import", "Name a file"),
    ],
)
def test_what_cannot_be_taken_is_said_in_a_sentence(
    desk: Path, capsys: pytest.CaptureFixture[str], line: str, sentence: str
) -> None:
    assert main(line.split()) == WRONG
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_more_than_one_address_is_written_like_that() -> None:
    assert [FLOATING_ADDRESS.several, VOLUME.several] == ["floating addresses", "volumes"]


def test_money_and_sizes_are_written_for_people() -> None:
    assert [euro(micro) for micro in ("12345678", 0, "5000", "4", None)] == [
        "12.35 EUR", "0.00 EUR", "0.01 EUR", "0.000004 EUR", "",
    ]  # fmt: skip
    assert [mib(value) for value in (512, "1024", 40960, 1536)] == ["512 MiB", "1 GiB", "40 GiB", "1536 MiB"]
    assert month_range({"low": "9", "mid": "12", "high": "15"}, "kWh") == "about 12 kWh a month (9 to 15)"
    assert month_range({}, "kWh") == ""


def test_a_preview_says_price_energy_quota_place_and_approvals(capsys: pytest.CaptureFixture[str]) -> None:
    session.take_options(["--no-color"])
    show_quote(
        {
            "plan": {"summary": "Create the server web1", "targets": [{"diff": "+ web1: small, debian"}]},
            "price": {
                "month_micro_eur": "6570000",
                "quarter_micro_eur": "2250",
                "lines": [
                    {"code": "small", "quantity": 1, "unit": "piece", "month_micro_eur": "4570000"},
                    {"code": "volume", "quantity": 25, "unit": "GiB", "month_micro_eur": "2000000"},
                ],
            },
            "energy": {
                "kwh_month": {"low": "3.014", "mid": "5", "high": "8.1"},
                "gco2e_month": {"low": "300.4", "mid": "700", "high": "1200"},
                "basis": "estimated from its size",
            },
            "quota_after": {
                "servers": {"granted": 10, "used": 4, "left": 6},
                "ram_mib": {"granted": 40960, "used": 20480, "left": 20480},
            },
            "placement": {"zone": "arts", "why": "arts may hold internal data."},
            "approvals": [{"role": "agency-admin", "rule": "dear-orders", "text": "It is dear."}],
        }
    )
    said = capsys.readouterr().out
    for words in (
        "Create the server web1",
        "6.57 EUR a month (0.00225 EUR a quarter-hour)",
        "small: 4.57 EUR",
        "volume 25 GiB: 2.00 EUR",
        "about 5 kWh a month (3.0 to 8.1)",
        "about 700 gCO2e a month (300 to 1200)",
        "estimated from its size",
        "6 servers, 20 GiB of memory",
        "arts may hold internal data.",
        "agency-admin: It is dear. [rule dear-orders]",
    ):
        assert words in said, words
