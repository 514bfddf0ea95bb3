"""Errors of the network.

::

    NetworkError                  NET-000
    ├── DeviceUnreachable         NET-001  nothing answers at that address
    ├── DeviceHangs               NET-002  it accepted the connection, or a command, and then said nothing
    ├── AuthenticationRefused     NET-003  the device refuses the credentials
    ├── HostKeyUnknown            NET-004  no host key was enrolled for this device
    ├── HostKeyChanged            NET-005  the device shows another host key than the one enrolled
    ├── SessionLost               NET-006  the connection broke in the middle
    ├── SyntaxRefused             NET-010  the device refuses a line of the candidate
    ├── FencedOut                 NET-011  the device has seen a newer epoch: somebody else has taken over
    ├── DeviceBusy                NET-012  another change holds the device
    ├── BaseMoved                 NET-013  the running configuration is not the one the candidate was made for
    ├── NotPrepared               NET-014  no candidate of this change is loaded there
    ├── CommitRolledBack          NET-015  the device did not become the candidate exactly; it was put back
    ├── ConfirmRefused            NET-016  there is nothing to confirm any more: the timer ran out, or it was undone
    ├── AlreadyConfirmed          NET-017  it is confirmed: undo it by a change of its own
    ├── DeviceStuck               NET-018  the device could not be put back exactly: a person must look
    ├── DeviceMisbehaves          NET-019  an answer that this driver does not understand
    ├── NotOffered                NET-020  this device, or its driver, cannot do that
    ├── NotReady                  NET-021  a plan needs devices that cannot be read now
    ├── NotAdoptable              NET-022  what a device runs cannot become its intent
    ├── CandidateTooLarge         NET-023  more text than any router's configuration
    ├── PlayFailed                NET-024  an Ansible play on a device did not go through
    ├── NothingKept               NET-025  what a play altered on a host cannot be put back: nothing is kept of it
    ├── NotServiceable            NET-026  a service cannot come out there, or not as safely as it was ordered
    ├── SnmpSilent                NET-040  no answer over SNMP
    ├── SnmpRefused               NET-041  the agent refuses the user, the keys or a value
    ├── SnmpNonsense              NET-042  an SNMP answer that cannot be read, or does not end
    └── PrometheusAway            NET-043  Prometheus does not answer, or refuses the question
"""

from __future__ import annotations

from core.errors import IrisplaneError

__all__ = [
    "AlreadyConfirmed",
    "AuthenticationRefused",
    "BaseMoved",
    "CandidateTooLarge",
    "CommitRolledBack",
    "ConfirmRefused",
    "DeviceBusy",
    "DeviceHangs",
    "DeviceMisbehaves",
    "DeviceStuck",
    "DeviceUnreachable",
    "FencedOut",
    "HostKeyChanged",
    "HostKeyUnknown",
    "NetworkError",
    "NotAdoptable",
    "NotOffered",
    "NotPrepared",
    "NotReady",
    "NotServiceable",
    "NothingKept",
    "PlayFailed",
    "PrometheusAway",
    "SessionLost",
    "SnmpNonsense",
    "SnmpRefused",
    "SnmpSilent",
    "SyntaxRefused",
]


class NetworkError(IrisplaneError):
    """Something about the network or one of its devices."""

    code = "NET-000"
    title = "Network error"


class DeviceUnreachable(NetworkError):
    """Nothing answers at that address."""

    code = "NET-001"
    title = "Device unreachable"
    hint = "Check the device's power and its management network; 'irisplane device list' shows who else is gone."


class DeviceHangs(NetworkError):
    """It accepted the connection, or a command, and then said nothing."""

    code = "NET-002"
    title = "Device hangs"
    hint = "Look at its console: it may be overloaded or half dead. An unconfirmed commit undoes itself there."


class AuthenticationRefused(NetworkError):
    """The device refuses the credentials."""

    code = "NET-003"
    title = "Log-in refused"
    hint = "Store the right credentials for this device with 'irisplane secret set'."


class HostKeyUnknown(NetworkError):
    """No host key was enrolled for this device."""

    code = "NET-004"
    title = "Host key unknown"
    hint = "Compare the fingerprint with the device's console, then enrol it."


class HostKeyChanged(NetworkError):
    """The device shows another host key than the one enrolled."""

    code = "NET-005"
    title = "Host key changed"
    hint = "If the device was replaced, run its replacement change. If not, do not log in."


class SessionLost(NetworkError):
    """The connection broke in the middle."""

    code = "NET-006"
    title = "Connection lost"
    hint = "Connect again and ask for the status of the change: the device knows how far it came."


class SyntaxRefused(NetworkError):
    """The device refuses a line of the candidate. Fields: ``line`` (1 is the first) and ``text``, where known."""

    code = "NET-010"
    title = "Refused by the device"
    hint = "Correct the named line. Nothing was changed on the device."


