#include "embed/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace tacit::embed {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 16 << 20;
constexpr std::size_t kMaxDimensions = 8;

std::unexpected<Error> corrupt(std::string what) {
  return fail(ErrorKind::kCorrupt, std::move(what));
}

std::optional<std::uint64_t> element_bytes(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2")
    return 1;
  return std::nullopt;
}

Result<std::uint64_t> natural(const Json& value, std::string_view name) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  return corrupt(fmt::format("tensor {}: a size or offset is not a natural number", name));
}

Result<Tensor> read_tensor(const std::string& name, const Json& entry,
                           std::span<const std::byte> data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string() ||
      !entry["shape"].is_array()) {
    return corrupt(fmt::format("tensor {}: needs dtype, shape and data_offsets", name));
  }
  Tensor tensor;
  tensor.type = entry["dtype"].get<std::string>();
  const auto width = element_bytes(tensor.type);
  if (!width) return corrupt(fmt::format("tensor {}: unknown type {}", name, tensor.type));
  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || entry["shape"].size() > kMaxDimensions) {
    return corrupt(fmt::format("tensor {}: odd data_offsets or too many dimensions", name));
  }
  std::uint64_t expected = *width;
  for (const Json& value : entry["shape"]) {
    tensor.shape.push_back(TACIT_TRY(natural(value, name)));
    if (__builtin_mul_overflow(expected, tensor.shape.back(), &expected)) {
      return corrupt(fmt::format("tensor {}: its shape overflows", name));
    }
  }
  const std::uint64_t begin = TACIT_TRY(natural(offsets[0], name));
  const std::uint64_t end = TACIT_TRY(natural(offsets[1], name));
  if (begin > end || end > data.size()) {
    return corrupt(fmt::format("tensor {}: bytes {} to {} of {}: the file is cut short or damaged",
                               name, begin, end, data.size()));
  }
  if (end - begin != expected) {
    return corrupt(fmt::format("tensor {}: {} bytes do not fit its shape", name, end - begin));
  }
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

// Tensors must cover the data one after another: what a truncated or spliced file cannot do.
Result<void> check_tiling(const std::map<std::string, Tensor, std::less<>>& tensors,
                          std::span<const std::byte> data) {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.bytes.empty()) parts.push_back(tensor.bytes);
  }
  std::sort(parts.begin(), parts.end(), [](auto a, auto b) { return a.data() < b.data(); });
  const std::byte* at = data.data();
  for (const auto& part : parts) {
    if (part.data() != at) return corrupt("tensors overlap or leave a hole in the data");
    at += part.size();
  }
  if (at != data.data() + data.size()) return corrupt("bytes follow the last tensor");
  return {};
}

Result<std::span<const std::byte>> map_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const ErrorKind kind = errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kUnavailable;
    return fail(kind, std::string("cannot open it: ") + std::strerror(errno));
  }
  struct stat status {};
  void* address = MAP_FAILED;
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    address = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE,
                     descriptor, 0);
  }
  ::close(descriptor);
  if (address == MAP_FAILED) return corrupt("it is empty or cannot be mapped");
  return std::span(static_cast<const std::byte*>(address),
                   static_cast<std::size_t>(status.st_size));
}

Result<std::map<std::string, Tensor, std::less<>>> read_header(std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) return corrupt("it is shorter than a header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
  }
  if (length > kMaxHeaderBytes || length > file.size() - kLengthBytes) {
    return corrupt(fmt::format("its header claims {} bytes", length));
  }
  const auto text = file.subspan(kLengthBytes, length);
  const auto data = file.subspan(kLengthBytes + length);
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const Json header = Json::parse(begin, begin + text.size(), nullptr, false);
  if (!header.is_object()) return corrupt("its header is not a JSON object");
  std::map<std::string, Tensor, std::less<>> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    tensors.emplace(name, TACIT_TRY(read_tensor(name, entry, data)));
  }
  TACIT_TRY(check_tiling(tensors, data));
  return tensors;
}

}  // namespace

Result<std::unique_ptr<Safetensors>> Safetensors::open(const std::filesystem::path& file) {
  auto mapping = map_file(file);
  if (!mapping) return std::unexpected(std::move(mapping).error().with_context(file.string()));
  auto result = std::unique_ptr<Safetensors>(new Safetensors(*mapping));
  auto tensors = read_header(*mapping);
  if (!tensors) return std::unexpected(std::move(tensors).error().with_context(file.string()));
  result->tensors_ = std::move(*tensors);
  return result;
}

Safetensors::~Safetensors() {
  ::munmap(const_cast<std::byte*>(mapping_.data()), mapping_.size());
}

Result<std::span<const float>> Safetensors::floats(std::string_view name,
                                                   std::vector<std::uint64_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return corrupt(fmt::format("the model has no tensor {}", name));
  const Tensor& tensor = found->second;
  if (tensor.type != "F32") {
    return corrupt(fmt::format("tensor {} is {}, only F32 weights are read", name, tensor.type));
  }
  if (tensor.shape != shape) {
    return corrupt(fmt::format("tensor {} has shape [{}], expected [{}]", name,
                               fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
  }
  if (reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(float) != 0) {
    return corrupt(fmt::format("tensor {} is not aligned to its elements", name));
  }
  return std::span(reinterpret_cast<const float*>(tensor.bytes.data()),
                   tensor.bytes.size() / sizeof(float));
}

void Safetensors::release_pages() const {
  ::madvise(const_cast<std::byte*>(mapping_.data()), mapping_.size(), MADV_DONTNEED);
}

}  // namespace tacit::embed
