#include "net/event_stream.h"

#include <utility>

namespace tacit::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::unexpected<Error> too_long() {
  return fail(ErrorKind::kInvalidInput, "a message of the stream is longer than 4 MiB");
}

}  // namespace

Result<void> EventStream::feed(std::string_view bytes,
                               FunctionRef<Result<void>(const ServerEvent&)> on_event) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (line_.size() + event_.data.size() + unframed_.size() > kMaxMessageBytes) return too_long();
    if (end == std::string_view::npos) return {};
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    TACIT_TRY(end_line(on_event));
  }
  return {};
}

Result<void> EventStream::end_line(FunctionRef<Result<void>(const ServerEvent&)> on_event) {
  std::string line = std::exchange(line_, {});
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark))
    line.erase(0, kByteOrderMark.size());
  if (line.empty()) {
    const ServerEvent event = std::exchange(event_, {});
    unframed_.clear();
    return std::exchange(has_data_, false) ? on_event(event) : Result<void>();
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) return {};  // a comment
  const std::string_view name = std::string_view(line).substr(0, colon);
  std::string_view value =
      colon == std::string::npos ? "" : std::string_view(line).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.name = value;
  } else if (name != "id" && name != "retry") {
    unframed_ += line + "\n";
  }
  return {};
}

std::string EventStream::take_rest() {
  std::string rest = std::exchange(unframed_, {}) + std::exchange(line_, {});
  event_ = {};
  has_data_ = false;
  return rest;
}

Result<void> LineStream::feed(std::string_view bytes,
                              FunctionRef<Result<void>(std::string_view)> on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxMessageBytes) return too_long();
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    std::string line = std::exchange(line_, {});
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) TACIT_TRY(on_line(line));
  }
  return {};
}

std::string LineStream::take_rest() {
  return std::exchange(line_, {});
}

}  // namespace tacit::net
