"""Rules of MIG layouts: what may stand together on one board, and in which order it is made."""

from __future__ import annotations

from runtime.policies.model import Policy

NO_OVERLAP = Policy(
    id="mig.no-overlap",
    title="GPU instances do not overlap",
    rule=(
        "An instance takes the memory slots from its start on, as many as its profile has; no two "
        "instances of a board share a slot, and each profile may start at certain slots only."
    ),
    applies_to="MIG",
    source="NVML API Reference, nvmlDeviceCreateGpuInstanceWithPlacement; nvidia-smi mig -lgipp",
)
"""A free sum of slots does not help where the free ones do not lie together."""

PROFILE_LIMIT = Policy(
    id="mig.profile-limit",
    title="Most instances of a profile",
    rule="A board holds no more instances of a profile than nvidia-smi mig -lgip prints as total.",
    applies_to="MIG",
    source="NVIDIA MIG User Guide, Supported MIG Profiles",
)
"""Column `max` of the profile table."""

COMPUTE_LIMIT = Policy(
    id="mig.compute-limit",
    title="Compute slices of a board",
    rule="The instances of a board take no more compute slices together than the board has.",
    applies_to="MIG",
    source="NVIDIA MIG User Guide, Concepts",
)
"""Seven on most boards, although their memory has eight slots."""

MEDIA_LIMIT = Policy(
    id="mig.media-limit",
    title="One +me instance on a board",
    rule="A board holds one instance of a profile with +me or +me.all, whatever its size.",
    applies_to="MIG",
    source="NVIDIA MIG User Guide, MIG Device Names",
    value=1,
    unit="instances",
)
"""The other engines stay with the board's other instances."""

ENGINE_LIMIT = Policy(
    id="mig.engine-limit",
    title="Media engines of a board",
    rule=(
        "On boards whose instances share out the media engines (RTX PRO Blackwell), the instances "
        "take no more engines of a kind together than the board has; -me variants take none."
    ),
    applies_to="MIG",
    source="Calliope; inferred from the counts that NVIDIA prints for each profile",
)
"""Inferred: the guide states counts, not the rule."""

CREATION_ORDER = Policy(
    id="mig.creation-order",
    title="Large instances first, each at its highest free start",
    rule=(
        "GPU instances are created from the largest to the smallest (of one size, those with "
        "fewer possible starts first), each at the highest start that is free, or at explicit "
        "placements. Other orders can leave holes that the next "
        "instance does not fit into although a layout for all of them exists."
    ),
    applies_to="MIG",
    source="Calliope; tried on every multiset of every board of the profile table",
)
"""Plans and commands name explicit placements and keep this order as well."""

LIFETIME = Policy(
    id="mig.lifetime",
    title="Compute instances go first; layouts end with a reboot",
    rule=(
        "A compute instance is created after its GPU instance and destroyed before it; an instance "
        "that a process holds cannot be destroyed. A reboot loses all instances."
    ),
    applies_to="MIG",
    source="NVIDIA MIG User Guide, Getting Started with MIG",
)
"""Why commands that destroy come in pairs."""

BY_PCI_ID = Policy(
    id="mig.by-pci-id",
    title="A profile name means something on its board only",
    rule=(
        "Tables are keyed by PCI device id: 1g.10gb is the smallest profile of an A100 80GB, with "
        "one memory slot, and has two slots on an A100 40GB."
    ),
    applies_to="MIG",
    source="NVIDIA/mig-parted, deployments/systemd/config-default.yaml, device filters",
)
"""Every command that takes a profile takes a board with it."""
