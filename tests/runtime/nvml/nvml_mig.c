/* MIG: mode, profiles, placements, GPU instances and compute instances. */
#include "standin.h"

#include <stdio.h>
#include <string.h>

#define INDEX_COUNT 0x12 /* NVML_GPU_INSTANCE_PROFILE_COUNT */

/* Slices of NVML_COMPUTE_INSTANCE_PROFILE_*, by its number; 0x7 is a variant that nothing has. */
static const unsigned COMPUTE_SLICES[] = {1, 2, 3, 4, 7, 8, 6, 0, 0};
#define COMPUTE_COUNT 9

typedef struct { unsigned start, size; } Placement;

static unsigned row_of(const GpuState *gpu) { return (unsigned)(gpu - state->gpus); }

static int busy(const GpuState *gpu, const InstanceState *gi, const ComputeState *ci) {
    for (unsigned p = 0; p < PROCESSES; p++) {
        const ProcessState *row = &gpu->processes[p];
        if (row->pid && (!gi || (row->gi == gi->id && (!ci || row->ci == ci->id)))) return 1;
    }
    return 0;
}

static int holds_instances(const GpuState *gpu) {
    for (unsigned i = 0; i < INSTANCES; i++)
        if (gpu->instances[i].used) return 1;
    return 0;
}

int nvmlDeviceGetMigMode(Handle device, unsigned *current, unsigned *pending) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig_capable) return NOT_SUPPORTED;
    *current = named.gpu->mig, *pending = named.gpu->mig_pending;
    return SUCCESS;
}

/* Source: nvml.h: the device is reset to activate the mode; one that is not idle keeps it pending
   and the status says IN_USE; where no reset can be had it says RESET_REQUIRED (16). */
int nvmlDeviceSetMigMode(Handle device, unsigned mode, unsigned *status) {
    ENTER;
    FIND(device, DEVICE);
    if (mode > 1 || !status) return INVALID_ARGUMENT;
    if (!named.gpu->mig_capable) return NOT_SUPPORTED;
    if (!state->permitted) return NO_PERMISSION;
    standin_lock();
    named.gpu->mig_pending = mode;
    *status = SUCCESS;
    if (mode != named.gpu->mig) {
        if (busy(named.gpu, NULL, NULL) || (!mode && holds_instances(named.gpu)))
            *status = IN_USE;
        else if (named.gpu->needs_reset)
            *status = 16;
        else
            named.gpu->mig = mode;
    }
    standin_unlock();
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(Handle device, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    return *out = named.gpu->mig ? named.gpu->slices : 0, SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Handle device, unsigned index, Handle *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig_capable) return NOT_SUPPORTED;
    if (index >= named.gpu->slices) return INVALID_ARGUMENT;
    for (unsigned i = 0; i < INSTANCES; i++)
        for (unsigned c = 0; c < COMPUTES; c++) {
            const InstanceState *gi = &named.gpu->instances[i];
            if (!gi->used || !gi->computes[c].used || index--) continue;
            return *out = MAKE(MIG_DEVICE, row_of(named.gpu), i, c), SUCCESS;
        }
    return NOT_FOUND;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Handle device, Handle *out) {
    ENTER;
    FIND(device, MIG_DEVICE);
    return *out = MAKE(DEVICE, row_of(named.gpu), 0, 0), SUCCESS;
}

int nvmlDeviceIsMigDeviceHandle(Handle device, unsigned *out) {
    ENTER;
    FIND(device, 0);
    return *out = named.kind == MIG_DEVICE, SUCCESS;
}

