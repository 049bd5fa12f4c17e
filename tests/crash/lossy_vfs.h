#pragma once
// LossyVfs gives SQLite a LossyDisk: file locks and the shared memory of WAL live in this process.
// Registered under `name` while the object lives; open no file after it is gone.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "crash/lossy_disk.h"

namespace tacit::crash {

class LossyVfs {
 public:
  LossyVfs(const char* name, LossyDisk& disk);
  ~LossyVfs();
  LossyVfs(const LossyVfs&) = delete;
  LossyVfs& operator=(const LossyVfs&) = delete;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tacit::crash
