"""Wanted traffic and the objects found -> the objects wanted. Pure; one room per mesh, none knows another."""