int nvmlDeviceGetGpuInstanceId(Handle device, unsigned *out) {
    ENTER;
    FIND(device, 0);
    if (named.kind != MIG_DEVICE) return NOT_SUPPORTED;
    return *out = named.gi->id, SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(Handle device, unsigned *out) {
    ENTER;
    FIND(device, 0);
    if (named.kind != MIG_DEVICE) return NOT_SUPPORTED;
    return *out = named.ci->id, SUCCESS;
}

typedef struct {
    unsigned sms, copy, nvdec, nvenc, jpeg, ofa, gpu_slices, compute_slices;
    unsigned long long memory_mib;
} Attributes;

static unsigned sms_of(const ProfileState *profile, unsigned slices) {
    return profile->sms * slices / profile->compute;
}

int nvmlDeviceGetAttributes_v2(Handle device, Attributes *out) {
    ENTER;
    FIND(device, 0);
    if (named.kind != MIG_DEVICE) return NOT_SUPPORTED;
    const ProfileState *p = &named.gpu->profiles[named.gi->profile];
    *out = (Attributes){sms_of(p, named.ci->slices), p->copy, p->nvdec, p->nvenc, p->jpeg, p->ofa,
                        p->compute, named.ci->slices, p->memory_mib};
    return SUCCESS;
}

/* ---- GPU instance profiles ---- */

typedef struct {
    unsigned id, peer, slices, count, sms, copy, nvdec, nvenc, jpeg, ofa;
    unsigned long long memory_mib;
} ProfileInfo;

typedef struct {
    unsigned version, id, peer, slices, count, sms, copy, nvdec, nvenc, jpeg, ofa;
    unsigned long long memory_mib;
    char name[96];
} ProfileInfo2;

static ProfileState *by_index(GpuState *gpu, unsigned index) {
    for (unsigned p = 0; p < gpu->profile_count; p++)
        if (gpu->profiles[p].index == index) return &gpu->profiles[p];
    return NULL;
}

static ProfileState *by_id(GpuState *gpu, unsigned id) {
    for (unsigned p = 0; p < gpu->profile_count; p++)
        if (gpu->profiles[p].id == id) return &gpu->profiles[p];
    return NULL;
}

static void describe(const ProfileState *p, ProfileInfo2 *out) {
    *out = (ProfileInfo2){out->version, p->id, 0, p->compute, p->most, p->sms, p->copy, p->nvdec,
                          p->nvenc, p->jpeg, p->ofa, p->memory_mib, ""};
    snprintf(out->name, sizeof out->name, "MIG %.90s", p->name);
}

int nvmlDeviceGetGpuInstanceProfileInfo(Handle device, unsigned profile, ProfileInfo *out) {
    ENTER;
    FIND(device, DEVICE);
    if (profile >= INDEX_COUNT) return INVALID_ARGUMENT;
    const ProfileState *p = by_index(named.gpu, profile);
    if (!p) return NOT_SUPPORTED;
    *out = (ProfileInfo){p->id, 0, p->compute, p->most, p->sms, p->copy, p->nvdec, p->nvenc,
                         p->jpeg, p->ofa, p->memory_mib};
    return SUCCESS;
}

int nvmlDeviceGetGpuInstanceProfileInfoV(Handle device, unsigned profile, ProfileInfo2 *out) {
    ENTER;
    FIND(device, DEVICE);
    if (profile >= INDEX_COUNT) return INVALID_ARGUMENT;
    if (out->version != 0x02000098) return ARGUMENT_VERSION_MISMATCH;
    const ProfileState *p = by_index(named.gpu, profile);
    if (!p) return NOT_SUPPORTED;
    return describe(p, out), SUCCESS;
}

int nvmlDeviceGetGpuInstanceProfileInfoByIdV(Handle device, unsigned id, ProfileInfo2 *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig) return NOT_SUPPORTED;
    const ProfileState *p = by_id(named.gpu, id);
    if (!p) return NOT_SUPPORTED;
    return describe(p, out), SUCCESS;
}

int nvmlDeviceGetGpuInstancePossiblePlacements_v2(Handle device, unsigned id, Placement *out,
                                                  unsigned *count) {
    ENTER;
    FIND(device, DEVICE);
    if (!count) return INVALID_ARGUMENT;
    const ProfileState *p = by_id(named.gpu, id);
    if (!p) return NOT_SUPPORTED;
    unsigned found = 0;
    for (unsigned s = 0; s < 32; s++)
        if (p->starts >> s & 1) {
            if (out && found < *count) out[found] = (Placement){s, p->size};
            found++;
        }
    int fits = !out || found <= *count;
    *count = found;
    return fits ? SUCCESS : INSUFFICIENT_SIZE;
}

/* ---- rules of a layout ---- */

static unsigned span(unsigned start, unsigned size) { return ((1u << size) - 1u) << start; }

