#pragma once
// ONNX Runtime's C library, opened at run time. No registry carries its header, so the few
// functions that are needed are named by their place in its table, which it promises never to
// change.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"

namespace tacit::rivals {

// Word pieces of equally long texts.
struct Pieces {
  std::vector<std::int64_t> ids;
  std::size_t texts = 0;
  std::size_t length = 0;
  Pieces one(std::size_t text) const;
};

struct SessionOptions {
  std::size_t threads = 1;
  bool spins = false;  // threads wait for work awake
};

class OnnxSession {
 public:
  virtual ~OnnxSession() = default;
  // Of each text its vector, one after the other. Safe from several threads.
  virtual Result<std::vector<float>> run(const Pieces& pieces) const = 0;
};

class OnnxRuntime {
 public:
  virtual ~OnnxRuntime() = default;
  virtual std::string version() const = 0;
  // All graph optimisations on. The runtime has to outlive its sessions.
  virtual Result<std::unique_ptr<OnnxSession>> open(const std::filesystem::path& model,
                                                    std::size_t dimension,
                                                    const SessionOptions& options) const = 0;
};

Result<std::unique_ptr<OnnxRuntime>> load_onnx_runtime(const std::filesystem::path& library);

}  // namespace tacit::rivals
