"""The ladder: tests of a device, each of which relies on those before it alone."""