/* Tell whether one more instance keeps every rule: slots, number, slices, media engines, +me. */
static int fits(const GpuState *gpu, const ProfileState *p, unsigned start) {
    unsigned taken = 0, same = 0, slices = p->compute, media = p->media;
    unsigned engines[4] = {p->nvdec, p->nvenc, p->jpeg, p->ofa};
    for (unsigned i = 0; i < INSTANCES; i++) {
        const InstanceState *gi = &gpu->instances[i];
        if (!gi->used) continue;
        const ProfileState *q = &gpu->profiles[gi->profile];
        taken |= span(gi->start, q->size);
        same += q == p;
        slices += q->compute;
        media += q->media;
        engines[0] += q->nvdec, engines[1] += q->nvenc, engines[2] += q->jpeg, engines[3] += q->ofa;
    }
    for (unsigned e = 0; e < 4; e++)
        if (gpu->engines[e] && engines[e] > gpu->engines[e]) return 0;
    return !(taken & span(start, p->size)) && same < p->most && slices <= gpu->slices && media <= 1;
}

static InstanceState *put(GpuState *gpu, const ProfileState *p, unsigned start) {
    for (unsigned i = 0; i < INSTANCES; i++) {
        InstanceState *gi = &gpu->instances[i];
        if (gi->used) continue;
        memset(gi, 0, sizeof *gi);
        gi->used = 1, gi->id = ++gpu->next_id, gi->profile = (unsigned)(p - gpu->profiles);
        gi->start = start;
        return gi;
    }
    return NULL;
}

/* Without a placement the driver chooses; here, as it seems to do, the highest start. */
static int create(const Named *named, unsigned id, const Placement *wanted, Handle *out) {
    GpuState *gpu = named->gpu;
    if (!gpu->mig) return NOT_SUPPORTED;
    if (!state->permitted) return NO_PERMISSION;
    const ProfileState *p = by_id(gpu, id);
    if (!p || !out) return INVALID_ARGUMENT;
    if (wanted && (wanted->start > 31 || !(p->starts >> wanted->start & 1) || wanted->size != p->size))
        return INVALID_ARGUMENT;
    int code = INSUFFICIENT_RESOURCES;
    standin_lock();
    for (int s = 31; s >= 0 && code; s--) {
        if (!(p->starts >> s & 1) || (wanted && (unsigned)s != wanted->start)) continue;
        if (!fits(gpu, p, (unsigned)s)) continue;
        InstanceState *gi = put(gpu, p, (unsigned)s);
        if (!gi) break;
        *out = MAKE(GPU_INSTANCE, row_of(gpu), gi - gpu->instances, 0);
        code = SUCCESS;
    }
    standin_unlock();
    return code;
}

int nvmlDeviceCreateGpuInstance(Handle device, unsigned id, Handle *out) {
    ENTER;
    FIND(device, DEVICE);
    return create(&named, id, NULL, out);
}

int nvmlDeviceCreateGpuInstanceWithPlacement(Handle device, unsigned id, const Placement *where,
                                             Handle *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!where) return INVALID_ARGUMENT;
    return create(&named, id, where, out);
}

int nvmlDeviceGetGpuInstanceRemainingCapacity(Handle device, unsigned id, unsigned *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig) return NOT_SUPPORTED;
    const ProfileState *p = by_id(named.gpu, id);
    if (!p) return NOT_SUPPORTED;
    GpuState copy = *named.gpu;
    const ProfileState *q = &copy.profiles[p - named.gpu->profiles];
    *out = 0;
    for (int s = 31; s >= 0; s--)
        if (q->starts >> s & 1 && fits(&copy, q, (unsigned)s) && put(&copy, q, (unsigned)s)) ++*out;
    return SUCCESS;
}

int nvmlGpuInstanceDestroy(Handle instance) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    if (!named.gpu->mig) return NOT_SUPPORTED;
    if (!state->permitted) return NO_PERMISSION;
    if (busy(named.gpu, named.gi, NULL)) return IN_USE;
    for (unsigned c = 0; c < COMPUTES; c++)
        if (named.gi->computes[c].used) return IN_USE;
    standin_lock();
    named.gi->used = 0;
    standin_unlock();
    return SUCCESS;
}

int nvmlDeviceGetGpuInstances(Handle device, unsigned id, Handle *out, unsigned *count) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig) return NOT_SUPPORTED;
    const ProfileState *p = by_id(named.gpu, id);
    if (!p || !out || !count) return INVALID_ARGUMENT;
    *count = 0;
    for (unsigned i = 0; i < INSTANCES; i++) {
        const InstanceState *gi = &named.gpu->instances[i];
        if (gi->used && gi->profile == (unsigned)(p - named.gpu->profiles))
            out[(*count)++] = MAKE(GPU_INSTANCE, row_of(named.gpu), i, 0);
    }
    return SUCCESS;
}

