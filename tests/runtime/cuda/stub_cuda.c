/* A libcuda.so.1 without a GPU, for the tests of the device layer.

Device memory is host memory behind addresses that no processor can follow; new memory is filled
with 0xAB. Work on streams is queued and done as late as the driver may do it (STUB_CUDA_ORDER=lazy),
at once (eager), or at a random pace (random:SEED): code that forgets an event reads garbage.
Every call is logged. Errors come from STUB_CUDA_FAIL or stub_fail():
  FUNCTION:CODE        each call of FUNCTION returns CODE
  FUNCTION:CODE:N      the N-th call does (1 is the first)
  FUNCTION:CODE:N!     from the N-th call on, every function returns CODE: the device is lost
Several are separated by commas. Other variables: STUB_CUDA_DEVICES, STUB_CUDA_DRIVER,
STUB_CUDA_MEMORY (bytes), STUB_CUDA_NAME, STUB_CUDA_CAPABILITY (90), STUB_CUDA_LOG (file). */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAG (1ULL << 62)
#define API __attribute__((visibility("default")))
typedef uint64_t Ptr;
typedef void (*HostFn)(void *);
enum { COPY, GATHER, HOST, WAIT, MARK, GRAPH };
struct stream;
struct event { struct stream *on; uint64_t seq; uint64_t done_at; int known; };
struct op { int kind; char *to; char *from; size_t size; HostFn fn; void *data;
            struct stream *other; uint64_t seq; struct event *event; struct graph *graph;
            uint32_t *rows; uint64_t row_bytes; uint32_t count; };
struct graph { struct op *ops; size_t len, room; };
struct stream { struct op *ops; size_t len, room; uint64_t done; struct graph *capture; int broken; };
struct block { char *at; size_t size; int host; };

static pthread_mutex_t lock;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct block blocks[4096];
static struct stream *streams[1024];
static size_t n_blocks, n_streams, used, log_len, log_room;
static char *log_text;
static int log_file = -1, lost, inited;
static char fail_text[1024];
static struct { char name[64]; int count; } counts[128];
static size_t n_counts;
static uint64_t clock_now, seed;
static int pace; /* 0 lazy, 1 eager, 2 random */

