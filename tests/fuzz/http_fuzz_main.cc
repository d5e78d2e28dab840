// The libFuzzer side of http_fuzz.h.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/http_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  buntime::testing::CheckRequests({reinterpret_cast<const char*>(data), size});
  return 0;
}
