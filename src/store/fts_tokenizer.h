#pragma once
// Private to store: makes the tokenizer "tacit" (words.h) known to FTS5 on one connection. Text in
// a MATCH expression is not cut again: queries are built of terms that query_terms() has cut
// already.

#include "base/result.h"

struct fts5_api;

namespace tacit::store {

Result<void> register_tokenizer(fts5_api& fts5);

}  // namespace tacit::store
