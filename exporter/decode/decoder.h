// Bytes of a runtime's answer -> Snapshot. Pure: no I/O, no clock, no log. Used by poll. Thread-safe.
//
// Both dialects and both shapes of `workers` (array, object) are read by one table of fields; which dialect
// an answer speaks follows from the names in it. Units come out as seconds and bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/outcome.h"
#include "model/snapshot.h"

namespace buntime {

struct DecodeLimits {
  std::size_t depth = 16;           // nesting of arrays and objects
  std::size_t workers = 1'000'000;  // entries of `workers`
};

/// Decodes the body of a stats endpoint. Takes the body because it is parsed in place.
/// Errors: kNotJson (not JSON, or not UTF-8: says at which byte), kSchema (names the JSON path), kTooLarge
/// (names the limit), kNotInitialized (an empty pool and no workers: the runtime has no pool yet).
Result<Snapshot, PollError> DecodeStats(std::string body, const DecodeLimits& limits = {});

struct TextLimits {
  std::size_t bytes = std::size_t{1} << 20;  // of the whole text
  std::size_t line = 4096;                   // bytes of a line
  std::size_t labels = 32;                   // of a sample
};

/// Decodes the text (Prometheus' format 0.0.4) at which releases of the layout admin serve the pool without a
/// key: a released snapshot without workers. Samples with labels and metrics that are not the pool's are
/// passed over. Errors: as above; kNotJson names the line that is malformed.
Result<Snapshot, PollError> DecodePoolText(std::string_view body, const TextLimits& limits = {});

/// Decodes the documented dialect's pool summary. Same errors.
Result<Summary, PollError> DecodeSummary(std::string body);

/// The `version` of a health answer; empty when there is none worth showing (not a string, over 64 bytes).
std::optional<std::string> DecodeVersion(std::string body);

}  // namespace buntime
