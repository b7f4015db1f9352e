from nvmitten.nvidia.constants import ComputeSM
from nvmitten.system.component import Description


def describe(**kwargs):
    return Description(**kwargs)


class KnownCPU:
    Generic = describe(architecture="any")


class KnownGPU:
    X100_SXM_80GB = describe(
        pci_id=("1A2B", "1A2C"),
        compute_sm=ComputeSM(9, 1),
        vram="80 GiB",
        max_power_limit=650.0,
    )
    Y9 = describe(pci_id="3C4D", vram="24 GiB")
