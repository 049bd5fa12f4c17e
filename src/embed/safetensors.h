#pragma once
// A safetensors file, mapped read-only: names to element type, shape and bytes. The file is not
// trusted: every length, shape and offset of its header is checked at open, tensors must tile the
// data without holes or overlap, and what is wrong is said (corrupt). Owns the mapping; tensors
// point into it. Safe from any thread after open. Replace a model by renaming over it: cutting a
// mapped file short ends the process.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tacit::embed {

struct Tensor {
  std::string type;  // "F32", "I64", …
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
};

class Safetensors {
 public:
  static Result<std::unique_ptr<Safetensors>> open(const std::filesystem::path& file);
  ~Safetensors();
  Safetensors(const Safetensors&) = delete;
  Safetensors& operator=(const Safetensors&) = delete;

  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }
  // The elements of an F32 tensor of exactly this shape; corrupt when it is missing or differs.
  Result<std::span<const float>> floats(std::string_view name,
                                        std::vector<std::uint64_t> shape) const;
  // Gives the pages back to the system; they are read again on the next touch.
  void release_pages() const;

 private:
  explicit Safetensors(std::span<const std::byte> mapping) : mapping_(mapping) {}

  std::span<const std::byte> mapping_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace tacit::embed
