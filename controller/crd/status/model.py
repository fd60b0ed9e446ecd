"""The base of the status models: they forgive what is broken."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.alias_generators import to_camel


class StatusModel(BaseModel):
    """A part of the status; ``mirrors`` is its dataclass in the core."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        from_attributes=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )
    mirrors: ClassVar[type[Any]]

    @field_validator("*", mode="wrap")
    @classmethod
    def _forgive(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """A broken optional field takes its default; of a list only the broken entries go."""
        field = cls.model_fields[str(info.field_name)]
        try:
            return handler(value)
        except ValidationError:
            if field.is_required():
                raise
            default = field.get_default(call_default_factory=True)
            if not (isinstance(value, list | tuple) and isinstance(default, tuple)):
                return default
        kept: tuple[Any, ...] = ()
        for item in value:
            try:
                kept += handler((item,))
            except ValidationError:
                continue
        # A list that is too long loses its oldest entries: what is written later stands at the end.
        return kept[-_most(field.metadata) :]

    def derived(self) -> dict[str, Any]:
        """Fields that are written for people and tools and never read back."""
        return {}


def _most(metadata: list[Any]) -> int:
    return next((entry.max_length for entry in metadata if hasattr(entry, "max_length")), 0)
