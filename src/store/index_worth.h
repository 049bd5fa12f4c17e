#pragma once
// For `tacit bench` alone, on a database of its own: takes the indexes back to those of schema 1,
// so that the same queries show what the indexes are worth.

#include "base/result.h"

namespace tacit::store {

class WriteTxn;

Result<void> use_indexes_of_schema_1(WriteTxn& txn);

}  // namespace tacit::store
