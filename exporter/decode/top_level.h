// Finds one member of the outermost object. Private to decode; one object reads one body.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "decode/decoder.h"
#include "decode/events.h"
#include "decode/fields.h"
#include "decode/number.h"

namespace buntime {

class TopLevelHandler final : public EventHandler {
 public:
  explicit TopLevelHandler(std::string_view wanted) : wanted_(wanted) {}

  bool found() const { return found_; }
  std::size_t members() const { return members_; }
  std::size_t pool_fields() const { return pool_fields_; }
  /// The member's value, if it is a number that is not negative.
  std::optional<double> number() const { return number_; }
  /// The member's value, if it is a string; points into the body.
  std::string_view text() const { return text_; }

  // RapidJSON's events.
  bool Null() { return Value("null"); }
  bool Bool(bool /*value*/) { return Value("a boolean"); }
  bool RawNumber(const char* text, unsigned size, bool /*copy*/) {
    if (IsWanted()) {
      number_ = ReadNumber({text, size});
      if (number_ && *number_ < 0) number_.reset();
    }
    return Value("a number");
  }
  bool String(const char* text, unsigned size, bool /*copy*/) {
    if (IsWanted()) text_ = {text, size};
    return Value("a string");
  }
  bool Key(const char* text, unsigned size, bool /*copy*/) {
    if (depth_ != 1) return true;
    const std::string_view name(text, size);
    ++members_;
    if (kPoolFields.Find(name) != nullptr) ++pool_fields_;
    is_wanted_ = name == wanted_;
    found_ = found_ || is_wanted_;
    return true;
  }
  bool StartObject() { return Enter(); }
  bool EndObject(unsigned /*members*/) { return Leave(); }
  bool StartArray() { return Value("an array") && Enter(); }
  bool EndArray(unsigned /*elements*/) { return Leave(); }

 private:
  bool IsWanted() const { return depth_ == 1 && is_wanted_; }
  bool Value(std::string_view found) { return depth_ > 0 || FailType("body", found, "an object"); }
  bool Enter() { return ++depth_ <= DecodeLimits{}.depth || FailDepth(DecodeLimits{}.depth); }
  bool Leave() {
    --depth_;
    return true;
  }

  const std::string_view wanted_;
  std::size_t depth_ = 0;
  std::size_t members_ = 0;
  std::size_t pool_fields_ = 0;
  bool is_wanted_ = false;
  bool found_ = false;
  std::optional<double> number_;
  std::string_view text_;
};

}  // namespace buntime
