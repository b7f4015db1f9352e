/* What one device tells: identity, memory, power, clocks, temperature, place in the machine. */
#include "standin.h"

#include <stdio.h>
#include <string.h>

#define NUMBER(function, type, value)              \
    int function(Handle device, type *out) {       \
        ENTER;                                     \
        FIND(device, DEVICE);                      \
        return *out = (type)(value), SUCCESS;      \
    }

static void uuid_of(const Named *named, char *out, unsigned size) {
    if (named->kind == DEVICE)
        snprintf(out, size, "%s", named->gpu->uuid);
    else
        snprintf(out, size, "MIG-%08x-%04x-5aaa-8bbb-%012x", named->ci->serial, named->gi->id & 0xffff,
                 (unsigned)(named->gpu - state->gpus) << 8 | named->ci->id);
}

int nvmlDeviceGetHandleByUUID(const char *text, Handle *out) {
    ENTER;
    for (unsigned g = 0; g < state->count; g++) {
        GpuState *gpu = &state->gpus[g];
        if (!strcmp(gpu->uuid, text)) return *out = MAKE(DEVICE, g, 0, 0), gpu->lost ? GPU_IS_LOST : SUCCESS;
        for (unsigned i = 0; i < INSTANCES; i++)
            for (unsigned c = 0; c < COMPUTES; c++) {
                InstanceState *gi = &gpu->instances[i];
                if (!gi->used || !gi->computes[c].used) continue;
                char uuid[96];
                uuid_of(&(Named){MIG_DEVICE, gpu, gi, &gi->computes[c]}, uuid, sizeof uuid);
                if (!strcmp(uuid, text)) return *out = MAKE(MIG_DEVICE, g, i, c), SUCCESS;
            }
    }
    return NOT_FOUND;
}

int nvmlDeviceGetUUID(Handle device, char *out, unsigned size) {
    ENTER;
    FIND(device, 0);
    char uuid[96];
    uuid_of(&named, uuid, sizeof uuid);
    return standin_text(uuid, out, size);
}

int nvmlDeviceGetName(Handle device, char *out, unsigned size) {
    ENTER;
    FIND(device, 0);
    if (named.kind == DEVICE) return standin_text(named.gpu->name, out, size);
    char text[220];
    snprintf(text, sizeof text, "%s MIG %s", named.gpu->name, named.gpu->profiles[named.gi->profile].name);
    return standin_text(text, out, size);
}

int nvmlDeviceGetSerial(Handle device, char *out, unsigned size) {
    ENTER;
    FIND(device, DEVICE);
    return standin_text(named.gpu->serial, out, size);
}

int nvmlDeviceGetIndex(Handle device, unsigned *out) {
    ENTER;
    FIND(device, 0);
    return *out = (unsigned)(named.gpu - state->gpus), SUCCESS;
}

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char text[32];
} Pci;

int nvmlDeviceGetPciInfo_v3(Handle device, Pci *out) {
    ENTER;
    FIND(device, 0);
    *out = (Pci){.domain = named.gpu->domain, .bus = named.gpu->bus, .id = named.gpu->pci_id};
    snprintf(out->legacy, sizeof out->legacy, "%04X:%02X:00.0", out->domain & 0xffff, out->bus & 0xff);
    snprintf(out->text, sizeof out->text, "%08X:%02X:00.0", out->domain, out->bus);
    return SUCCESS;
}

static unsigned long long processes(const Named *named) {
    unsigned long long used = 0;
    for (unsigned p = 0; p < PROCESSES; p++) {
        const ProcessState *row = &named->gpu->processes[p];
        if (!row->pid) continue;
        if (named->kind == DEVICE || row->gi == named->gi->id) used += row->memory;
    }
    return used;
}

static void memory_of(const Named *named, unsigned long long *out) {
    unsigned long long total = named->gpu->memory_total, kept = named->gpu->memory_reserved;
    if (named->kind == MIG_DEVICE) {
        total = (unsigned long long)named->gpu->profiles[named->gi->profile].memory_mib << 20;
        kept = 0;
    }
    unsigned long long used = processes(named) + (named->kind == DEVICE ? named->gpu->memory_used : 0);
    out[0] = total, out[1] = kept, out[2] = total - kept - used, out[3] = used;
}

int nvmlDeviceGetMemoryInfo(Handle device, unsigned long long *out) {
    ENTER;
    FIND(device, 0);
    unsigned long long found[4];
    memory_of(&named, found);
    out[0] = found[0], out[1] = found[2], out[2] = found[1] + found[3];
    return SUCCESS;
}

typedef struct {
    unsigned version;
    unsigned long long rows[4];
} Memory2;

int nvmlDeviceGetMemoryInfo_v2(Handle device, Memory2 *out) {
    ENTER;
    FIND(device, 0);
    if (out->version != 0x02000028) return ARGUMENT_VERSION_MISMATCH;
    memory_of(&named, out->rows);
    return SUCCESS;
}

#define POWER(function, field)                              \
    int function(Handle device, unsigned *out) {            \
        ENTER;                                              \
        FIND(device, DEVICE);                               \
        if (!named.gpu->has_power) return NOT_SUPPORTED;    \
        return *out = named.gpu->field, SUCCESS;            \
    }
POWER(nvmlDeviceGetPowerUsage, power_mw)
POWER(nvmlDeviceGetEnforcedPowerLimit, power_limit_mw)
POWER(nvmlDeviceGetPowerManagementLimit, power_limit_mw)
POWER(nvmlDeviceGetPowerManagementDefaultLimit, power_default_mw)

