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

}  // namespace

Result<void> register_tokenizer(fts5_api& fts5) {
  fts5_tokenizer tokenizer = {create, destroy, tokenize};
  if (fts5.xCreateTokenizer(&fts5, "tacit", nullptr, &tokenizer, nullptr) != SQLITE_OK) {
    return fail(ErrorKind::kInternal, "SQLite refused the tokenizer");
  }
  return {};
}

}  // namespace tacit::store
