// What must hold for the reader of Prometheus' text format whatever bytes it gets.
#pragma once

#include <string_view>

namespace buntime::testing {

/// Aborts, with a word on stderr, where a promise does not hold.
void CheckPoolText(std::string_view text);

}  // namespace buntime::testing
