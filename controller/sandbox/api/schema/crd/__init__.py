"""What a real server checks when a CustomResourceDefinition is posted or changed.

`definition` checks all but the schemas; `shape` that they are structural, `schemas` their other rules, `values` their
defaults, `rules` that validation rules compile and what they may cost.
"""

from controller.sandbox.api.schema.crd.definition import check_crd

__all__ = ["check_crd"]
