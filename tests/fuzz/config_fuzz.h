// What must hold for both configuration files whatever stands in them. One function for the fuzzer and for
// the ordinary test that replays the kept inputs.
#pragma once

#include <string>

namespace buntime::testing {

/// Reads `text` as either file and aborts, with a word on stderr, where a promise does not hold.
void CheckConfigs(const std::string& text);

}  // namespace buntime::testing
