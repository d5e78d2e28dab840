#include "fuzz/unpack_fuzz.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/text.h"
#include "fetch/unpacker.h"
#include "fuzz/promise.h"

namespace buntime::testing {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;

struct Unpacked {
  std::string body;
  std::string fault;
  bool inside = false;
  bool stopped = false;  // by the limit
  friend bool operator==(const Unpacked&, const Unpacked&) = default;
};

Unpacked Unpack(std::string_view packed, bool gzip, std::size_t piece) {
  Unpacked result;
  Unpacker unpacker(gzip);
  const auto sink = [&](std::string_view bytes) {
    Promise(!bytes.empty() && bytes.size() <= (std::size_t{64} << 10),
            "pieces are not empty and at most 64 KiB");
    result.stopped = result.body.size() + bytes.size() > kMost;
    result.body.append(bytes.substr(0, kMost - result.body.size()));
    return !result.stopped;
  };
  bool going = true;
  while (going && !packed.empty()) {
    const std::size_t size = std::min(piece, packed.size());
    going = unpacker.Feed(packed.substr(0, size), sink);
    packed.remove_prefix(size);
  }
  Promise(going || result.stopped || !unpacker.fault().empty(), "what ends early says why");
  Promise(Printable(unpacker.fault(), 1000) == unpacker.fault(), "a fault is one printable line");
  result.fault = unpacker.fault();
  result.inside = !result.stopped && result.fault.empty() && unpacker.inside();
  return result;
}

}  // namespace

void CheckUnpacker(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const bool gzip = (choice & 1U) == 0;
  const Unpacked whole = Unpack(input, gzip, std::max<std::size_t>(1, input.size()));
  Promise(Unpack(input, gzip, 1 + choice / 2) == whole, "pieces unpack to what the whole does");
  if (!gzip || !whole.fault.empty() || whole.inside || whole.stopped || input.empty()) return;
  Promise(Unpack(std::string(input) + std::string(100, '\0'), gzip, 50).body == whole.body,
          "zeros behind the end change nothing");
}

}  // namespace buntime::testing
