// y[batch, outer, i, slice] = x[batch, outer, indices[batch, i], slice]. An index outside of [0, dim) gives `outside`.
#include "elements.h"

template <class T>
__device__ inline void gather(const T* x, const int* indices, T* y, int size, int outer, int dim, int count, int slice,
                              T outside) {
  for (FOR_ELEMENTS(at, size)) {
    const unsigned s = at % slice, rest = at / slice, i = rest % count, group = rest / count, batch = group / outer;
    const int index = indices[batch * count + i];
    y[at] = index >= 0 && index < dim ? x[((int64_t)group * dim + index) * slice + s] : outside;
  }
}

KERNEL(gather_words, (const unsigned* x, const int* indices, unsigned* y, int size, int outer, int dim, int count, int slice,
                      unsigned outside)) {
  gather(x, indices, y, size, outer, dim, count, slice, outside);
}

KERNEL(gather_bytes, (const unsigned char* x, const int* indices, unsigned char* y, int size, int outer, int dim, int count,
                      int slice, unsigned outside)) {
  gather(x, indices, y, size, outer, dim, count, slice, (unsigned char)outside);
}

// y[i, d] = d == indices[i] ? on : off
KERNEL(one_hot_words, (const int* indices, unsigned* y, int size, int depth, unsigned on, unsigned off)) {
  for (FOR_ELEMENTS(at, size)) y[at] = indices[at / depth] == (int)(at % depth) ? on : off;
}

// y[s, c] = Σ of x[i, c] over the i with ids[i] = s, in their order. One block a segment.
KERNEL(segment_sum, (const float* x, const int* ids, float* y, int rows, int columns)) {
  __shared__ int matches[32];    // of each warp
  __shared__ int positions[1024];  // rows of this segment among the next blockDim.x
  const int segment = blockIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float* sums = y + (int64_t)segment * columns;
  for (int c = threadIdx.x; c < columns; c += blockDim.x) sums[c] = 0.f;
  for (int first = 0; first < rows; first += blockDim.x) {
    const int row = first + threadIdx.x;
    const bool is_match = row < rows && ids[row] == segment;
    const unsigned found = __ballot_sync(0xffffffffu, is_match);
    if (lane == 0) matches[warp] = __popc(found);
    __syncthreads();
    int before = 0, count = 0;
    for (int w = 0; w < (int)blockDim.x / 32; ++w) {
      if (w < warp) before += matches[w];
      count += matches[w];
    }
    if (is_match) positions[before + __popc(found & ((1u << lane) - 1u))] = row;
    __syncthreads();
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
      float sum = sums[c];
      for (int k = 0; k < count; ++k) sum += x[(int64_t)positions[k] * columns + c];
      sums[c] = sum;
    }
    __syncthreads();  // matches and positions may be written again
  }
}
