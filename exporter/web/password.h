// Passwords: their slow check against a bcrypt hash, and the quick one against the memory of an earlier
// check. Thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace buntime {

/// Keyed digest of credentials that were verified. Useless without the key drawn at start.
using Digest = std::array<unsigned char, 32>;

bool Equal(const Digest& a, const Digest& b);  // in constant time

class Digester {
 public:
  Digester();  // draws the key
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;

  /// HMAC-SHA-256 of the three together.
  Digest Of(std::string_view user, std::string_view password, std::string_view hash) const;

 private:
  Digest key_{};
};

/// Whether `hash` (bcrypt, well-formed) is that of `password`. Takes as long for a wrong password as for the
/// right one: milliseconds to seconds, as the hash demands.
bool PasswordMatches(const std::string& password, const std::string& hash);

}  // namespace buntime
