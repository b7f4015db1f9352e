// Copies chosen rows of a sample library into a batch, all in device memory.
// One block a row; a row is a whole number of 4-byte words. gather.ptx is made of this file:
//   nvcc -ptx -arch=compute_75 gather.cu
// with .version lowered to 7.0, so that every driver from CUDA 11.0 on takes it.
extern "C" __global__ void gather_rows(unsigned *__restrict__ to, const unsigned *__restrict__ from,
                                       const unsigned *__restrict__ rows, unsigned long long words)
{
    const unsigned long long row = rows[blockIdx.x];
    const unsigned *source = from + row * words;
    unsigned *target = to + blockIdx.x * words;
    for (unsigned long long i = threadIdx.x; i < words; i += blockDim.x)
        target[i] = source[i];
}
