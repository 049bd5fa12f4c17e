#include "rivals/onnx_runtime.h"

#include <dlfcn.h>

#include <array>
#include <string>

namespace tacit::rivals {
namespace {

// Places in the table of version 5 of its interface, and values of its enumerations.
enum class Slot : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetGraphOptimizationLevel = 23,
  kSetIntraOpThreads = 24,
  kCreateTensorWithData = 49,
  kCreateCpuMemoryInfo = 69,
  kReleaseStatus = 93,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseSessionOptions = 100,
  kAddConfigEntry = 130,
};
constexpr std::uint32_t kInterface = 5;
constexpr int kLogErrors = 3;
constexpr int kAllOptimisations = 99;
constexpr int kArena = 1;
constexpr int kFloat = 1;
constexpr int kInt64 = 7;

struct Base {
  const void* const* (*table)(std::uint32_t version);
  const char* (*version)();
};

class Table {
 public:
  explicit Table(const void* const* functions) : functions_(functions) {}

  template <class... Arguments>
  void release(Slot slot, Arguments... arguments) const {
    function<void (*)(Arguments...)>(slot)(arguments...);
  }

  template <class... Arguments>
  Result<void> call(Slot slot, Arguments... arguments) const {
    void* const status = function<void* (*)(Arguments...)>(slot)(arguments...);
    if (status == nullptr) return {};
    const std::string message =
        function<const char* (*)(const void*)>(Slot::kGetErrorMessage)(status);
    release(Slot::kReleaseStatus, status);
    return fail(ErrorKind::kUnavailable, "ONNX Runtime: " + message);
  }

 private:
  template <class Function>
  Function function(Slot slot) const {
    return reinterpret_cast<Function>(
        const_cast<void*>(functions_[static_cast<std::size_t>(slot)]));
  }
  const void* const* functions_;
};

// A tensor over memory of ours.
class Tensor {
 public:
  template <class T>
  static Result<Tensor> over(const Table& table, const void* memory, T* data, std::size_t count,
                             std::array<std::int64_t, 2> shape, int type) {
    Tensor tensor(table);
    TACIT_TRY(table.call(Slot::kCreateTensorWithData, memory, static_cast<void*>(data),
                         count * sizeof(T), static_cast<const std::int64_t*>(shape.data()),
                         shape.size(), type, &tensor.value_));
    return tensor;
  }
  Tensor(Tensor&& other) noexcept : table_(other.table_), value_(other.value_) {
    other.value_ = nullptr;
  }
  Tensor& operator=(Tensor&&) = delete;
  ~Tensor() {
    if (value_ != nullptr) table_.release(Slot::kReleaseValue, value_);
  }
  void* value() const { return value_; }

 private:
  explicit Tensor(const Table& table) : table_(table) {}
  const Table& table_;
  void* value_ = nullptr;
};

class Session final : public OnnxSession {
 public:
  Session(const Table& table, const void* memory, void* session, std::size_t dimension)
      : table_(table), memory_(memory), session_(session), dimension_(dimension) {}
  ~Session() override { table_.release(Slot::kReleaseSession, session_); }

  Result<std::vector<float>> run(const Pieces& pieces) const override {
    const std::array<std::int64_t, 2> shape = {static_cast<std::int64_t>(pieces.texts),
                                               static_cast<std::int64_t>(pieces.length)};
    std::vector<std::int64_t> ids = pieces.ids;
    std::vector<std::int64_t> mask(ids.size(), 1);
    std::vector<std::int64_t> types(ids.size(), 0);
    std::vector<float> vectors(pieces.texts * dimension_);
    const auto over = [&](std::vector<std::int64_t>& values) {
      return Tensor::over(table_, memory_, values.data(), values.size(), shape, kInt64);
    };
    const Tensor id_tensor = TACIT_TRY(over(ids));
    const Tensor mask_tensor = TACIT_TRY(over(mask));
    const Tensor type_tensor = TACIT_TRY(over(types));
    const Tensor out =
        TACIT_TRY(Tensor::over(table_, memory_, vectors.data(), vectors.size(),
                               {shape[0], static_cast<std::int64_t>(dimension_)}, kFloat));
    const char* const inputs[] = {"input_ids", "attention_mask", "token_type_ids"};
    const char* const outputs[] = {"embedding"};
    const void* const given[] = {id_tensor.value(), mask_tensor.value(), type_tensor.value()};
    void* made[] = {out.value()};
    TACIT_TRY(table_.call(Slot::kRun, session_, static_cast<const void*>(nullptr),
                          static_cast<const char* const*>(inputs),
                          static_cast<const void* const*>(given), std::size_t{3},
                          static_cast<const char* const*>(outputs), std::size_t{1},
                          static_cast<void**>(made)));
    return vectors;
  }

 private:
  const Table& table_;
  const void* memory_;
  void* session_;
  std::size_t dimension_;
};

class Runtime final : public OnnxRuntime {
 public:
  Runtime(const void* const* functions, std::string version)
      : table_(functions), version_(std::move(version)) {}

  Result<void> start() {
    TACIT_TRY(table_.call(Slot::kCreateEnv, kLogErrors, "rivals", &environment_));
    return table_.call(Slot::kCreateCpuMemoryInfo, kArena, 0, &memory_);
  }

  std::string version() const override { return version_; }

  Result<std::unique_ptr<OnnxSession>> open(const std::filesystem::path& model,
                                            std::size_t dimension,
                                            const SessionOptions& options) const override {
    void* made = nullptr;
    TACIT_TRY(table_.call(Slot::kCreateSessionOptions, &made));
    TACIT_TRY(table_.call(Slot::kSetGraphOptimizationLevel, made, kAllOptimisations));
    TACIT_TRY(table_.call(Slot::kSetIntraOpThreads, made, static_cast<int>(options.threads)));
    TACIT_TRY(table_.call(Slot::kAddConfigEntry, made, "session.intra_op.allow_spinning",
                          options.spins ? "1" : "0"));
    void* session = nullptr;
    const auto opened =
        table_.call(Slot::kCreateSession, environment_, model.c_str(), made, &session);
    table_.release(Slot::kReleaseSessionOptions, made);
    if (!opened) return std::unexpected(opened.error());
    return std::make_unique<Session>(table_, memory_, session, dimension);
  }

 private:
  const Table table_;
  const std::string version_;
  void* environment_ = nullptr;  // for the life of the process
  void* memory_ = nullptr;
};

}  // namespace

Pieces Pieces::one(std::size_t text) const {
  const auto first = ids.begin() + static_cast<std::ptrdiff_t>(text * length);
  return {{first, first + static_cast<std::ptrdiff_t>(length)}, 1, length};
}

Result<std::unique_ptr<OnnxRuntime>> load_onnx_runtime(const std::filesystem::path& library) {
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return fail(ErrorKind::kNotFound, std::string("cannot open ONNX Runtime: ") + ::dlerror());
  const auto base = reinterpret_cast<const Base* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  if (base == nullptr) return fail(ErrorKind::kCorrupt, "this is no ONNX Runtime");
  const void* const* const functions = base()->table(kInterface);
  if (functions == nullptr) return fail(ErrorKind::kCorrupt, "this ONNX Runtime is too old");
  auto runtime = std::make_unique<Runtime>(functions, base()->version());
  TACIT_TRY(runtime->start());
  return runtime;
}

}  // namespace tacit::rivals
