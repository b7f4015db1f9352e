/* What the files of the stand-in share: handles, return codes, the mapped state. */
#pragma once

#include "state.h"

#include <stddef.h>
#include <stdint.h>

/* Return codes of nvml.h. */
enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    GPU_IS_LOST = 15,
    LIB_RM_VERSION_MISMATCH = 18,
    IN_USE = 19,
    INSUFFICIENT_RESOURCES = 23,
    ARGUMENT_VERSION_MISMATCH = 25,
    UNKNOWN = 999,
};

/* A handle is a number: what it is, which GPU, which GPU instance, which compute instance. */
typedef uintptr_t Handle;
enum { DEVICE = 1, MIG_DEVICE = 2, GPU_INSTANCE = 3, COMPUTE_INSTANCE = 4 };
#define MAKE(kind, gpu, gi, ci) \
    ((Handle)0x5A000000u | (Handle)(kind) << 20 | (Handle)(gpu) << 16 | (Handle)(gi) << 8 | (Handle)(ci))

/* What a handle names, looked up in the state. */
typedef struct {
    int kind;
    GpuState *gpu;
    InstanceState *gi;
    ComputeState *ci;
} Named;

extern MachineState *state;

/* Count and log a call, return its injected fault, or UNINITIALIZED before nvmlInit. */
int standin_enter(const char *name);
#define ENTER                                 \
    do {                                      \
        int fault = standin_enter(__func__);  \
        if (fault) return fault;              \
    } while (0)

/* Fill `out` from a handle of the kind wanted (0: device or MIG device). */
int standin_find(Handle handle, int kind, Named *out);
#define FIND(handle, kind)                               \
    Named named;                                         \
    do {                                                 \
        int missing = standin_find(handle, kind, &named); \
        if (missing) return missing;                     \
    } while (0)

/* Let one caller at a time, of all processes, change the state. */
void standin_lock(void);
void standin_unlock(void);

int standin_text(const char *text, char *out, unsigned size);
