"""The host's side: the driver of a device, and the ladder of tests that brings one up."""
