"""What every table of config.toml is made of."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors and values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
