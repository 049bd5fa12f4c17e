#include "embed/linear.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <dnnl.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/cpu.h"
#include "base/mutex.h"
#include "embed/kernels.h"
#include "embed/tile_product.h"

namespace tacit::embed {
namespace {

using Tag = dnnl::memory::format_tag;
using Dims = dnnl::memory::dims;
constexpr auto kF32 = dnnl::memory::data_type::f32;
constexpr std::size_t kRowsForLayout = 64;

dnnl::memory::data_type type_of(Precision precision) {
  return precision == Precision::kBf16 ? dnnl::memory::data_type::bf16 : kF32;
}

// What TACIT_CPU rules out, the library leaves out too.
dnnl::cpu_isa library_limit() {
  if (cpu_has(CpuLevel::kAmx)) return dnnl::cpu_isa::all;
  if (cpu_has(CpuLevel::kAvx512Bf16)) return dnnl::cpu_isa::avx512_core_bf16;
  if (cpu_has(CpuLevel::kAvx512)) return dnnl::cpu_isa::avx512_core;
  return dnnl::cpu_isa::avx2;
}

const dnnl::engine& cpu() {
  static const dnnl::engine engine = [] {
    dnnl::set_max_cpu_isa(library_limit());
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return engine;
}

dnnl::memory::dim dim(std::size_t value) {
  return static_cast<dnnl::memory::dim>(value);
}

dnnl::memory::desc bias_desc(std::size_t outputs) {
  return {Dims{1, dim(outputs)}, kF32, Tag::ab};
}

dnnl::matmul::primitive_desc describe(std::size_t rows, std::size_t inputs, std::size_t outputs,
                                      const dnnl::memory::desc& weights, Precision precision) {
  const auto type = type_of(precision);
  const dnnl::memory::desc in(Dims{dim(rows), dim(inputs)}, type, Tag::ab);
  const dnnl::memory::desc out(Dims{dim(rows), dim(outputs)}, type, Tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu(), in, weights, bias_desc(outputs), out, attributes};
#else
  return {dnnl::matmul::desc(in, weights, bias_desc(outputs), out), attributes, cpu()};
#endif
}

struct Product {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
};

std::unexpected<Error> failed(const dnnl::error& error) {
  const ErrorKind kind =
      error.status == dnnl_out_of_memory ? ErrorKind::kUnavailable : ErrorKind::kInternal;
  return fail(kind, std::string("oneDNN: ") + error.what());
}

// Resolved at run time: which OpenMP library is there, if any, is the build of oneDNN's affair.
struct OpenMp {
  using GetMax = int (*)();
  using SetThreads = void (*)(int);
  GetMax get_max = reinterpret_cast<GetMax>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  SetThreads set_threads =
      reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
};

const OpenMp& open_mp() {
  static const OpenMp functions;
  return functions;
}

}  // namespace

struct MatrixScratch::State {
  dnnl::stream stream{cpu()};
  std::vector<std::byte> memory;
};

MatrixScratch::MatrixScratch() : state_(std::make_unique<State>()) {}
MatrixScratch::~MatrixScratch() = default;

struct Linear::State {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Precision precision = Precision::kF32;
  std::optional<TileProduct> tiles;  // then nothing below is used
  dnnl::memory weights;
  dnnl::memory bias;
  Mutex mutex;
  std::map<std::size_t, Product> products TACIT_GUARDED_BY(mutex);  // by rows; never erased

