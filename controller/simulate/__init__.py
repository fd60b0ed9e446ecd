"""What a Release would do: the controller's own decisions on a clock and a cluster that are values.

Nothing is modelled twice: plan, judgement, limits and order come from ``controller.core.decide``, objects from the
routers and workloads; only the cluster that obeys and the traffic that is counted are made up. No I/O, no real clock.
"""

from controller.simulate.objects import ObjectCluster
from controller.simulate.play import Play, Stuck
from controller.simulate.rehearsal import Rehearsal, Stage, rehearse

__all__ = ["ObjectCluster", "Play", "Rehearsal", "Stage", "Stuck", "rehearse"]
