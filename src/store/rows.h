#pragma once
// Private to store: small rules that several query files share.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "base/text.h"
#include "domain/knowledge.h"
#include "store/hot_queries.h"
#include "store/txn.h"

namespace tacit::store {

enum class TombstoneKind { kSession = 0, kExchange = 1, kObservation = 2 };
enum class Learning { kDone = 0, kDue = 1, kNever = 2 };

template <class Enum>
constexpr std::int64_t code(Enum value) {
  return static_cast<std::int64_t>(value);
}

// The last component of a project path, which filters accept as its name.
inline std::string project_name(std::string_view project) {
  while (project.size() > 1 && project.ends_with('/')) project.remove_suffix(1);
  const std::size_t slash = project.find_last_of("/\\");
  return std::string(slash == std::string_view::npos ? project : project.substr(slash + 1));
}

// What a filter by project asks of a row: the project's name and, when the filter is a path, the
// path too. A filter without a slash can be no other project's path.
struct ProjectMatch {
  std::string name;
  std::string path;  // empty: any
};
inline ProjectMatch match_project(const std::string& filter) {
  const bool is_path = filter.find_first_of("/\\") != std::string::npos;
  return {project_name(filter), is_path ? filter : std::string()};
}

inline std::int64_t statement_key(std::string_view statement) {
  return static_cast<std::int64_t>(xxh3(normalise_space(statement)));
}

inline Result<bool> is_forgotten(ReadTxn& txn, TombstoneKind kind, std::uint64_t id) {
  return TACIT_TRY(txn.integer(hot::kIsForgotten, code(kind), id)) != 0;
}

// Takes an item's row anew from the observations it has left, or removes it when there are none;
// true then.
Result<bool> settle_item(WriteTxn& txn, std::uint64_t item);

}  // namespace tacit::store
