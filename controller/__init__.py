"""Sluice: a progressive delivery controller for Istio."""
