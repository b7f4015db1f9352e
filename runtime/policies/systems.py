"""What a submission says of its system: keys of the systems JSON, divisions, status, types.

Source: mlcommons/inference@b66003e10, tools/submission/submission_checker/constants.py and
    checks/system_check.py.
"""

from __future__ import annotations

MEANINGFUL_KEYS: tuple[str, ...] = (
    "division",
    "submitter",
    "system_type",
    "status",
    "system_name",
    "number_of_nodes",
    "host_processor_model_name",
    "host_processors_per_node",
    "host_processor_core_count",
    "host_memory_capacity",
    "host_memory_configuration",
    "host_storage_capacity",
    "host_storage_type",
    "host_networking",
    "host_network_card_count",
    "host_networking_topology",
    "accelerators_per_node",
    "accelerator_model_name",
    "accelerator_memory_capacity",
    "accelerator_host_interconnect",
    "accelerator_memory_configuration",
    "accelerator_interconnect",
    "cooling",
    "framework",
    "operating_system",
    "other_software_stack",
)
"""Keys that must be there and must not be empty."""

PRESENT_KEYS: tuple[str, ...] = (
    "accelerator_frequency",
    "accelerator_interconnect_topology",
    "accelerator_on-chip_memories",
    "host_processor_caches",
    "host_processor_frequency",
    "host_processor_interconnect",
    "hw_notes",
    "sw_notes",
    "system_type_detail",
)
"""Keys that must be there and may be empty."""

SYSTEM_KEYS: tuple[str, ...] = MEANINGFUL_KEYS + PRESENT_KEYS
"""Every key that a systems JSON must have."""

NETWORK_KEYS: tuple[str, ...] = (
    "is_network",
    "network_type",
    "network_media",
    "network_rate",
    "nic_loadgen",
    "number_nic_loadgen",
    "net_software_stack_loadgen",
    "network_protocol",
    "number_connections",
    "nic_sut",
    "number_nic_sut",
    "net_software_stack_sut",
    "network_topology",
)
"""Keys that a system of the network division must have besides."""

SYSTEM_TYPES: tuple[str, ...] = ("datacenter", "edge", "datacenter,edge", "edge,datacenter")
"""Values of `system_type`, in exactly this letter case."""

STATUS: tuple[str, ...] = ("available", "preview", "rdi")
"""Values of `status`; the checker ignores their letter case."""

DIVISIONS: tuple[str, ...] = ("closed", "network", "open")
"""Values of `division`, and the top folders of a submission tree."""
