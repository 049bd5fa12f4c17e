#include "store/fts_tokenizer.h"

#include <sqlite3.h>

#include "store/words.h"

namespace tacit::store {
namespace {

using Visit = int (*)(void*, int, const char*, int, int, int);

// FTS5 wants an object per table; the tokenizer has no state.
struct NoState {
  char unused = 0;
};
NoState no_state;

int create(void*, const char**, int, Fts5Tokenizer** out) {
  void* state = &no_state;
  *out = static_cast<Fts5Tokenizer*>(state);
  return SQLITE_OK;
}

void destroy(Fts5Tokenizer*) {}

int tokenize(Fts5Tokenizer*, void* context, int flags, const char* bytes, int count, Visit visit) {
  if (bytes == nullptr || count <= 0) return SQLITE_OK;
  if ((flags & FTS5_TOKENIZE_QUERY) != 0) return visit(context, 0, bytes, count, 0, count);
  int code = SQLITE_OK;
  each_token({bytes, static_cast<std::size_t>(count)}, [&](const Token& token) {
    code = visit(context, token.colocated ? FTS5_TOKEN_COLOCATED : 0, token.text.data(),
                 static_cast<int>(token.text.size()), static_cast<int>(token.begin),
                 static_cast<int>(token.end));
    return code == SQLITE_OK;
  });
  return code;
}

fts5_api* api_of(sqlite3* connection) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, nullptr) != SQLITE_OK) {
    return nullptr;
  }
  sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
  sqlite3_step(statement);
  sqlite3_finalize(statement);
  return api;
}

}  // namespace

Result<void> register_tokenizer(sqlite3* connection) {
  fts5_api* api = api_of(connection);
  if (api == nullptr) return fail(ErrorKind::kInternal, "SQLite was built without FTS5");
  fts5_tokenizer tokenizer = {create, destroy, tokenize};
  if (api->xCreateTokenizer(api, "tacit", nullptr, &tokenizer, nullptr) != SQLITE_OK) {
    return fail(ErrorKind::kInternal, "SQLite refused the tokenizer");
  }
  return {};
}

}  // namespace tacit::store
