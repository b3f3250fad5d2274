// Measures oneDNN's matrix products on this machine, without any of our code. Each line of stdin is
//   f32|bf16 M K N transposed(0|1) repetitions
// for dst [M, N] = src [M, K] · weights [K, N], with src stored as [K, M] if transposed and the weights in oneDNN's preferred
// layout. Prints the best time in seconds of this number of repetitions, or of as many as take 0.1 s if that is more, because
// another process may run during the whole of a small product. dst is float32. OMP_NUM_THREADS sets the threads.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <dnnl.hpp>
#include <exception>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

using dnnl::memory;

// Halves (bf16) or something near them (f32): neither zeros nor denormal numbers, which may take another time.
memory filled(const memory::desc& desc, const dnnl::engine& engine) {
  memory made(desc, engine);
  auto* words = static_cast<uint16_t*>(made.get_data_handle());
  for (std::size_t i = 0; i < desc.get_size() / sizeof(uint16_t); i++) words[i] = 0x3f00;
  return made;
}

dnnl::matmul::primitive_desc describe(const memory::desc& src, const memory::desc& weights, const memory::desc& dst,
                                      const dnnl::engine& engine) {
#if DNNL_VERSION_MAJOR < 3
  return {dnnl::matmul::desc(src, weights, dst), engine};
#else
  return {engine, src, weights, dst};
#endif
}

constexpr double kLeastSeconds = 0.1;

double best_seconds(memory::data_type type, int64_t m, int64_t k, int64_t n, bool transposed, int repetitions) {
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const memory::desc src({m, k}, type, transposed ? memory::format_tag::ba : memory::format_tag::ab);
  const memory::desc weights({k, n}, type, memory::format_tag::any);
  const memory::desc dst({m, n}, memory::data_type::f32, memory::format_tag::ab);
  const auto descriptor = describe(src, weights, dst, engine);
  const dnnl::matmul product(descriptor);
  memory a = filled(src, engine), b = filled(descriptor.weights_desc(), engine), c = filled(dst, engine);
  double best = std::numeric_limits<double>::infinity(), all = 0;
  for (int repetition = 0; repetition <= repetitions || all < kLeastSeconds; repetition++) {
    const auto start = std::chrono::steady_clock::now();
    product.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    stream.wait();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (repetition == 0) continue;  // it warms up
    best = std::min(best, seconds.count());
    all += seconds.count();
  }
  return best;
}

int main() try {
  std::string type;
  int64_t m, k, n;
  int transposed, repetitions;
  while (std::cin >> type >> m >> k >> n >> transposed >> repetitions) {
    const auto operands = type == "bf16" ? memory::data_type::bf16 : memory::data_type::f32;
    std::cout << best_seconds(operands, m, k, n, transposed != 0, repetitions) << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "gemm-peak: " << error.what() << std::endl;
  return 1;
}