static long number(const char *name, long otherwise) {
  const char *t = getenv(name); return t && *t ? strtol(t, NULL, 10) : otherwise;
}
static void start(void) {
  pthread_mutexattr_t a; pthread_mutexattr_init(&a);
  pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE); pthread_mutex_init(&lock, &a);
  const char *order = getenv("STUB_CUDA_ORDER"), *fail = getenv("STUB_CUDA_FAIL"), *file = getenv("STUB_CUDA_LOG");
  if (order && !strcmp(order, "eager")) pace = 1;
  if (order && !strncmp(order, "random:", 7)) { pace = 2; seed = strtoull(order + 7, NULL, 10) * 2 + 1; }
  if (fail) snprintf(fail_text, sizeof fail_text, "%s", fail);
  if (file) log_file = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
}
static void note(const char *line) {
  size_t n = strlen(line);
  if (log_len + n + 2 > log_room) { log_room = (log_room + n + 2) * 2; log_text = realloc(log_text, log_room); }
  memcpy(log_text + log_len, line, n); log_text[log_len + n] = '\n'; log_text[log_len += n + 1] = 0;
  if (log_file >= 0) { char b[256]; int m = snprintf(b, sizeof b, "%s\n", line); if (write(log_file, b, m) < 0) log_file = -1; }
}
static int injected(const char *name) {
  size_t i = 0;
  while (i < n_counts && strcmp(counts[i].name, name)) i++;
  if (i == n_counts) { if (i == 128) abort(); snprintf(counts[i].name, 64, "%s", name); counts[i].count = 0; n_counts++; }
  int call = ++counts[i].count;
  if (lost) return lost;
  char copy[1024]; snprintf(copy, sizeof copy, "%s", fail_text);
  for (char *save, *t = strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
    char f[64]; int code = 0, at = 0; char bang = 0;
    int got = sscanf(t, "%63[^:]:%d:%d%c", f, &code, &at, &bang);
    if (got < 2 || strcmp(f, name)) continue;
    if (got == 4 && bang == '!') { if (call >= at) return lost = code; }
    else if (got == 2 || call == at) return code;
  }
  return 0;
}
static struct block *find(const char *at, size_t size) {
  for (size_t i = 0; i < n_blocks; i++)
    if (blocks[i].at && at >= blocks[i].at && at + size <= blocks[i].at + blocks[i].size) return &blocks[i];
  return NULL;
}
static void run_to(struct stream *s, uint64_t seq);
static void run_op(struct op *o) {
  clock_now++;
  switch (o->kind) {
    case COPY: memmove(o->to, o->from, o->size); break;
    case GATHER:
      for (uint32_t i = 0; i < o->count; i++)
        memcpy(o->to + i * o->row_bytes, o->from + o->rows[i] * o->row_bytes, o->row_bytes);
      break;
    case HOST: o->fn(o->data); break;
    case WAIT: if (o->other) run_to(o->other, o->seq); break;
    case MARK: o->event->done_at = clock_now; break;
    case GRAPH: for (size_t i = 0; i < o->graph->len; i++) run_op(&o->graph->ops[i]); break;
  }
}
static void run_to(struct stream *s, uint64_t seq) {
  while (s->done < seq) { struct op o = s->ops[s->done]; s->done++; run_op(&o); }
}
static void maybe_run(void) {
  if (pace == 1) for (size_t i = 0; i < n_streams; i++) { if (streams[i]) run_to(streams[i], streams[i]->len); }
  if (pace == 2 && n_streams) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    struct stream *s = streams[(seed >> 33) % n_streams];
    if (s && s->done < s->len && (seed >> 60) % 3) run_to(s, s->done + 1);
  }
}
static int push(struct stream *s, struct op o) {
  if (s->capture) {
    struct graph *g = s->capture;
    if (o.kind == WAIT || o.kind == MARK) { s->broken = 1; return 907; }
    if (g->len == g->room) g->ops = realloc(g->ops, (g->room = g->room * 2 + 8) * sizeof o);
    g->ops[g->len++] = o; return 0;
  }
  if (s->len == s->room) s->ops = realloc(s->ops, (s->room = s->room * 2 + 64) * sizeof o);
  s->ops[s->len++] = o; maybe_run(); return 0;
}
static int capturing(void) {
  for (size_t i = 0; i < n_streams; i++) if (streams[i] && streams[i]->capture) return 1;
  return 0;
}
#define ENTER(...) pthread_once(&once, start); pthread_mutex_lock(&lock); \
  { char line_[200]; snprintf(line_, sizeof line_, __VA_ARGS__); note(line_); } \
  { int code_ = injected(__func__); if (code_) { pthread_mutex_unlock(&lock); return code_; } }
#define LEAVE(code) do { int c_ = (code); pthread_mutex_unlock(&lock); return c_; } while (0)

/* Control, for tests. */
API const char *stub_log(void) { return log_text ? log_text : ""; }
API void stub_clear(void) { log_len = 0; if (log_text) *log_text = 0; n_counts = 0;
  for (size_t i = 0; i < n_streams; i++) if (streams[i]) streams[i]->capture = NULL; }
API void stub_fail(const char *text) { pthread_once(&once, start); snprintf(fail_text, sizeof fail_text, "%s", text); lost = 0; n_counts = 0; }
API void stub_order(int how, uint64_t with) { pthread_once(&once, start); pace = how; seed = with * 2 + 1; }
/* Begin anew: what an earlier test left in streams never runs, and its memory, which late
   work or a late free of its objects could still name, is not given to anybody again. */
API void stub_forget(void) {
  pthread_once(&once, start); pthread_mutex_lock(&lock);
  for (size_t i = 0; i < n_blocks; i++) if (!blocks[i].host) blocks[i].at = NULL;
  for (size_t i = 0; i < n_streams; i++)
    if (streams[i]) { streams[i]->done = streams[i]->len; streams[i]->capture = NULL; }
  used = 0;
  pthread_mutex_unlock(&lock);
}
API char *stub_host(Ptr at) { return (char *)(at & ~TAG); }
API size_t stub_used(void) { return used; }
API size_t stub_blocks(int host) { size_t n = 0; for (size_t i = 0; i < n_blocks; i++) n += blocks[i].at && blocks[i].host == host; return n; }

