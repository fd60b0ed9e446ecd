"""A mesh on one laptop: a Kubernetes API, its workloads, real Envoy, real Prometheus and users.

It looks at the controller from outside and shares no code with it but app, settings and errors: with shared code a
router's bug would cancel itself out. No code here may decide anything about a release.
"""
