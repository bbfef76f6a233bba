"""The host link in hardware: frames over a serial line, see ``docs/link.md``."""
