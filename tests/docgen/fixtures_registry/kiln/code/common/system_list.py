"""Systems of the kiln: objects that configurations make, no enum."""

from enum import Enum

from code.common.constants import Host


class Architecture(Enum):
    Ampere = "Ampere"
    Clay = "Clay"
    Charcoal_CPU = "Charcoal CPU"


class MIGSlice:
    def __init__(self, num_gpcs, mem_gb):
        self.num_gpcs = num_gpcs
        self.mem_gb = mem_gb

    def __str__(self):
        return "{:d}g.{:d}gb".format(self.num_gpcs, self.mem_gb)

    def __hash__(self):
        return hash(str(self))

    def __eq__(self, other):
        return str(self) == str(other)


class Layout:
    def __init__(self, conf):
        self.conf = conf

    def __str__(self):
        total = {}
        for board in self.conf:
            for part in self.conf[board]:
                if part not in total:
                    total[part] = 0
                total[part] += self.conf[board][part]
        return "_".join(sorted(["{}x{}".format(total[part], str(part)) for part in total]))


class System:
    def __init__(self, gpu, arch, count, pci_id=None, mig_conf=None, cpu_arch=Host.x86_64):
        self.gpu = gpu
        self.arch = arch
        self.count = count
        self.pci_id = pci_id
        self.mig_conf = mig_conf
        self.cpu_arch = cpu_arch

    def get_id(self):
        text = str(self.gpu)
        if self.arch != Architecture.Charcoal_CPU:
            if self.cpu_arch != Host.x86_64:
                text += "_" + str(self.cpu_arch.value)
            text += f"x{self.count}"
        if self.mig_conf is not None:
            text = "{:}-MIG_{:}".format(self.gpu, str(self.mig_conf))
        return text

    def __str__(self):
        return self.get_id()

    def __hash__(self):
        return hash(str(self))

    def __eq__(self, other):
        return str(self) == str(other)


class Nameless:
    def __init__(self, gpu):
        self.gpu = gpu


class Board:
    def __init__(self, gpu, aliases, pci_ids, arch, cpu_arch=Host.x86_64):
        self.gpu = gpu
        self.aliases = aliases
        self.pci_ids = pci_ids
        self.arch = arch
        self.cpu_arch = cpu_arch


class KnownBoards:
    Oven = Board("Oven-40GB", ["Oven 40", "Oven 40 Pro"], ["AA01", "AA02"], Architecture.Ampere)
    Oven_arm = Board("Oven-40GB", ["Oven 40 Arm"], ["AA03"], Architecture.Ampere, Host.aarch64)
