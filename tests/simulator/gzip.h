// gzip, honest and not. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace buntime::simulator {

std::string Gzip(std::string_view plain);

/// A valid gzip file that starts with `prefix` and inflates to at least `size` bytes, about a thousandth of
/// that itself. Costs a moment whatever the size: one compressed mebibyte of spaces is repeated and the
/// checksum is combined.
std::string GzipBomb(std::string_view prefix, std::uint64_t size);

}  // namespace buntime::simulator
