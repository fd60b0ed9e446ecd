"""The statistics on plain numbers: is the candidate worse than stable by more than is tolerated, and how sure are we?

``statistic`` has the evidence of one look and its tilt, ``evidence`` what is carried from look to look, ``excess`` the
difference with its bounds, ``margin`` what a step has to show, ``dispersion`` what the baseline's past teaches. Nothing
in here knows a clock, a metric's name, a release or a text for people.

All of it rests on one fact: while a claim is true, the product over the looks of numbers whose expectation is at most 1
(given the past) reaches 1/alpha at any time with probability at most alpha (Ville, "Étude critique de la notion de
collectif", 1939), so that one may look at every interval, for as long as one likes. Means of such products, products
that start late with a share of the mass, their roots (for clusters) and capping them keep that property. See Ramdas,
Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference", 2023; for the idea in release
engineering Lindon, Sanden and Shirikian, "Rapid regression detection in software deployments through sequential
testing", KDD 2022.
"""

from controller.core.significance.dispersion import LEAST_LOOKS, SAFE_DISPERSION, index_of_dispersion, long_run_rate
from controller.core.significance.evidence import (
    DECAY,
    SHRINK,
    Evidence,
    Scale,
    advance,
    good_mass,
    harm_cap,
    harm_mass,
    idle,
    scale,
    unlaid_good_mass,
)
from controller.core.significance.excess import Excess, bounded_excess
from controller.core.significance.margin import good_growth, required_requests, step_margin
from controller.core.significance.statistic import growth, log_evidence, tilt

__all__ = [
    "DECAY",
    "LEAST_LOOKS",
    "SAFE_DISPERSION",
    "SHRINK",
    "Evidence",
    "Excess",
    "Scale",
    "advance",
    "bounded_excess",
    "good_growth",
    "good_mass",
    "growth",
    "harm_cap",
    "harm_mass",
    "idle",
    "index_of_dispersion",
    "log_evidence",
    "long_run_rate",
    "required_requests",
    "scale",
    "step_margin",
    "tilt",
    "unlaid_good_mass",
]
