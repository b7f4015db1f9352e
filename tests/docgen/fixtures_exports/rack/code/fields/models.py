"""Fields of models."""

from nvmitten.configurator import Field
from nvmitten.constants import Precision

batch_size = Field(
    "gpu_batch_size", description="Samples in one batch, by part of the model.", from_string=dict
)
precision = Field("precision", description="Number format.", from_string=Precision.get_match)
