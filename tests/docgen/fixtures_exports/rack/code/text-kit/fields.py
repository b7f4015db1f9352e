from nvmitten.configurator import Field

build_flags = Field("build_flags", description="Flags of the builder.", from_string=str)
run_flags = Field("run_flags", description="Flags of the runtime.", from_string=str)
workers = Field("workers", description="Processes.", from_string=lambda text: int(text) + 0)
