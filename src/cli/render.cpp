#include "cli/render.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/terminal.h"

namespace tacit::cli {
namespace {

constexpr std::size_t kStatementBytes = 400;
constexpr std::size_t kStepBytes = 1500;
constexpr std::size_t kQuoteBytes = 400;

std::string day(const std::optional<Instant>& time) {
  return time ? format_time(*time).substr(0, 10) : "no date";
}

// One line without control characters: stored text must not steer the terminal.
std::string line(std::string_view text, std::size_t max_bytes) {
  std::string result;
  for (const char c : clip_utf8(text, max_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n' || byte == '\t' || byte == '\r')
      result += ' ';
    else if (byte >= 0x20 && byte != 0x7F)
      result += c;
  }
  if (text.size() > max_bytes) result += " …";
  return result;
}

std::string block(std::string_view text, std::size_t max_bytes) {
  const std::string clipped = clip_middle(text, max_bytes);
  std::string result;
  for (const std::string_view one : split_lines(clipped)) {
    result += "    " + line(one, max_bytes) + "\n";
  }
  return result;
}

std::string name_of_project(const std::string& project) {
  const auto slash = project.find_last_of('/');
  return slash == std::string::npos ? project : project.substr(slash + 1);
}

std::string render_hit(const Hit& hit, std::size_t number, bool explain) {
  std::string facts = hit.kind == HitKind::kItem && hit.type ? std::string(name_of(*hit.type))
                                                             : std::string(name_of(hit.kind));
  if (hit.freshness) facts += fmt::format(", {}", name_of(*hit.freshness));
  facts += fmt::format(", {}", day(hit.time));
  if (!hit.project.empty()) facts += ", " + name_of_project(hit.project);
  std::string text =
      fmt::format("{} {}  {}\n", styled(Style::kAccent, fmt::format("{:2}.", number)),
                  styled(Style::kBold, line(hit.title, 120)),
                  styled(Style::kDim, fmt::format("{:.2f}", hit.score)));
  text += fmt::format("    {}\n", line(hit.statement, kStatementBytes));
  text +=
      fmt::format("    {}\n", styled(Style::kDim, fmt::format("{} · {}", hit.id_text(), facts)));
  if (explain && hit.why)
    text += fmt::format("    {}\n", styled(Style::kDim, "why: " + hit.why->summary));
  return text;
}

std::string render_item(const service::ItemRecord& record) {
  const KnowledgeItem& item = record.item;
  std::string text = fmt::format("{}\n{}\n", styled(Style::kBold, line(item.title, 200)),
                                 line(item.statement, 2000));
  text += fmt::format("{} · {} · {} · confidence {:.2f} · {} observations · used {} times\n",
                      item.id.text(), name_of(item.type), name_of(record.freshness),
                      item.confidence, item.support, item.uses);
  if (!item.project.empty()) text += fmt::format("project {}\n", line(item.project, 300));
  text += fmt::format("first seen {}, last seen {}\n", day(item.first_seen), day(item.last_seen));
  for (const service::Evidence& evidence : record.evidence) {
    text += fmt::format(
        "\n{} {}\n", styled(Style::kAccent, "evidence"),
        styled(Style::kDim, fmt::format("{}, exchange {}", day(evidence.observation.seen),
                                        evidence.observation.exchange.text())));
    for (const std::string& quote : evidence.quotes) text += block(quote, kQuoteBytes);
  }
  return text;
}

std::string render_steps(const Exchange& exchange) {
  std::string text;
  for (const Step& step : exchange.steps) {
    std::string head(name_of(step.kind));
    if (!step.tool.empty()) head += " " + line(step.tool, 60);
    if (step.failed) head += " (failed)";
    text += fmt::format("{}\n{}", styled(step.failed ? Style::kBad : Style::kAccent, head),
                        block(step.text, kStepBytes));
  }
  return text;
}

std::string render_exchange(const service::ExchangeRecord& record) {
  std::string text =
      fmt::format("exchange {} of session {} · {} · {}\n", record.exchange.id.text(),
                  record.session.id.text(), record.session.agent, day(record.exchange.time));
  for (const KnowledgeItem& item : record.items)
    text += fmt::format("supports {} {}\n", item.id.text(), line(item.title, 100));
  return text + "\n" + render_steps(record.exchange);
}

std::string render_session(const service::SessionRecord& record) {
  const Session& session = record.session;
  std::string text = fmt::format("{}\nsession {} · {} · {} to {}\n",
                                 styled(Style::kBold, line(session.title, 200)), session.id.text(),
                                 session.agent, day(session.started), day(session.ended));
  if (!session.project.empty())
    text += fmt::format("project {} {}\n", line(session.project, 300), line(session.branch, 100));
  for (const Exchange& exchange : record.exchanges) {
    text +=
        fmt::format("\n{}\n{}", styled(Style::kDim, exchange.id.text()), render_steps(exchange));
  }
  return text;
}

}  // namespace

std::string render(const Answer& answer, bool explain) {
  std::string text;
  for (std::size_t i = 0; i < answer.hits.size(); ++i)
    text += render_hit(answer.hits[i], i + 1, explain);
  if (answer.hits.empty()) text += answer.advice + "\n";
  for (const std::string& note : answer.degraded) text += "Note: " + note + "\n";
  if (!answer.hits.empty())
    text += styled(Style::kDim,
                   fmt::format("{:.0f} ms · `tacit show ID` for the evidence\n", answer.took_ms));
  return text;
}

std::string render(const service::Record& record) {
  if (const auto* item = std::get_if<service::ItemRecord>(&record)) return render_item(*item);
  if (const auto* exchange = std::get_if<service::ExchangeRecord>(&record))
    return render_exchange(*exchange);
  return render_session(std::get<service::SessionRecord>(record));
}

std::string render(const service::Status& status) {
  const store::StoreCounts& counts = status.counts;
  std::string text = fmt::format("tacit {} · {}\n", status.version, status.data_dir);
  text += fmt::format(
      "{} knowledge items from {} exchanges in {} sessions of {} projects, used {} times\n",
      counts.items, counts.exchanges, counts.sessions, counts.projects, counts.uses);
  text += fmt::format("{} fresh · {} aging · {} stale\n", status.freshness.fresh,
                      status.freshness.aging, status.freshness.stale);
  text += fmt::format("database {:.1f} MB · {} vectors\n",
                      static_cast<double>(counts.database_bytes) / 1e6, counts.vectors);
  if (status.has_model)
    text += fmt::format("semantic search: {}\n", status.model);
  else
    text += fmt::format("semantic search: off ({})\n", status.model);
  if (counts.to_learn > 0)
    text += fmt::format("{} exchanges are waiting to be learned from\n", counts.to_learn);
  if (status.without_vectors > 0)
    text += fmt::format("{} texts are waiting for vectors\n", status.without_vectors);
  return text;
}

}  // namespace tacit::cli
