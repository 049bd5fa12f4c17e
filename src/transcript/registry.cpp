#include "transcript/registry.h"

#include <array>

namespace tacit::transcript {

std::span<const Adapter> adapters() {
#define TACIT_LIST_ADAPTER(name) name##_adapter(),
  static const std::array table{TACIT_TRANSCRIPT_ADAPTERS(TACIT_LIST_ADAPTER)};
#undef TACIT_LIST_ADAPTER
  return table;
}

const Adapter* find_adapter(std::string_view head) {
  for (const Adapter& adapter : adapters()) {
    if (adapter.recognises(head)) return &adapter;
  }
  return nullptr;
}

}  // namespace tacit::transcript
