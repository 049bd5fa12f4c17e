#include "testing/fixtures.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/assert.h"
#include "base/hash.h"
#include "base/text.h"

namespace tacit::testing {

Result<std::vector<Embedding>> HashEmbedder::embed(std::span<const std::string_view> texts,
                                                   Deadline) {
  std::vector<Embedding> result;
  for (const std::string_view text : texts) {
    Embedding values(space_.dimension, 0.0F);
    std::istringstream words(normalise_space(text));
    for (std::string word; words >> word;) {
      const std::uint64_t hash = xxh3(word);
      values[hash % values.size()] += (hash >> 32U) % 2 == 0 ? 1.0F : -1.0F;
    }
    float norm = std::sqrt(dot(values, values));
    if (norm == 0.0F) {
      values[0] = 1.0F;
      norm = 1.0F;
    }
    for (float& value : values) value /= norm;
    result.push_back(std::move(values));
  }
  return result;
}

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tacit-test-XXXXXX").string();
  TACIT_ASSERT(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

IdentityKey test_key() {
  return IdentityKey("0123456789abcdef0123456789abcdef");
}

Session make_session(const std::string& native_id, const std::string& project) {
  Session session;
  session.agent = "claude-code";
  session.native_id = native_id;
  session.project = project;
  session.id = test_key().session(session.agent, native_id);
  session.started = parse_time("2026-01-10T09:00:00Z");
  return session;
}

Exchange make_exchange(const Session& session, int ordinal, const std::string& request,
                       const std::string& reply) {
  Exchange exchange;
  exchange.session = session.id;
  exchange.identity = session.native_id + "#" + std::to_string(ordinal);
  exchange.id = test_key().exchange(session.agent, exchange.identity);
  exchange.ordinal = ordinal;
  exchange.time = *session.started + std::chrono::minutes(ordinal);
  exchange.steps.push_back({StepKind::kRequest, "", request, false, exchange.time});
  exchange.steps.push_back({StepKind::kReply, "", reply, false, exchange.time});
  return exchange;
}

void write_file(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  TACIT_ASSERT(stream.good());
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace tacit::testing
