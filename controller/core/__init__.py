"""The decisions of Sluice, pure: standard library only; no await, no clock, no log."""
