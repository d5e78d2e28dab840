// What every SAX handler of decode shares. Private to decode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "model/outcome.h"

namespace buntime {

class EventHandler {
 public:
  /// Why an event returned false.
  const PollError& error() const { return error_; }

  // RapidJSON demands these events, but never sends them: numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 protected:
  ~EventHandler() = default;

  bool Fail(Outcome outcome, std::string message) {
    error_ = {outcome, std::move(message)};
    return false;
  }
  bool FailType(std::string_view path, std::string_view found, std::string_view wanted) {
    return Fail(Outcome::kSchema,
                std::string(path) + ": " + std::string(found) + " instead of " + std::string(wanted));
  }
  bool FailDepth(std::size_t limit) {
    return Fail(Outcome::kTooLarge, "JSON nested more than " + std::to_string(limit) + " levels deep");
  }

 private:
  PollError error_;
};

}  // namespace buntime
