#include "embed/word_piece.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/text.h"
#include "embed/unicode_fold.h"

namespace tacit::embed {
namespace {

constexpr std::size_t kMaxWordCharacters = 100;
constexpr std::size_t kMaxVocabularyBytes = 64 << 20;

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

struct WordPiece::Vocabulary {
  using Pieces = std::unordered_map<std::string_view, std::int32_t>;

  std::string bytes;  // the file; the keys below point into it
  Pieces first;       // pieces that start a word
  Pieces inner;       // "##" pieces, without the marks
  std::size_t longest = 0;
  std::size_t entries = 0;
  std::int32_t unknown = 0;
  std::int32_t start = 0;
  std::int32_t end = 0;

  Result<std::int32_t> mark(std::string_view name) const {
    const auto found = first.find(name);
    if (found != first.end()) return found->second;
    return fail(ErrorKind::kCorrupt, "the vocabulary has no " + std::string(name));
  }

  // The longest piece that `rest` starts with, as {id, bytes}.
  std::optional<std::pair<std::int32_t, std::size_t>> longest_match(std::string_view rest,
                                                                    bool inside) const {
    const Pieces& pieces = inside ? inner : first;
    for (std::size_t size = std::min(rest.size(), longest); size > 0; --size) {
      if (size < rest.size() && is_continuation(rest[size])) continue;
      const auto found = pieces.find(rest.substr(0, size));
      if (found != pieces.end()) return std::pair(found->second, size);
    }
    return std::nullopt;
  }

  // A word that cannot be covered whole is one [UNK].
  void add_word(std::string_view word, std::size_t characters,
                std::vector<std::int32_t>& ids) const {
    const std::size_t before = ids.size();
    std::size_t at = 0;
    while (characters <= kMaxWordCharacters && at < word.size()) {
      const auto match = longest_match(word.substr(at), at > 0);
      if (!match) break;
      ids.push_back(match->first);
      at += match->second;
    }
    if (at == word.size()) return;
    ids.resize(before);
    ids.push_back(unknown);
  }
};

namespace {

// Collects the characters of the word being read and hands it over whole.
template <class Sink>
class WordReader {
 public:
  explicit WordReader(Sink sink) : sink_(sink) {}

  void read(char32_t code_point) {
    const CodePointClass kind = class_of(code_point);
    if (kind == CodePointClass::kDrop) return;
    if (kind == CodePointClass::kSpace) return flush();
    if (kind == CodePointClass::kChinese) flush();
    const Folded folded = fold(code_point);
    for (std::size_t i = 0; i < folded.count; ++i) add(folded.code_points[i]);
    if (kind == CodePointClass::kChinese) flush();
  }

  void flush() {
    if (characters_ > 0) sink_(word_, characters_);
    word_.clear();
    characters_ = 0;
  }

 private:
  // Folding may uncover punctuation: the Greek question mark is a semicolon.
  void add(char32_t code_point) {
    const bool alone = class_of(code_point) == CodePointClass::kPunctuation;
    if (alone) flush();
    // One character over the limit decides; more need not be kept.
    if (characters_ <= kMaxWordCharacters) append_utf8(code_point, word_);
    ++characters_;
    if (alone) flush();
  }

  Sink sink_;
  std::string word_;
  std::size_t characters_ = 0;
};

}  // namespace

WordPiece::WordPiece(std::unique_ptr<Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}
WordPiece::~WordPiece() = default;

Result<std::unique_ptr<WordPiece>> WordPiece::load(const std::filesystem::path& vocab_file) {
  std::ifstream file(vocab_file, std::ios::binary);
  if (!file) return fail(ErrorKind::kNotFound, "cannot read the vocabulary " + vocab_file.string());
  auto vocabulary = std::make_unique<Vocabulary>();
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(vocab_file, ignored);
  if (ignored || bytes > kMaxVocabularyBytes) {
    return fail(ErrorKind::kCorrupt,
                vocab_file.string() + " is no vocabulary: over 64 MiB or no file");
  }
  vocabulary->bytes.assign(std::istreambuf_iterator<char>(file), {});
  const auto lines = split_lines(vocabulary->bytes);
  vocabulary->entries = lines.size();
  vocabulary->first.reserve(lines.size());
  std::int32_t id = 0;
  for (std::string_view piece : lines) {
    const bool inside = piece.starts_with("##") && piece.size() > 2;
    if (inside) piece.remove_prefix(2);
    vocabulary->longest = std::max(vocabulary->longest, piece.size());
    (inside ? vocabulary->inner : vocabulary->first)[piece] = id++;
  }
  vocabulary->unknown = TACIT_TRY(vocabulary->mark("[UNK]"));
  vocabulary->start = TACIT_TRY(vocabulary->mark("[CLS]"));
  vocabulary->end = TACIT_TRY(vocabulary->mark("[SEP]"));
  return std::unique_ptr<WordPiece>(new WordPiece(std::move(vocabulary)));
}

std::vector<std::int32_t> WordPiece::encode(std::string_view text, std::size_t max_pieces) const {
  std::vector<std::int32_t> ids{vocabulary_->start};
  const std::size_t limit = std::max<std::size_t>(max_pieces, 2) - 1;  // room for [SEP]
  WordReader reader([&](std::string_view word, std::size_t characters) {
    if (ids.size() < limit) vocabulary_->add_word(word, characters, ids);
  });
  for (std::size_t at = 0; at < text.size() && ids.size() < limit;)
    reader.read(next_code_point(text, at));
  reader.flush();
  if (ids.size() > limit) ids.resize(limit);
  ids.push_back(vocabulary_->end);
  return ids;
}

std::size_t WordPiece::size() const {
  return vocabulary_->entries;
}

}  // namespace tacit::embed
