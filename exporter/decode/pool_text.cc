// Text format 0.0.4 -> the JSON that the same numbers have in stats -> Snapshot. So units, limits and
// anomalies of the pool's fields are decided in one place, the stats handler.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/bytes.h"
#include "decode/decoder.h"
#include "decode/fields.h"

namespace buntime {
namespace {

constexpr std::string_view kPrefix = "buntime_";
constexpr std::string_view kDigits = "0123456789";

bool IsNameCharacter(char c, bool first) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || c == ':' || (!first && std::isdigit(byte) != 0);
}

// What is left of one line.
class Cursor {
 public:
  explicit Cursor(std::string_view line) : rest_(line) {}

  bool AtEnd() const { return rest_.empty(); }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// False: there were no blanks.
  bool SkipBlanks() {
    const std::size_t count = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }
  /// A metric's or label's name; empty: there is none here.
  std::string_view TakeName() {
    std::size_t size = 0;
    while (size < rest_.size() && IsNameCharacter(rest_[size], size == 0)) ++size;
    return TakeBytes(size);
  }
  /// Up to the next blank.
  std::string_view TakeWord() { return TakeBytes(std::min(rest_.find_first_of(" \t"), rest_.size())); }
  /// A quoted label value, its escapes included.
  bool TakeQuoted() {
    if (!Take('"')) return false;
    while (!rest_.empty()) {
      const char c = TakeBytes(1).front();
      if (c == '"') return true;
      if (c == '\\' && !Take('\\') && !Take('"') && !Take('n')) return false;
    }
    return false;
  }

 private:
  std::string_view TakeBytes(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
};

/// `{name="value",…}`. Empty: malformed; otherwise the number of labels.
std::optional<std::size_t> TakeLabels(Cursor& line, std::size_t at_most) {
  if (!line.Take('{')) return 0;
  std::size_t count = 0;
  for (;;) {
    line.SkipBlanks();
    if (line.Take('}')) return count;
    if (count > 0 && !line.Take(',')) return std::nullopt;
    line.SkipBlanks();
    if (count > 0 && line.Take('}')) return count;  // the format allows a comma behind the last label
    if (++count > at_most || line.TakeName().empty()) return std::nullopt;
    line.SkipBlanks();
    if (!line.Take('=')) return std::nullopt;
    line.SkipBlanks();
    if (!line.TakeQuoted()) return std::nullopt;
  }
}

bool TakeDigits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(count);
  return count > 0;
}

// RFC 8259, section 6.
bool IsJsonNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && kDigits.find(text[1]) != std::string_view::npos) return false;
  if (!TakeDigits(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!TakeDigits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(text)) return false;
  }
  return text.empty();
}

bool IsNotFinite(std::string_view text) {
  return text == "NaN" || text == "Inf" || text == "+Inf" || text == "-Inf";
}

// The runtime makes its names of those in stats: memoryUsageMB -> buntime_memory_usage_m_b. Empty: another
// metric.
std::string FieldName(std::string_view metric) {
  std::string name;
  if (!metric.starts_with(kPrefix)) return name;
  metric.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < metric.size(); ++i) {
    if (metric[i] != '_') {
      name += metric[i];
    } else if (++i < metric.size()) {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(metric[i])));
    }
  }
  return name;
}

PollError Malformed(std::string_view what, std::size_t line) {
  return {Outcome::kNotJson,
          "not Prometheus text: " + std::string(what) + " in line " + std::to_string(line)};
}

}  // namespace

Result<Snapshot, PollError> DecodePoolText(std::string_view body, const TextLimits& limits) {
  if (body.size() > limits.bytes) {
    return PollError{Outcome::kTooLarge, "a text of more than " + std::to_string(limits.bytes) + " bytes"};
  }
  if (const auto bad = FindBadByte(body)) {
    const std::string what = bad->fault == ByteFault::kControl ? "a control character" : "invalid UTF-8";
    return PollError{Outcome::kNotJson,
                     "not Prometheus text: " + what + " at byte " + std::to_string(bad->offset)};
  }
  std::string json = R"({"pool":{)";
  std::vector<std::string> seen;
  for (std::size_t number = 1; !body.empty(); ++number) {
    const std::string_view text = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(text.size() + 1, body.size()));
    if (text.size() > limits.line) {
      return PollError{Outcome::kTooLarge, "line " + std::to_string(number) + " of the text has more than " +
                                               std::to_string(limits.line) + " bytes"};
    }
    Cursor line(text);
    line.SkipBlanks();
    if (line.AtEnd() || line.Take('#')) continue;  // types and help texts change no number
    const std::string_view metric = line.TakeName();
    if (metric.empty()) return Malformed("no metric name", number);
    line.SkipBlanks();
    const auto labels = TakeLabels(line, limits.labels);
    if (!labels) return Malformed("malformed labels, or more than " + std::to_string(limits.labels), number);
    line.SkipBlanks();
    const std::string_view value = line.TakeWord();
    const bool finite = IsJsonNumber(value);
    if (!finite && !IsNotFinite(value)) return Malformed("no number", number);
    if (line.SkipBlanks() && !line.AtEnd()) {
      std::string_view timestamp = line.TakeWord();
      if (timestamp.starts_with('-')) timestamp.remove_prefix(1);
      line.SkipBlanks();
      if (!TakeDigits(timestamp) || !timestamp.empty() || !line.AtEnd()) {
        return Malformed("something other than a timestamp behind the value", number);
      }
    }
    if (*labels > 0) continue;  // not of the pool as a whole
    std::string name = FieldName(metric);
    const Field<Pool>* const field = kPoolFields.Find(name);
    if (field == nullptr || field->dialect != Dialect::kReleased) continue;
    if (std::ranges::count(seen, name) > 0) return Malformed(std::string(metric) + " a second time", number);
    if (!seen.empty()) json += ',';
    // What is not finite becomes a string, which the stats handler counts as an anomaly.
    json.append("\"").append(name).append(finite ? "\":" : "\":\"").append(value).append(finite ? "" : "\"");
    seen.push_back(std::move(name));
  }
  json += "}}";
  return DecodeStats(std::move(json));
}

}  // namespace buntime