int nvmlDeviceGetPowerManagementLimitConstraints(Handle device, unsigned *least, unsigned *most) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->has_power) return NOT_SUPPORTED;
    *least = named.gpu->power_min_mw, *most = named.gpu->power_max_mw;
    return SUCCESS;
}

NUMBER(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, named.gpu->energy_mj)
NUMBER(nvmlDeviceGetPerformanceState, unsigned, named.gpu->pstate)
NUMBER(nvmlDeviceGetPersistenceMode, unsigned, named.gpu->persistence)
NUMBER(nvmlDeviceGetComputeMode, unsigned, 0)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned, named.gpu->link[0])
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, unsigned, named.gpu->link[1])
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned, named.gpu->link[2])
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, unsigned, named.gpu->link[3])
NUMBER(nvmlDeviceGetMinorNumber, unsigned, named.gpu - state->gpus)

int nvmlDeviceGetTemperature(Handle device, unsigned sensor, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (sensor) return INVALID_ARGUMENT;
    return *out = named.gpu->temperature, SUCCESS;
}

typedef struct {
    unsigned version, sensor;
    int value;
} Temperature;

int nvmlDeviceGetTemperatureV(Handle device, Temperature *out) {
    ENTER;
    FIND(device, DEVICE);
    if (out->version != 0x0100000C) return ARGUMENT_VERSION_MISMATCH;
    return out->value = (int)named.gpu->temperature, SUCCESS;
}

int nvmlDeviceGetTemperatureThreshold(Handle device, unsigned kind, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (kind > 1) return NOT_SUPPORTED;
    return *out = named.gpu->slowdown_c + (kind ? 0 : 5), SUCCESS;
}

int nvmlDeviceGetClockInfo(Handle device, unsigned kind, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (kind > 3) return INVALID_ARGUMENT;
    return *out = named.gpu->clocks[kind], SUCCESS;
}

int nvmlDeviceGetMaxClockInfo(Handle device, unsigned kind, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (kind > 3) return INVALID_ARGUMENT;
    return *out = named.gpu->clocks_max[kind], SUCCESS;
}

static int reasons_of(Handle device, unsigned long long *out) {
    FIND(device, DEVICE);
    if (!named.gpu->has_reasons) return NOT_SUPPORTED;
    return *out = named.gpu->reasons, SUCCESS;
}

int nvmlDeviceGetCurrentClocksEventReasons(Handle device, unsigned long long *out) {
    ENTER;
    return reasons_of(device, out);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(Handle device, unsigned long long *out) {
    ENTER;
    return reasons_of(device, out);
}

int nvmlDeviceGetUtilizationRates(Handle device, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (named.gpu->mig) return NOT_SUPPORTED;
    out[0] = named.gpu->utilization[0], out[1] = named.gpu->utilization[1];
    return SUCCESS;
}

int nvmlDeviceGetEccMode(Handle device, unsigned *current, unsigned *pending) {
    ENTER;
    FIND(device, DEVICE);
    return *current = *pending = named.gpu->ecc, SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(Handle device, int *major, int *minor) {
    ENTER;
    FIND(device, 0);
    *major = (int)named.gpu->major, *minor = (int)named.gpu->minor;
    return SUCCESS;
}

int nvmlDeviceGetTopologyCommonAncestor(Handle device, Handle second, unsigned *out) {
    ENTER;
    Named other;
    int missing = standin_find(second, DEVICE, &other);
    if (missing) return missing;
    FIND(device, DEVICE);
    return *out = named.gpu->levels[other.gpu - state->gpus], SUCCESS;
}

/* Source: nvml.h: only for platforms where the GPUs themselves are NUMA nodes. */
int nvmlDeviceGetNumaNodeId(Handle device, int *out) {
    ENTER;
    FIND(device, DEVICE);
    return NOT_SUPPORTED;
}

int nvmlDeviceGetCpuAffinity(Handle device, unsigned size, unsigned long *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!size) return INVALID_ARGUMENT;
    for (unsigned i = 0; i < size; i++) out[i] = i < WORDS ? named.gpu->affinity[i] : 0;
    return SUCCESS;
}

int nvmlDeviceGetMemoryAffinity(Handle device, unsigned size, unsigned long *out, unsigned scope) {
    ENTER;
    FIND(device, DEVICE);
    if (!size) return INVALID_ARGUMENT;
    memset(out, 0, size * sizeof *out);
    out[named.gpu->node / 64 % size] = 1ul << named.gpu->node % 64;
    return SUCCESS;
}

typedef struct {
    unsigned pid;
    unsigned long long memory;
    unsigned gi, ci;
} Process;

int nvmlDeviceGetComputeRunningProcesses_v3(Handle device, unsigned *count, Process *out) {
    ENTER;
    FIND(device, 0);
    unsigned found = 0;
    for (unsigned p = 0; p < PROCESSES; p++) {
        const ProcessState *row = &named.gpu->processes[p];
        int mine = named.kind == DEVICE || (row->gi == named.gi->id && row->ci == named.ci->id);
        if (!row->pid || !mine) continue;
        if (out && found < *count) out[found] = (Process){row->pid, row->memory, row->gi, row->ci};
        found++;
    }
    int fits = found <= *count;
    *count = found;
    return fits ? SUCCESS : INSUFFICIENT_SIZE;
}
