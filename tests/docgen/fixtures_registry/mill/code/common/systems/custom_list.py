"""Systems of somebody else; the first one is one that the mill knows under another name."""

from code.common.constants import *
from code.common.systems.known_hardware import *
from code.common.systems.systems import *

custom_systems = dict()

custom_systems["Partner_G9x2"] = SystemConfiguration(
    host_cpu_conf=Layout(layout={CPU(name="Very fast 9000", architecture=Arch.x86_64, core_count=64): 2}),
    accelerator_conf=Layout(layout={KnownGPU.G9_80GB.value: 2}),
    system_id="Partner-G9x2",
)
custom_systems["Partner_G9x3"] = SystemConfiguration(
    host_cpu_conf=Layout(layout={CPU(name="Very fast 9000", architecture=Arch.x86_64, core_count=64): 2}),
    accelerator_conf=Layout(
        layout={
            GPU(
                name="Graphics Device",
                vram=Memory(quantity=79.65, byte_suffix=Suffix.GiB),
                max_power_limit=700.0,
                pci_id="0x900210DE",
                compute_sm=90,
            ): 3
        }
    ),
    system_id="Partner-G9x3",
)
