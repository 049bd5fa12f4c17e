#include "app/config.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>

#include "app/topics_file.h"
#include "base/assert.h"
#include "base/text.h"
#include "cache/cache.h"
#include "domain/money.h"
#include "inference/chain.h"

namespace tacit::app {
namespace {

enum class Kind {
  kPath,
  kText,
  kAddress,
  kUrl,
  kNumber,
  kSwitch,
  kMoney,
  kLevel,
  kChain,
  kProtocol,
  kPolicy,
};

struct Key {
  const char* name;
  Kind kind;
  const char* fallback;
  int lowest;
  int highest;
  const char* help;
};

constexpr Key kKeys[] = {
#define TACIT_KEY(name, kind, fallback, lowest, highest, help) \
  {#name, Kind::kind, fallback, lowest, highest, help},
#include "app/config_keys.inc"
#undef TACIT_KEY
};

constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error"};
constexpr std::string_view kProtocols[] = {"ollama", "openai"};
constexpr std::string_view kProviders[] = {"groq", "anthropic", "openai", "gemini", "local"};

const Key* find_key(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys),
                                   [&](const Key& key) { return key.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::string with_case(std::string text, char from, char to, bool upper) {
  for (char& c : text) {
    if (c == from) c = to;
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string environment_name(const Key& key) {
  return "TACIT_" + with_case(key.name, '_', '_', true);
}
std::string flag_name(const Key& key) {
  return "--" + with_case(key.name, '_', '-', false);
}

std::string nearest_key(std::string_view name) {
  const auto* best =
      std::min_element(std::begin(kKeys), std::end(kKeys), [&](const Key& a, const Key& b) {
        return edit_distance(name, a.name) < edit_distance(name, b.name);
      });
  return best->name;
}

std::optional<int> to_number(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Loopback address and port: "127.0.0.1:7411".
bool is_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  const auto port = to_number(text.substr(colon + 1));
  const std::string host = text.substr(0, colon);
  return port && *port >= 0 && *port <= 65535 &&
         (host == "127.0.0.1" || host == "localhost" || host == "[::1]");
}

template <class List>
bool is_in(const List& list, std::string_view value) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

bool is_url(std::string_view text) {
  return (text.starts_with("http://") || text.starts_with("https://")) &&
         text.find_first_of(" \t\"<>@?#") == std::string_view::npos &&
         text.size() > text.find("//") + 2;
}

// "groq,local": each at most once.
std::vector<std::string> chain_of(std::string_view text) {
  std::vector<std::string> providers;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    providers.emplace_back(trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return providers;
}

bool is_chain(std::string_view text) {
  std::vector<std::string> providers = chain_of(text);
  std::ranges::sort(providers);
  return std::ranges::adjacent_find(providers) == providers.end() &&
         std::ranges::all_of(providers, [](const auto& name) { return is_in(kProviders, name); });
}

bool is_amount(const std::string& text) {
  const auto money = Money::parse(text);
  return text.empty() || (money && *money >= Money());
}

// What is wrong with the value, or nothing.
std::string complaint(const Key& key, const std::string& value) {
  switch (key.kind) {
    case Kind::kPath:
    case Kind::kText:
      return {};
    case Kind::kUrl:
      return is_url(value) ? "" : "must be an address that begins with http:// or https://";
    case Kind::kSwitch:
      return value == "true" || value == "false" ? "" : "must be true or false";
    case Kind::kMoney:
      return is_amount(value) ? "" : "must be dollars with at most twelve decimals, such as 8.33";
    case Kind::kChain:
      return is_chain(value) ? "" : "must list groq, anthropic, openai, gemini, local, each once";
    case Kind::kProtocol:
      return is_in(kProtocols, value) ? "" : "must be ollama or openai";
    case Kind::kPolicy:
      return cache::parse_policy(value) ? "" : "must be lru, lfu or tinylfu";
    case Kind::kAddress:
      return is_address(value) ? ""
                               : "must be a loopback address and a port, such as 127.0.0.1:7411";
    case Kind::kNumber: {
      const auto number = to_number(value);
      if (number && *number >= key.lowest && *number <= key.highest) return {};
      return fmt::format("must be a whole number from {} to {}", key.lowest, key.highest);
    }
    case Kind::kLevel:
      return is_in(kLevels, value) ? "" : "must be trace, debug, info, warn or error";
  }
  TACIT_UNREACHABLE();
}

class Loader {
 public:
  Loader() {
    for (const Key& key : kKeys)
      config_.values.push_back({key.name, key.fallback, "default", key.help});
  }

  Result<void> read_file(const std::filesystem::path& file) {
    toml::table table;
    try {
      table = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
      return fail(
          ErrorKind::kInvalidInput,
          fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
    }
    for (const auto& [name, node] : table) {
      const std::string key(name.str());
      if (find_key(key) == nullptr) {
        mistakes_.push_back(fmt::format("{}: unknown key \"{}\"; did you mean \"{}\"?",
                                        file.string(), key, nearest_key(key)));
        continue;
      }
      if (const auto text = node.value_exact<std::string>())
        set(key, *text, file.string());
      else if (const auto number = node.value_exact<std::int64_t>())
        set(key, std::to_string(*number), file.string());
      else if (const auto is_on = node.value_exact<bool>())
        set(key, *is_on ? "true" : "false", file.string());
      else
        mistakes_.push_back(fmt::format("{}: {} must be a string, a whole number, true or false",
                                        file.string(), key));
    }
    return {};
  }

  void read_environment(const Environment& environment) {
    for (const Key& key : kKeys) {
      const std::string name = environment_name(key);
      if (const auto value = environment(name); value && !value->empty())
        set(key.name, *value, "environment " + name);
    }
  }

  void read_flags(const std::map<std::string, std::string>& flags) {
    for (const auto& [name, value] : flags) set(name, value, "flag " + flag_name(*find_key(name)));
  }

  Result<Config> finish(const Environment& environment) {
    if (!mistakes_.empty()) {
      std::string text = "the configuration cannot be used:";
      for (const std::string& mistake : mistakes_) text += "\n  " + mistake;
      return fail(ErrorKind::kInvalidInput, text);
    }
    default_data_dir(environment);
    config_.settings.data_dir = value("data_dir");
    config_.settings.model_dir = value("model_dir");
    config_.settings.listen = value("listen");
    config_.settings.threads = static_cast<std::size_t>(*to_number(value("threads")));
    config_.settings.http_workers = static_cast<std::size_t>(*to_number(value("http_workers")));
    config_.settings.inference = inference_settings();
    if (const std::string& file = value("sensitivity_topics"); !file.empty())
      config_.settings.inference.sensitivity = TACIT_TRY(read_topics(file));
    config_.log_level = value("log_level");
    return std::move(config_);
  }

 private:
  ConfigValue& entry(std::string_view key) {
    return *std::find_if(config_.values.begin(), config_.values.end(),
                         [&](const ConfigValue& v) { return v.key == key; });
  }
  const std::string& value(std::string_view key) { return entry(key).value; }

  // Empty: no limit.
  Money amount(std::string_view key) {
    return value(key).empty() ? Money::most() : Money::parse(value(key)).value_or(Money());
  }

  inference::PlaceOptions place(const std::string& provider) {
    inference::PlaceOptions place;
    place.provider = provider;
    place.model = value(provider + "_model");
    place.url = value(provider + "_url");
    if (provider == "local") {
      place.protocol = value("local_protocol") == "openai" ? inference::Protocol::kOpenAi
                                                           : inference::Protocol::kOllama;
      place.local_context = *to_number(value("local_context"));
      return place;
    }
    place.key_file = value(provider + "_key_file");
    place.is_paid = provider != "gemini" || value("gemini_is_paid") == "true";
    return place;
  }

  service::InferenceSettings inference_settings() {
    service::InferenceSettings settings;
    for (const std::string& provider : chain_of(value("inference_chain"))) {
      settings.chain.push_back(place(provider));
      if (provider != "openai") continue;
      settings.embeddings.push_back(place(provider));
      settings.embeddings.back().model = value("openai_embedding_model");
    }
    settings.developer = value("developer");
    settings.remote_calls = static_cast<std::size_t>(*to_number(value("remote_calls")));
    settings.responses.policy = *cache::parse_policy(value("responses_policy"));
    settings.responses.most_entries =
        static_cast<std::size_t>(*to_number(value("responses_entries")));
    settings.responses.most_bytes =
        static_cast<std::size_t>(*to_number(value("responses_megabytes"))) << 20U;
    settings.responses.life = std::chrono::minutes(*to_number(value("responses_minutes")));
    settings.budget.developer_month = amount("budget_month");
    settings.budget.project_month = amount("budget_project_month");
    settings.budget.per_call = amount("budget_call");
    settings.budget.tokens_per_day = *to_number(value("budget_tokens_per_day"));
    return settings;
  }

  void set(const std::string& name, const std::string& text, const std::string& origin) {
    if (const std::string wrong = complaint(*find_key(name), text); !wrong.empty()) {
      mistakes_.push_back(fmt::format("{} (from {}) is \"{}\" but {}", name, origin, text, wrong));
      return;
    }
    entry(name).value = text;
    entry(name).origin = origin;
  }

  void default_data_dir(const Environment& environment) {
    ConfigValue& folder = entry("data_dir");
    if (!folder.value.empty()) return;
    const auto data = environment("XDG_DATA_HOME");
    if (data && !data->empty())
      folder.value = *data + "/tacit";
    else
      folder.value = environment("HOME").value_or(".") + "/.local/share/tacit";
  }

  Config config_;
  std::vector<std::string> mistakes_;
};

}  // namespace

std::vector<cli::FlagSpec> flag_specs() {
  std::vector<cli::FlagSpec> specs;
  for (const Key& key : kKeys) specs.push_back({key.name, key.help});
  return specs;
}

Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const Environment& environment,
                           const std::map<std::string, std::string>& flags) {
  Loader loader;
  std::error_code error;
  if (file) {
    if (!std::filesystem::is_regular_file(*file, error)) {
      return fail(ErrorKind::kInvalidInput,
                  fmt::format("--config: there is no file {}", file->string()));
    }
    TACIT_TRY(loader.read_file(*file));
  } else {
    const auto home = environment("XDG_CONFIG_HOME");
    const std::filesystem::path usual =
        (home && !home->empty()
             ? std::filesystem::path(*home)
             : std::filesystem::path(environment("HOME").value_or(".")) / ".config") /
        "tacit" / "config.toml";
    if (std::filesystem::is_regular_file(usual, error)) TACIT_TRY(loader.read_file(usual));
  }
  loader.read_environment(environment);
  loader.read_flags(flags);
  return loader.finish(environment);
}

std::string configuration_page() {
  std::string page =
      "# Configuration\n\nGenerated from `src/app/config_keys.inc`; a test compares. Order: "
      "defaults, file (`--config FILE`, else\n"
      "`$XDG_CONFIG_HOME/tacit/config.toml`), environment, flags. `tacit config show --origin` "
      "says where each value came\n"
      "from. Unknown keys are refused, and all mistakes are reported at once.\n\n"
      "| key | default | allowed | environment | flag | what it is |\n|---|---|---|---|---|---|\n";
  for (const Key& key : kKeys) {
    std::string allowed = "a path";
    if (key.kind == Kind::kNumber) allowed = fmt::format("{} to {}", key.lowest, key.highest);
    if (key.kind == Kind::kAddress) allowed = "loopback address:port";
    if (key.kind == Kind::kLevel) allowed = "trace, debug, info, warn, error";
    if (key.kind == Kind::kText) allowed = "text";
    if (key.kind == Kind::kUrl) allowed = "an address";
    if (key.kind == Kind::kSwitch) allowed = "true, false";
    if (key.kind == Kind::kMoney) allowed = "dollars";
    if (key.kind == Kind::kChain) allowed = "names of providers, with commas";
    if (key.kind == Kind::kProtocol) allowed = "ollama, openai";
    page += fmt::format("| `{}` | {} | {} | `{}` | `{}` | {} |\n", key.name,
                        *key.fallback == '\0' ? "" : fmt::format("`{}`", key.fallback), allowed,
                        environment_name(key), flag_name(key), key.help);
  }
  return page;
}

}  // namespace tacit::app
