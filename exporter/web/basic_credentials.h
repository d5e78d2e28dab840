// What an Authorization header of HTTP's basic scheme says (RFC 7617). Pure; used by Authenticator.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace buntime {

struct BasicCredentials {
  std::string user;
  std::string password;
};

/// Empty for another scheme and for whatever is not Base64 of "user:password".
std::optional<BasicCredentials> ParseBasicCredentials(std::string_view authorization);

}  // namespace buntime
