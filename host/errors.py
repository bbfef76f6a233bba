"""What can be wrong with a device, each in one line that says what to look at."""

from arch.errors import InputError

__all__ = ["DeviceError", "DeviceWasReset", "NoAnswer", "PortError"]


class DeviceError(InputError):
    """The device is not what it should be, or does not do what it is told."""


class PortError(DeviceError):
    """The port is not there, may not be used, or has gone."""


class NoAnswer(DeviceError):
    """No right answer came, though the request was repeated."""


class DeviceWasReset(DeviceError):
    """The device has forgotten the conversation: it was reset, or someone else spoke to it."""
