#include "base/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace buntime {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// In nanoseconds; largest first, which is the order FormatDuration writes them in.
constexpr std::array<Unit, 5> kDurationUnits = {{{"d", 86'400'000'000'000},
                                                 {"h", 3'600'000'000'000},
                                                 {"m", 60'000'000'000},
                                                 {"s", 1'000'000'000},
                                                 {"ms", 1'000'000}}};
constexpr std::array<Unit, 7> kSizeUnits = {{{"GiB", 1 << 30},
                                             {"MiB", 1 << 20},
                                             {"KiB", 1 << 10},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"KB", 1'000},
                                             {"B", 1}}};

// Reads a plain decimal number ("12", "1.5") off the front of `text`; false where there is none.
bool TakeNumber(std::string_view& text, double& number) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead < 0xF5) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // past U+10FFFF
    return 4;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    // Nearly every answer is pure ASCII: eight bytes a step keep this pass far below the cost of parsing.
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080U) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view CutUtf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

Result<Duration> ParseDuration(std::string_view text) {
  const Error wrong{"expected a duration such as 500ms, 5s or 1m30s (units: ms, s, m, h, d)"};
  if (text == "0") return Duration::zero();
  if (text.empty()) return wrong;
  double total = 0;
  std::size_t next_unit = 0;  // units come largest first, each at most once
  while (!text.empty()) {
    double number = 0;
    if (!TakeNumber(text, number)) return wrong;
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kDurationUnits.size()) return wrong;
    total += number * static_cast<double>(kDurationUnits[next_unit++].factor);
    text.remove_prefix(name.size());
  }
  // A century fits; anything near the limits of the clock's arithmetic does not.
  if (total > 3.2e18) return Error{"is too long: at most 100 years"};
  return Duration(std::llround(total));
}

std::string FormatDuration(Duration duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string out;
  for (const Unit& unit : kDurationUnits) {
    const bool last = unit.name == "ms";
    if (rest >= unit.factor || (last && rest != 0)) {
      if (last) {
        AppendNumber(out, static_cast<double>(rest) / static_cast<double>(unit.factor));
      } else {
        out += std::to_string(rest / unit.factor);
      }
      out += unit.name;
      rest %= unit.factor;
    }
  }
  return out;
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  const Error wrong{"expected a size such as 65536, 512KiB or 64MiB (units: B, KiB, MiB, GiB, KB, MB, GB)"};
  double number = 0;
  if (!TakeNumber(text, number)) return wrong;
  double factor = text.empty() ? 1 : 0;
  for (const Unit& unit : kSizeUnits) {
    if (EqualsIgnoringCase(text, unit.name)) factor = static_cast<double>(unit.factor);
  }
  if (factor == 0) return wrong;
  const double bytes = std::round(number * factor);
  if (bytes > 9e15) return Error{"is too large"};
  return static_cast<std::uint64_t>(bytes);
}

std::string FormatSize(std::uint64_t bytes) {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto factor = static_cast<std::uint64_t>(kSizeUnits[i].factor);
    if (bytes != 0 && bytes % factor == 0)
      return std::to_string(bytes / factor) + std::string(kSizeUnits[i].name);
  }
  return std::to_string(bytes) + "B";
}

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 0xFU];
    } else if (length = Utf8SequenceLength(text); length > 0) {
      out += text.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
      length = 1;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void AppendNumber(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  char* const end = buffer.data() + buffer.size();
  // Counters are integers: formatting them as such takes a third of the time of the general algorithm.
  if (std::abs(value) < 1e15 && value == std::trunc(value)) {
    out.append(buffer.data(), std::to_chars(buffer.data(), end, static_cast<std::int64_t>(value)).ptr);
    return;
  }
  out.append(buffer.data(), std::to_chars(buffer.data(), end, value).ptr);
}

std::string Printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  std::string_view rest = text;
  while (!rest.empty() && out.size() < max_bytes) {
    const std::size_t length = Utf8SequenceLength(rest);
    const auto byte = static_cast<unsigned char>(rest.front());
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += '?';
      rest.remove_prefix(1);
    } else {
      out += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  if (!rest.empty()) out += "…";
  return out;
}

}  // namespace buntime
