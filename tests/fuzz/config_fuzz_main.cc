// The libFuzzer side of config_fuzz.h.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/config_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  buntime::testing::CheckConfigs({reinterpret_cast<const char*>(data), size});
  return 0;
}
