"""Wanted revisions and the objects found -> the objects wanted. Pure."""
