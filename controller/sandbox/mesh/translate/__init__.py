"""Pure: VirtualServices, DestinationRules, Gateways, Services, EndpointSlices and Pods -> Envoy's resources as dicts.

No await, no clock, no file. The rules are istiod's (its documentation, and the behaviour of releases 1.24 to 1.28);
where the sandbox differs, the docstring of the function says so.
"""
