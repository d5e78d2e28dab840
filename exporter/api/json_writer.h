// Writes JSON (RFC 8259) as it is told, without building anything first. Used by the documents of this room.
// Not thread-safe.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace buntime {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }

  /// The name of the member whose value comes next. It is written as it is: a literal without quotes.
  JsonWriter& Key(std::string_view name) {
    Separate();
    out_ += '"';
    out_.append(name).append("\":");
    separate_ = false;
    return *this;
  }

  void Null() { Literal("null"); }
  void Bool(bool value) { Literal(value ? "true" : "false"); }
  void String(std::string_view text) {
    Separate();
    AppendJsonString(out_, text);
  }
  void StringOrNull(std::string_view text) { text.empty() ? Null() : String(text); }

  /// null for what JSON has no number for. To a millionth: what a sum of decimal fractions has beyond that is
  /// noise (0.1 + 0.2 = 0.30000000000000004).
  void Number(double value) {
    if (!std::isfinite(value)) return Null();
    Separate();
    constexpr double kMillion = 1e6;
    constexpr double kExact = 1e9;  // larger values have no millionths
    AppendNumber(out_, std::abs(value) < kExact ? std::round(value * kMillion) / kMillion : value);
  }
  void Number(const std::optional<double>& value) { value ? Number(*value) : Null(); }

  /// With the few digits that tell one float from the next.
  void Short(float value) {
    if (!std::isfinite(value)) return Null();
    std::array<char, 32> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    Literal({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  void Short(const std::optional<float>& value) { value ? Short(*value) : Null(); }

 private:
  void Separate() {
    if (separate_) out_ += ',';
    separate_ = true;
  }
  void Literal(std::string_view text) {
    Separate();
    out_ += text;
  }
  void Open(char bracket) {
    Separate();
    out_ += bracket;
    separate_ = false;
  }
  void Close(char bracket) {
    out_ += bracket;
    separate_ = true;
  }

  std::string& out_;
  bool separate_ = false;  // whether a comma goes before the next value or key
};

}  // namespace buntime
