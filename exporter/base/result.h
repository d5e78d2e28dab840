// A value or the reason why there is none. Used by every room; values, no threading of its own.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace buntime {

/// Why something could not be done: one sentence that names the cause and, where known, the cure.
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};

/// Holds either a T or an E. Reading the side that is not there throws std::bad_variant_access: a bug, not an
/// expected outcome.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{"…"};` are the whole interface of a caller.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& { return std::get<0>(content_); }
  T& value() & { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const E& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, E> content_;
};

}  // namespace buntime