  const Product& product(std::size_t rows) {
    MutexLock lock(mutex);
    const auto found = products.find(rows);
    if (found != products.end()) return found->second;
    auto description = describe(rows, inputs, outputs, weights.get_desc(), precision);
    dnnl::matmul primitive(description);
    return products.emplace(rows, Product{std::move(description), std::move(primitive)})
        .first->second;
  }
};

Linear::Linear(std::unique_ptr<State> state) : state_(std::move(state)) {}
Linear::~Linear() = default;
std::size_t Linear::outputs() const {
  return state_->outputs;
}

// A blocked layout is taken where the kernel asks for one. Where it would be content with plain
// rows, our [outputs, inputs] order is kept instead of the library's choice: with a row length that
// is a multiple of the page size (1536 floats) its choice makes every row collide in the cache,
// measured three times slower.
Result<std::unique_ptr<Linear>> Linear::pack(std::span<const std::span<const float>> parts,
                                             std::span<const float> bias, std::size_t inputs,
                                             Precision precision, By by) {
  const SingleThread single;
  try {
    auto state = std::make_unique<State>();
    state->inputs = inputs;
    std::vector<float> stacked;
    for (const auto& part : parts) stacked.insert(stacked.end(), part.begin(), part.end());
    TACIT_ASSERT(inputs > 0 && stacked.size() % inputs == 0);
    state->outputs = stacked.size() / inputs;
    state->precision = precision;
    TACIT_ASSERT(bias.size() == state->outputs);
    if (precision == Precision::kBf16 && by == By::kBest &&
        TileProduct::fits(inputs, state->outputs)) {
      state->tiles.emplace(stacked, bias, inputs);
      return std::unique_ptr<Linear>(new Linear(std::move(state)));
    }
    const Dims dims{dim(inputs), dim(state->outputs)};
    const auto type = type_of(precision);
    const dnnl::memory::desc rows(dims, type, Tag::ba);
    const dnnl::memory::desc any(dims, type, Tag::any);
    const auto wanted =
        describe(kRowsForLayout, inputs, state->outputs, any, precision).weights_desc();
    const bool plain = wanted == rows || wanted == dnnl::memory::desc(dims, type, Tag::ab);
    state->weights = dnnl::memory(plain ? rows : wanted, cpu());
    state->bias = dnnl::memory(bias_desc(state->outputs), cpu());
    std::copy(bias.begin(), bias.end(), static_cast<float*>(state->bias.get_data_handle()));
    dnnl::memory source({dims, kF32, Tag::ba}, cpu(), stacked.data());
    dnnl::stream stream(cpu());
    dnnl::reorder(source, state->weights).execute(stream, source, state->weights);
    stream.wait();
    return std::unique_ptr<Linear>(new Linear(std::move(state)));
  } catch (const dnnl::error& error) {
    return failed(error);
  }
}

Result<void> Linear::apply(const float* in, float* out, std::size_t rows, MatrixScratch& scratch,
                           Then then) const {
  TACIT_ASSERT(state_->precision == Precision::kF32 && rows % kRowStep<float> == 0);
  TACIT_TRY(run(in, out, rows, scratch));
  if (then == Then::kGelu) usable_kernels<float>().front().gelu(out, rows * outputs());
  return {};
}

Result<void> Linear::apply(const Bf16* in, Bf16* out, std::size_t rows, MatrixScratch& scratch,
                           Then then) const {
  TACIT_ASSERT(state_->precision == Precision::kBf16 && rows % kRowStep<Bf16> == 0);
  if (state_->tiles) {
    state_->tiles->run(in, out, rows, then == Then::kGelu);
    return {};
  }
  TACIT_TRY(run(in, out, rows, scratch));
  if (then == Then::kGelu) usable_kernels<Bf16>().front().gelu(out, rows * outputs());
  return {};
}

Result<void> Linear::run(const void* in, void* out, std::size_t rows,
                         MatrixScratch& scratch) const {
  try {
    const Product& product = state_->product(rows);
    const auto scratch_desc = product.description.scratchpad_desc();
    MatrixScratch::State& mine = *scratch.state_;
    if (mine.memory.size() < scratch_desc.get_size()) mine.memory.resize(scratch_desc.get_size());
    const dnnl::memory source(product.description.src_desc(), cpu(), const_cast<void*>(in));
    const dnnl::memory result(product.description.dst_desc(), cpu(), out);
    const dnnl::memory pad(scratch_desc, cpu(), mine.memory.data());
    product.primitive.execute(mine.stream, {{DNNL_ARG_SRC, source},
                                            {DNNL_ARG_WEIGHTS, state_->weights},
                                            {DNNL_ARG_BIAS, state_->bias},
                                            {DNNL_ARG_DST, result},
                                            {DNNL_ARG_SCRATCHPAD, pad}});
    mine.stream.wait();
    return {};
  } catch (const dnnl::error& error) {
    return failed(error);
  }
}

SingleThread::SingleThread() {
  if (open_mp().get_max == nullptr || open_mp().set_threads == nullptr) return;
  before_ = open_mp().get_max();
  open_mp().set_threads(1);
}

SingleThread::~SingleThread() {
  if (before_ > 0) open_mp().set_threads(before_);
}

}  // namespace tacit::embed
