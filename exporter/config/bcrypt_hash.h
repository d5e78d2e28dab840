// What a stored password of a web configuration file may look like. Pure; used by WebConfigReader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace buntime {

/// Why `hash` is not a usable bcrypt hash; empty if it is one. Never repeats the hash.
std::optional<std::string> BcryptProblem(std::string_view hash);

}  // namespace buntime
