// What must hold for the rules of /probe whatever rules and addresses they get.
#pragma once

#include <string_view>

namespace buntime::testing {

/// The first 16 bytes are an address, the rest a rule a line. Aborts, with a word on stderr, where a promise
/// does not hold.
void CheckAddressRules(std::string_view input);

}  // namespace buntime::testing
