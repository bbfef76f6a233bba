"""What every section of the configuration has in common."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from flow.field_rule import shown

__all__ = ["Count", "Section", "Share", "check_share"]

Count = Annotated[int, Field(ge=1, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Section(BaseModel):
    """Base of every section: no unknown keys, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def check_share(field: str, value: Any) -> Any:
    """Refuse what is neither a share nor a mapping from names to shares.

    Parameters
    ----------
    field : str
        Dotted path of the field, for the message.

    Raises
    ------
    :exc:`ValueError`
        One message, where a union of types would give one for each of its branches.
    """
    shares = {field: value}
    rule = "a number from 0 to 1, or a mapping with one for each layer"
    if isinstance(value, dict):
        shares = {f"{field}.{layer}": share for layer, share in value.items()}
        rule = "a number from 0 to 1"
    for name, share in shares.items():
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 <= share <= 1:
            raise ValueError(f"{name} must be {rule}, not {shown(share)}")
    return value
