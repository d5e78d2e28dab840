// What must hold for the decoder whatever bytes it gets. One function for the fuzzer and for the ordinary
// test that replays the kept inputs.
#pragma once

#include <string_view>

namespace buntime::testing {

/// Decodes `body` in every way and aborts, with a word on stderr, where a promise of the decoder does not
/// hold.
void CheckDecoder(std::string_view body);

}  // namespace buntime::testing
