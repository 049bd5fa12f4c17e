#pragma once
// The settings that verbs need, as the configuration (app/config.h) worked them out. Plain values.

#include <filesystem>
#include <string>

#include "service/inference_service.h"

namespace tacit::cli {

struct Settings {
  std::filesystem::path data_dir;
  std::filesystem::path model_dir;  // empty: where tools/assets puts the model
  std::string listen;               // "127.0.0.1:7411"
  std::size_t threads = 0;          // of the encoder; 0: all usable cores
  std::size_t http_workers = 4;
  service::InferenceSettings inference;
};

}  // namespace tacit::cli
