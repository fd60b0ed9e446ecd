"""The spec of a Release as users write it, one module a section. No defaults here: an absent field stays absent."""

from controller.crd.wire.spec import Spec

__all__ = ["Spec"]
