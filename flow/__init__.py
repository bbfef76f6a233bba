"""The whole job: configuration, stages, run directory, command line, report."""
