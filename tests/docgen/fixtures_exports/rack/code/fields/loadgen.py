from nvmitten.configurator import Field

offline_qps = Field(
    "offline_expected_qps", description="Expected rate <b>offline</b>.", from_string=float
)
server_qps = Field("server_target_qps", description="Target rate.", from_string=float)
min_duration = Field("min_duration", description="Shortest run (ms)", from_string=int)
