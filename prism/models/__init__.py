"""The models: one file per architecture, one registry, shared blocks."""

from prism.models.contract import Output
from prism.models.parameter_groups import parameter_groups
from prism.models.registry import build, from_authors

__all__ = ["Output", "build", "from_authors", "parameter_groups"]
