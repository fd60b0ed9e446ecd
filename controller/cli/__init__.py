"""The command line, sluice and kubectl sluice."""
