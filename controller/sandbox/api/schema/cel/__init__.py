"""CEL for validation rules of CRDs: parser, type checker, cost estimate, evaluation.

It is our own rather than a library's: a rule must be type-checked against the schema and its cost estimated when the
CRD is posted, as a real server does, and no Python library gives the checked syntax tree that both need.
"""
