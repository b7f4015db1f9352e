/* Library and system: start, end, faults, versions, handles. The C ABI is that of nvml.h. */
#include "standin.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

MachineState *state;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int users, descriptor = -1;
static struct { char name[80]; unsigned calls; } counts[128];

/* Return how often a function was called before in this process. */
static unsigned count(const char *name) {
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (!counts[i].name[0]) snprintf(counts[i].name, sizeof counts[i].name, "%s", name);
        if (!strcmp(counts[i].name, name)) return counts[i].calls++;
    }
    return 0;
}

static int fault(const char *name, unsigned calls) {
    const char *text = getenv("NVML_STANDIN_FAULTS");
    size_t length = strlen(name);
    for (; text && *text; text = strchr(text, ',') ? strchr(text, ',') + 1 : NULL) {
        if (strncmp(text, name, length) || text[length] != '=') continue;
        char *end;
        int code = (int)strtol(text + length + 1, &end, 10);
        unsigned after = *end == '@' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
        return calls >= after ? code : SUCCESS;
    }
    return SUCCESS;
}

static int enter(const char *name) {
    pthread_mutex_lock(&mutex);
    int code = fault(name, count(name));
    const char *log = getenv("NVML_STANDIN_LOG");
    int file = log ? open(log, O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
    if (file >= 0) {
        char line[96];
        int size = snprintf(line, sizeof line, "%s\n", name);
        if (write(file, line, (size_t)size) != size) code = UNKNOWN;
        close(file);
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

int standin_enter(const char *name) {
    int code = enter(name);
    if (code) return code;
    return users > 0 ? SUCCESS : UNINITIALIZED;
}

void standin_lock(void) {
    pthread_mutex_lock(&mutex);
    flock(descriptor, LOCK_EX);
}

void standin_unlock(void) {
    flock(descriptor, LOCK_UN);
    pthread_mutex_unlock(&mutex);
}

/* Forget users, counters and state: the next test starts anew. */
void standin_reset(void) {
    if (state) munmap(state, sizeof *state);
    if (descriptor >= 0) close(descriptor);
    state = NULL, descriptor = -1, users = 0;
    memset(counts, 0, sizeof counts);
}

static int open_state(void) {
    const char *path = getenv("NVML_STANDIN_STATE");
    if (!path) return DRIVER_NOT_LOADED;
    descriptor = open(path, O_RDWR);
    if (descriptor < 0) return DRIVER_NOT_LOADED;
    void *map = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) return UNKNOWN;
    state = map;
    return state->magic == MAGIC ? SUCCESS : UNKNOWN;
}

int nvmlInitWithFlags(unsigned flags) {
    int code = enter(__func__);
    if (code) return code;
    if (!state && (code = open_state())) return code;
    if (!state->loaded) return DRIVER_NOT_LOADED;
    if (state->mismatch) return LIB_RM_VERSION_MISMATCH;
    users++;
    return SUCCESS;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    ENTER;
    users--;
    return SUCCESS;
}

const char *nvmlErrorString(int code) {
    switch (code) {
    case SUCCESS: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case NOT_FOUND: return "Not Found";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    case LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    case IN_USE: return "In use by another client";
    case INSUFFICIENT_RESOURCES: return "Insufficient Resources";
    default: return "Unknown Error";
    }
}

int standin_text(const char *text, char *out, unsigned size) {
    if (!out) return INVALID_ARGUMENT;
    if (strlen(text) >= size) return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) {
    ENTER;
    return standin_text(state->driver, out, size);
}

int nvmlSystemGetNVMLVersion(char *out, unsigned size) {
    ENTER;
    return standin_text(state->library, out, size);
}

int nvmlSystemGetCudaDriverVersion(int *out) {
    ENTER;
    return *out = (int)state->cuda, SUCCESS;
}

int nvmlSystemGetCudaDriverVersion_v2(int *out) {
    ENTER;
    return *out = (int)state->cuda, SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *out) {
    ENTER;
    return *out = state->count, SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle *out) {
    ENTER;
    if (index >= state->count) return INVALID_ARGUMENT;
    if (state->gpus[index].lost) return GPU_IS_LOST;
    *out = MAKE(DEVICE, index, 0, 0);
    return SUCCESS;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *text, Handle *out) {
    ENTER;
    unsigned domain, bus;
    if (sscanf(text, "%x:%x:", &domain, &bus) != 2) return INVALID_ARGUMENT;
    for (unsigned i = 0; i < state->count; i++)
        if (state->gpus[i].domain == domain && state->gpus[i].bus == bus) {
            *out = MAKE(DEVICE, i, 0, 0);
            return state->gpus[i].lost ? GPU_IS_LOST : SUCCESS;
        }
    return NOT_FOUND;
}

int standin_find(Handle handle, int kind, Named *out) {
    unsigned gpu = handle >> 16 & 15, gi = handle >> 8 & 255, ci = handle & 255;
    int has = handle >> 20 & 15;
    if (handle >> 24 != 0x5A || gpu >= state->count || gi >= INSTANCES || ci >= COMPUTES)
        return INVALID_ARGUMENT;
    if (kind ? has != kind : has != DEVICE && has != MIG_DEVICE) return INVALID_ARGUMENT;
    *out = (Named){has, &state->gpus[gpu], NULL, NULL};
    if (out->gpu->lost) return GPU_IS_LOST;
    if (has == DEVICE) return SUCCESS;
    out->gi = &out->gpu->instances[gi];
    if (!out->gi->used) return INVALID_ARGUMENT;
    if (has == GPU_INSTANCE) return SUCCESS;
    out->ci = &out->gi->computes[ci];
    return out->ci->used ? SUCCESS : INVALID_ARGUMENT;
}
