// What must hold for the reading of requests whatever bytes a client sends. One function for the fuzzer and
// for the ordinary test that replays the kept inputs.
#pragma once

#include <string_view>

namespace buntime::testing {

/// Reads `bytes` as a client's whole conversation, in one piece and in many, and aborts, with a word on
/// stderr, where a promise does not hold.
void CheckRequests(std::string_view bytes);

}  // namespace buntime::testing
