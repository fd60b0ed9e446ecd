"""What an object must look like: schemas of the kinds, their defaults and checks, and a CRD's own rules.

Pure: no clock, no network, no knowledge of storage or requests. The errors are worded as kube-apiserver words them.
"""