API int cuInit(unsigned flags) { ENTER("cuInit %u", flags); inited = number("STUB_CUDA_DEVICES", 1) > 0; LEAVE(inited ? 0 : 100); }
API int cuDriverGetVersion(int *v) { ENTER("cuDriverGetVersion"); *v = (int)number("STUB_CUDA_DRIVER", 13000); LEAVE(0); }
API int cuDeviceGetCount(int *n) { ENTER("cuDeviceGetCount"); *n = (int)number("STUB_CUDA_DEVICES", 1); LEAVE(inited ? 0 : 3); }
API int cuDeviceGet(int *d, int n) { ENTER("cuDeviceGet %d", n); *d = n; LEAVE(n >= 0 && n < number("STUB_CUDA_DEVICES", 1) ? 0 : 101); }
API int cuDeviceGetName(char *to, int len, int d) { ENTER("cuDeviceGetName %d", d); const char *t = getenv("STUB_CUDA_NAME"); snprintf(to, len, "%s", t ? t : "Stub GPU"); LEAVE(0); }
API int cuDeviceGetAttribute(int *v, int which, int d) {
  ENTER("cuDeviceGetAttribute %d %d", which, d);
  long cc = number("STUB_CUDA_CAPABILITY", 90);
  *v = which == 75 ? (int)(cc / 10) : which == 76 ? (int)(cc % 10) : which == 16 ? 132 : 1; LEAVE(0);
}
API int cuDeviceTotalMem_v2(size_t *n, int d) { ENTER("cuDeviceTotalMem_v2 %d", d); *n = number("STUB_CUDA_MEMORY", 1L << 30); LEAVE(0); }
API int cuDeviceGetPCIBusId(char *to, int len, int d) { ENTER("cuDeviceGetPCIBusId %d", d); snprintf(to, len, "0000:%02X:00.0", d + 1); LEAVE(0); }
API int cuDevicePrimaryCtxRetain(void **c, int d) { ENTER("cuDevicePrimaryCtxRetain %d", d); *c = (void *)(intptr_t)(d + 0x1000); LEAVE(0); }
API int cuDevicePrimaryCtxRelease_v2(int d) { ENTER("cuDevicePrimaryCtxRelease_v2 %d", d); LEAVE(0); }
static __thread void *current;
API int cuCtxSetCurrent(void *c) { ENTER("cuCtxSetCurrent"); current = c; LEAVE(0); }
API int cuCtxGetCurrent(void **c) { ENTER("cuCtxGetCurrent"); *c = current; LEAVE(0); }
API int cuCtxPushCurrent_v2(void *c) { ENTER("cuCtxPushCurrent_v2"); current = c; LEAVE(0); }
API int cuCtxPopCurrent_v2(void **c) { ENTER("cuCtxPopCurrent_v2"); *c = current; LEAVE(0); }
API int cuCtxSynchronize(void) { ENTER("cuCtxSynchronize"); for (size_t i = 0; i < n_streams; i++) if (streams[i]) run_to(streams[i], streams[i]->len); LEAVE(0); }
API int cuCtxGetDevice(int *d) { ENTER("cuCtxGetDevice"); *d = (int)(intptr_t)current - 0x1000; LEAVE(0); }
API int cuMemGetInfo_v2(size_t *unused, size_t *total) { ENTER("cuMemGetInfo_v2"); *total = number("STUB_CUDA_MEMORY", 1L << 30); *unused = *total - used; LEAVE(current ? 0 : 201); }
static int take(char **to, size_t size, int host) {
  if (!size || n_blocks == 4096) return 1;
  if (!host && used + size > (size_t)number("STUB_CUDA_MEMORY", 1L << 30)) return 2;
  char *at = aligned_alloc(256, (size + 255) / 256 * 256);
  if (!at) return 2;
  memset(at, 0xAB, size); blocks[n_blocks++] = (struct block){at, size, host}; if (!host) used += size;
  *to = at; return 0;
}
static int drop(char *at) {
  struct block *b = find(at, 1);
  if (!b || b->at != at) return 1;
  if (!b->host) used -= b->size;
  memset(at, 0xCD, b->size); free(at); b->at = NULL; return 0;
}
API int cuMemAlloc_v2(Ptr *to, size_t size) { ENTER("cuMemAlloc_v2 %zu", size); char *at = NULL; int c = !current ? 201 : capturing() ? 900 : take(&at, size, 0); *to = c ? 0 : (Ptr)at | TAG; LEAVE(c); }
API int cuMemFree_v2(Ptr at) { ENTER("cuMemFree_v2"); LEAVE(at & TAG ? drop(stub_host(at)) : 1); }
API int cuMemHostAlloc(void **to, size_t size, unsigned flags) { ENTER("cuMemHostAlloc %zu %u", size, flags); char *at = NULL; int c = !current ? 201 : take(&at, size, 1); *to = at; LEAVE(c); }
API int cuMemAllocHost_v2(void **to, size_t size) { return cuMemHostAlloc(to, size, 0); }
API int cuMemFreeHost(void *at) { ENTER("cuMemFreeHost"); LEAVE(drop(at)); }
static int copy(char *to, char *from, size_t size, int to_device, int from_device, struct stream *s) {
  if (!s || (to_device && !find(to, size)) || (from_device && !find(from, size))) return 1;
  return push(s, (struct op){.kind = COPY, .to = to, .from = from, .size = size});
}
API int cuMemcpyHtoDAsync_v2(Ptr to, const void *from, size_t size, struct stream *s) { ENTER("cuMemcpyHtoDAsync_v2 %zu", size); LEAVE(to & TAG ? copy(stub_host(to), (char *)from, size, 1, 0, s) : 1); }
API int cuMemcpyDtoHAsync_v2(void *to, Ptr from, size_t size, struct stream *s) { ENTER("cuMemcpyDtoHAsync_v2 %zu", size); LEAVE(from & TAG ? copy(to, stub_host(from), size, 0, 1, s) : 1); }
API int cuMemcpyDtoDAsync_v2(Ptr to, Ptr from, size_t size, struct stream *s) { ENTER("cuMemcpyDtoDAsync_v2 %zu", size); LEAVE(to & from & TAG ? copy(stub_host(to), stub_host(from), size, 1, 1, s) : 1); }
API int cuStreamCreate(struct stream **to, unsigned flags) { ENTER("cuStreamCreate %u", flags); if (n_streams == 1024) LEAVE(2); *to = streams[n_streams++] = calloc(1, sizeof **to); LEAVE(current ? 0 : 201); }
API int cuStreamDestroy_v2(struct stream *s) { ENTER("cuStreamDestroy_v2"); run_to(s, s->len); for (size_t i = 0; i < n_streams; i++) if (streams[i] == s) streams[i] = NULL; LEAVE(0); }
API int cuStreamSynchronize(struct stream *s) { ENTER("cuStreamSynchronize"); if (s->capture) { s->broken = 1; LEAVE(900); } run_to(s, s->len); LEAVE(0); }
API int cuEventCreate(struct event **to, unsigned flags) { ENTER("cuEventCreate %u", flags); *to = calloc(1, sizeof **to); LEAVE(current ? 0 : 201); }
API int cuEventDestroy_v2(struct event *e) { ENTER("cuEventDestroy_v2"); (void)e; LEAVE(0); }
API int cuEventRecord(struct event *e, struct stream *s) {
  ENTER("cuEventRecord"); int c = push(s, (struct op){.kind = MARK, .event = e});
  if (!c) { e->on = s; e->seq = s->len; e->known = 1; } LEAVE(c);
}
API int cuStreamWaitEvent(struct stream *s, struct event *e, unsigned flags) { ENTER("cuStreamWaitEvent %u", flags); LEAVE(push(s, (struct op){.kind = WAIT, .other = e->known ? e->on : NULL, .seq = e->seq})); }
API int cuEventSynchronize(struct event *e) { ENTER("cuEventSynchronize"); if (e->known) run_to(e->on, e->seq); LEAVE(0); }
API int cuEventQuery(struct event *e) { ENTER("cuEventQuery"); LEAVE(!e->known || e->on->done >= e->seq ? 0 : 600); }
API int cuEventElapsedTime(float *ms, struct event *a, struct event *b) { ENTER("cuEventElapsedTime"); if (!a->done_at || !b->done_at) LEAVE(600); *ms = (float)(b->done_at - a->done_at) / 1000; LEAVE(0); }
API int cuEventElapsedTime_v2(float *ms, struct event *a, struct event *b) { return cuEventElapsedTime(ms, a, b); }
API int cuStreamBeginCapture_v2(struct stream *s, int mode) { ENTER("cuStreamBeginCapture_v2 %d", mode); if (s->capture) LEAVE(1); s->capture = calloc(1, sizeof *s->capture); s->broken = 0; LEAVE(0); }
API int cuStreamEndCapture(struct stream *s, struct graph **to) { ENTER("cuStreamEndCapture"); *to = s->broken ? NULL : s->capture; s->capture = NULL; LEAVE(s->broken ? 901 : *to ? 0 : 1); }
API int cuGraphInstantiateWithFlags(struct graph **to, struct graph *g, unsigned long long flags) { ENTER("cuGraphInstantiateWithFlags %llu nodes %zu", flags, g->len); *to = calloc(1, sizeof **to); (*to)->len = g->len; (*to)->ops = calloc(g->len + 1, sizeof *g->ops); memcpy((*to)->ops, g->ops, g->len * sizeof *g->ops); LEAVE(0); }
API int cuGraphLaunch(struct graph *g, struct stream *s) { ENTER("cuGraphLaunch"); LEAVE(push(s, (struct op){.kind = GRAPH, .graph = g})); }
API int cuGraphExecDestroy(struct graph *g) { ENTER("cuGraphExecDestroy"); (void)g; LEAVE(0); }
API int cuGraphDestroy(struct graph *g) { ENTER("cuGraphDestroy"); (void)g; LEAVE(0); }
API int cuModuleLoadData(void **m, const void *image) { ENTER("cuModuleLoadData"); *m = (void *)1; LEAVE(strstr(image, ".version") ? 0 : 218); }
API int cuModuleUnload(void *m) { ENTER("cuModuleUnload"); (void)m; LEAVE(0); }
API int cuModuleGetFunction(void **f, void *m, const char *name) { ENTER("cuModuleGetFunction %s", name); (void)m; *f = (void *)2; LEAVE(!strcmp(name, "gather_rows") ? 0 : 500); }
API int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                       unsigned shared, struct stream *s, void **args, void **extra) {
  ENTER("cuLaunchKernel grid %u %u %u block %u %u %u", gx, gy, gz, bx, by, bz); (void)f; (void)shared; (void)extra;
  Ptr to = *(Ptr *)args[0], from = *(Ptr *)args[1], rows = *(Ptr *)args[2];
  uint64_t words = *(uint64_t *)args[3];
  if (!(to & from & rows & TAG) || !find(stub_host(rows), (size_t)gx * 4) || !find(stub_host(to), gx * words * 4)) LEAVE(1);
  LEAVE(push(s, (struct op){.kind = GATHER, .to = stub_host(to), .from = stub_host(from), .rows = (uint32_t *)stub_host(rows), .row_bytes = words * 4, .count = gx}));
}
API int cuLaunchHostFunc(struct stream *s, HostFn fn, void *data) { ENTER("cuLaunchHostFunc"); LEAVE(push(s, (struct op){.kind = HOST, .fn = fn, .data = data})); }
static const char *name_of(int code) {
  switch (code) {
    case 0: return "CUDA_SUCCESS"; case 1: return "CUDA_ERROR_INVALID_VALUE"; case 2: return "CUDA_ERROR_OUT_OF_MEMORY";
    case 100: return "CUDA_ERROR_NO_DEVICE"; case 101: return "CUDA_ERROR_INVALID_DEVICE"; case 46: return "CUDA_ERROR_DEVICE_UNAVAILABLE";
    case 214: return "CUDA_ERROR_ECC_UNCORRECTABLE"; case 719: return "CUDA_ERROR_LAUNCH_FAILED"; case 800: return "CUDA_ERROR_NOT_PERMITTED";
    case 803: return "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; case 999: return "CUDA_ERROR_UNKNOWN"; default: return NULL;
  }
}
API int cuGetErrorName(int code, const char **to) { *to = name_of(code); return *to ? 0 : 1; }
API int cuGetErrorString(int code, const char **to) { *to = code == 2 ? "out of memory" : "as the stub says"; return 0; }
