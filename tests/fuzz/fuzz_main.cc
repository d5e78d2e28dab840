// libFuzzer's entry, compiled once for each fuzzer: FUZZ_HEADER declares FUZZ_CHECK, which takes the input.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include FUZZ_HEADER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  buntime::testing::FUZZ_CHECK({reinterpret_cast<const char*>(data), size});
  return 0;
}