int nvmlDeviceGetGpuInstanceById(Handle device, unsigned id, Handle *out) {
    ENTER;
    FIND(device, DEVICE);
    if (!named.gpu->mig) return NOT_SUPPORTED;
    for (unsigned i = 0; i < INSTANCES; i++)
        if (named.gpu->instances[i].used && named.gpu->instances[i].id == id)
            return *out = MAKE(GPU_INSTANCE, row_of(named.gpu), i, 0), SUCCESS;
    return NOT_FOUND;
}

typedef struct {
    Handle device;
    unsigned id, profile;
    Placement placement;
} InstanceInfo;

int nvmlGpuInstanceGetInfo(Handle instance, InstanceInfo *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    const ProfileState *p = &named.gpu->profiles[named.gi->profile];
    *out = (InstanceInfo){MAKE(DEVICE, row_of(named.gpu), 0, 0), named.gi->id, p->id,
                          {named.gi->start, p->size}};
    return SUCCESS;
}

/* ---- compute instances ---- */

typedef struct {
    unsigned version, id, slices, count, sms, copy, nvdec, nvenc, jpeg, ofa;
    char name[96];
} ComputeInfo2;

/* Return the slices of a kind of compute instance inside a GPU instance; 0: it has none such. */
static unsigned slices_of(const Named *named, unsigned profile) {
    unsigned whole = named->gpu->profiles[named->gi->profile].compute;
    unsigned slices = profile < COMPUTE_COUNT ? COMPUTE_SLICES[profile] : 0;
    return slices <= whole ? slices : 0;
}

static unsigned step_of(unsigned slices) { return slices == 3 ? 4 : slices; }

/* Tell whether a compute instance may begin at a slice and finds it free. */
static int free_at(const Named *named, unsigned start, unsigned slices) {
    unsigned whole = named->gpu->profiles[named->gi->profile].compute, taken = 0;
    for (unsigned c = 0; c < COMPUTES; c++)
        if (named->gi->computes[c].used)
            taken |= span(named->gi->computes[c].start, named->gi->computes[c].slices);
    return start % step_of(slices) == 0 && start + slices <= whole && !(taken & span(start, slices));
}

int nvmlGpuInstanceGetComputeInstanceProfileInfoV(Handle instance, unsigned profile, unsigned engine,
                                                  ComputeInfo2 *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    if (profile >= COMPUTE_COUNT || engine) return INVALID_ARGUMENT;
    if (out->version != 0x02000088) return ARGUMENT_VERSION_MISMATCH;
    unsigned slices = slices_of(&named, profile);
    if (!slices) return NOT_SUPPORTED;
    const ProfileState *p = &named.gpu->profiles[named.gi->profile];
    *out = (ComputeInfo2){out->version, profile, slices, p->compute / slices, sms_of(p, slices),
                          p->copy, p->nvdec, p->nvenc, p->jpeg, p->ofa, ""};
    if (slices == p->compute)
        snprintf(out->name, sizeof out->name, "MIG %.80s", p->name);
    else
        snprintf(out->name, sizeof out->name, "MIG %uc.%.70s", slices, p->name);
    return SUCCESS;
}

typedef struct {
    unsigned id, slices, count, sms, copy, nvdec, nvenc, jpeg, ofa;
} ComputeInfo;

int nvmlGpuInstanceGetComputeInstanceProfileInfo(Handle instance, unsigned profile, unsigned engine,
                                                 ComputeInfo *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    if (profile >= COMPUTE_COUNT || engine) return INVALID_ARGUMENT;
    unsigned slices = slices_of(&named, profile);
    if (!slices) return NOT_SUPPORTED;
    const ProfileState *p = &named.gpu->profiles[named.gi->profile];
    *out = (ComputeInfo){profile, slices, p->compute / slices, sms_of(p, slices), p->copy,
                         p->nvdec, p->nvenc, p->jpeg, p->ofa};
    return SUCCESS;
}

int nvmlGpuInstanceGetComputeInstancePossiblePlacements(Handle instance, unsigned profile,
                                                        Placement *out, unsigned *count) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    unsigned slices = slices_of(&named, profile), found = 0;
    if (!slices) return NOT_SUPPORTED;
    unsigned whole = named.gpu->profiles[named.gi->profile].compute;
    for (unsigned s = 0; s + slices <= whole; s += step_of(slices)) {
        if (out && found < *count) out[found] = (Placement){s, slices};
        found++;
    }
    int room = !out || found <= *count;
    *count = found;
    return room ? SUCCESS : INSUFFICIENT_SIZE;
}

