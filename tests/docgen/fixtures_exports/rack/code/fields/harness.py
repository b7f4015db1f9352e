import pathlib

from nvmitten.configurator import Field

__doc__ = """Switches of the harness

How a run is made.
"""

show_help = Field("help", description="Show the help.", from_string=bool)
copy_streams = Field("gpu_copy_streams", description="Streams for copies.", from_string=int)
timeout_usec: Field = Field("deque_timeout_usec", description="Longest wait (us)", from_string=int)
tensor_path = Field(
    "tensor_path",
    description="Where inputs are.",
    from_string=pathlib.Path,
    from_environ="TENSOR_PATH",
)
test_mode = Field(
    "test_mode", description="What is run.", argparse_opts={"choices": ["Fast", "Full"]}
)