class FencedOut(NetworkError):
    """The device has seen a newer epoch. Fields: ``epoch`` and ``seen``."""

    code = "NET-011"
    title = "Taken over by another worker"
    hint = "Nothing to do: the worker with the newer epoch carries this change on."


class DeviceBusy(NetworkError):
    """Another change holds the device. Fields: ``change_id``, ``step_id`` and ``state`` of the holder."""

    code = "NET-012"
    title = "Another change is under way on this device"
    hint = "Wait until the named change ends, or roll it back."


class BaseMoved(NetworkError):
    """The running configuration is not the one the candidate was made for. Fields: ``expected`` and ``found``."""

    code = "NET-013"
    title = "The configuration changed meanwhile"
    hint = "Plan again: the plan was made for another running configuration."


class NotPrepared(NetworkError):
    """No candidate of this change is loaded on the device."""

    code = "NET-014"
    title = "Nothing prepared"
    hint = "Prepare the candidate again, then commit it."


class CommitRolledBack(NetworkError):
    """The device did not become the candidate exactly, so it was put back. Fields: ``missing``, ``unexpected``."""

    code = "NET-015"
    title = "Not taken as written; put back"
    hint = "Write the named lines as the device prints them, or correct them."


class ConfirmRefused(NetworkError):
    """There is nothing to confirm any more. Field: ``state``."""

    code = "NET-016"
    title = "Too late to confirm"
    hint = "The device is back on its last confirmed configuration. Prepare and commit again."


class AlreadyConfirmed(NetworkError):
    """It is confirmed: undo it by a change of its own."""

    code = "NET-017"
    title = "Already confirmed"
    hint = "Undo it with 'irisplane change undo', which pushes the stored reverse difference."


class DeviceStuck(NetworkError):
    """The device could not be put back exactly. Fields: ``missing``, ``unexpected``."""

    code = "NET-018"
    title = "Could not be put back exactly"
    hint = "Look at the named lines on the device; then bring it to its intent with 'irisplane config push'."


class DeviceMisbehaves(NetworkError):
    """An answer that this driver does not understand."""

    code = "NET-019"
    title = "Unexpected answer from the device"
    hint = "Look at the device's console; the log has the answer under the request id."


class CandidateTooLarge(NetworkError):
    """More text than any router's configuration. Fields: ``size`` and ``limit``, in bytes."""

    code = "NET-023"
    title = "Configuration too large"
    hint = "Check that the right file was sent; split it if it really is one configuration."


class NotOffered(NetworkError):
    """This device, or its driver, cannot do that."""

    code = "NET-020"
    title = "Not offered by this driver"
    hint = "Choose another verb, or another driver for this device."


class NotReady(NetworkError):
    """A plan needs devices that cannot be read now. Fields: ``devices``, ``codes``."""

    code = "NET-021"
    title = "Devices cannot be read"
    hint = "Mend the named devices, or leave them out of the selection: --select '…,!name=NAME'."


class NotServiceable(NetworkError):
    """A service cannot come out at a port, be carried by a device, or be as safe as it was ordered."""

    code = "NET-026"
    title = "No service there"
    hint = "Take another port or device, or order less protection."


class NotAdoptable(NetworkError):
    """What a device runs cannot become its intent. Field: ``difference``, what would be left over (redacted)."""

    code = "NET-022"
    title = "Cannot be adopted"
    hint = "Bring the device to its intent with 'irisplane config push', or report the lines that are not understood."


class PlayFailed(NetworkError):
    """An Ansible play on a device did not go through. Field: ``task``, the name of the task that failed."""

    code = "NET-024"
    title = "Play failed"
    hint = "The change takes its routers back. Run the play by hand on one of them to see more."


class NothingKept(NetworkError):
    """What a play altered on a host cannot be put back: nothing is kept of it there any more."""

    code = "NET-025"
    title = "Nothing kept of it"
    hint = "A host keeps the last 20 plays. Run the play with the variables that it had before instead."


class SnmpSilent(NetworkError):
    """No answer over SNMP: a slow agent, a lost datagram, a wrong community (agents say nothing to it)."""

    code = "NET-040"
    title = "No answer over SNMP"
    hint = "Does its agent run, does it listen to this address, is the community right?"


class SnmpRefused(NetworkError):
    """The agent answers, and wants nothing to do with this user, these keys or this value."""

    code = "NET-041"
    title = "SNMP refused"
    hint = "Compare user, passphrases and what it may read there with 'snmp' in the configuration context."


class SnmpNonsense(NetworkError):
    """What the agent answers cannot be read, or does not end."""

    code = "NET-042"
    title = "SNMP answer not understood"
    hint = "Another agent or software version may be needed on the device; until then its figures are unknown."


class PrometheusAway(NetworkError):
    """Prometheus does not answer, or refuses the question: the past is unknown."""

    code = "NET-043"
    title = "Prometheus does not answer"
    hint = "'irisplane status' tells whether it runs; IRISPLANE_PROMETHEUS_URL names another one."
