"""The only door to Kubernetes: list, watch, patch, status, event. It knows no release."""
