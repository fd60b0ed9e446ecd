"""The users: a load generator that runs as a process of its own and keeps an exact account of every answer.

Requests are due at their times whatever the answers do (open loop); what cannot be sent is counted as skipped, never
left out silently. It aims at this machine only.
"""

from __future__ import annotations

from controller.sandbox.load.account import BUCKETS_MS, Account, Failure, Tally, Traffic
from controller.sandbox.load.group import Group
from controller.sandbox.load.load import Load

__all__ = ["BUCKETS_MS", "Account", "Failure", "Group", "Load", "Tally", "Traffic"]