int nvmlGpuInstanceGetComputeInstanceRemainingCapacity(Handle instance, unsigned profile, unsigned *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    unsigned slices = slices_of(&named, profile);
    if (!slices) return NOT_SUPPORTED;
    *out = 0;
    for (unsigned s = 0; s < 8; s += step_of(slices)) *out += (unsigned)free_at(&named, s, slices);
    return SUCCESS;
}

static int create_compute(const Named *named, unsigned profile, const Placement *wanted, Handle *out) {
    unsigned slices = slices_of(named, profile);
    if (!state->permitted) return NO_PERMISSION;
    if (!slices) return NOT_SUPPORTED;
    int code = INSUFFICIENT_RESOURCES;
    standin_lock();
    for (unsigned s = 0; s < 8 && code; s++) {
        if ((wanted && wanted->start != s) || !free_at(named, s, slices)) continue;
        for (unsigned c = 0; c < COMPUTES; c++) {
            ComputeState *ci = &named->gi->computes[c];
            if (ci->used) continue;
            *ci = (ComputeState){1, c, slices, s, ++named->gpu->next_serial};
            *out = MAKE(COMPUTE_INSTANCE, row_of(named->gpu), named->gi - named->gpu->instances, c);
            code = SUCCESS;
            break;
        }
    }
    standin_unlock();
    return code;
}

int nvmlGpuInstanceCreateComputeInstance(Handle instance, unsigned profile, Handle *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    return create_compute(&named, profile, NULL, out);
}

int nvmlGpuInstanceCreateComputeInstanceWithPlacement(Handle instance, unsigned profile,
                                                      const Placement *where, Handle *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    if (!where) return INVALID_ARGUMENT;
    return create_compute(&named, profile, where, out);
}

int nvmlComputeInstanceDestroy(Handle compute) {
    ENTER;
    FIND(compute, COMPUTE_INSTANCE);
    if (!state->permitted) return NO_PERMISSION;
    if (busy(named.gpu, named.gi, named.ci)) return IN_USE;
    standin_lock();
    named.ci->used = 0;
    standin_unlock();
    return SUCCESS;
}

/* Return the number of a kind of compute instance by its slices. */
static unsigned profile_of(unsigned slices) {
    for (unsigned p = 0; p < COMPUTE_COUNT; p++)
        if (COMPUTE_SLICES[p] == slices) return p;
    return COMPUTE_COUNT;
}

int nvmlGpuInstanceGetComputeInstances(Handle instance, unsigned profile, Handle *out, unsigned *count) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    if (!out || !count) return INVALID_ARGUMENT;
    *count = 0;
    for (unsigned c = 0; c < COMPUTES; c++) {
        const ComputeState *ci = &named.gi->computes[c];
        if (ci->used && profile_of(ci->slices) == profile)
            out[(*count)++] =
                MAKE(COMPUTE_INSTANCE, row_of(named.gpu), named.gi - named.gpu->instances, c);
    }
    return SUCCESS;
}

int nvmlGpuInstanceGetComputeInstanceById(Handle instance, unsigned id, Handle *out) {
    ENTER;
    FIND(instance, GPU_INSTANCE);
    for (unsigned c = 0; c < COMPUTES; c++)
        if (named.gi->computes[c].used && named.gi->computes[c].id == id)
            return *out = MAKE(COMPUTE_INSTANCE, row_of(named.gpu),
                               named.gi - named.gpu->instances, c), SUCCESS;
    return NOT_FOUND;
}

typedef struct {
    Handle device, instance;
    unsigned id, profile;
    Placement placement;
} ComputeInstanceInfo;

int nvmlComputeInstanceGetInfo_v2(Handle compute, ComputeInstanceInfo *out) {
    ENTER;
    FIND(compute, COMPUTE_INSTANCE);
    unsigned gi = (unsigned)(named.gi - named.gpu->instances);
    *out = (ComputeInstanceInfo){MAKE(DEVICE, row_of(named.gpu), 0, 0),
                                 MAKE(GPU_INSTANCE, row_of(named.gpu), gi, 0), named.ci->id,
                                 profile_of(named.ci->slices), {named.ci->start, named.ci->slices}};
    return SUCCESS;
}
