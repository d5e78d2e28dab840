// What must hold for the decompression of bodies whatever bytes it gets.
#pragma once

#include <string_view>

namespace buntime::testing {

/// The first byte chooses coding and pieces. Aborts, with a word on stderr, where a promise does not hold.
void CheckUnpacker(std::string_view input);

}  // namespace buntime::testing
