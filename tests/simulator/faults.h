// The closed list of what can go wrong, and how one is named: `NAME` or `NAME=VALUE`. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace buntime::simulator {

enum class FaultId : std::uint8_t {
  // Of the connection.
  kRefuse,
  kReset,
  kClose,
  kNotHttp,
  // Of the way an answer travels.
  kResetBody,
  kDrip,
  kSlowHeader,
  kStall,
  kStallBody,
  kTruncate,
  kShortLength,
  kLongLength,
  kEndlessHeader,
  kEndlessBody,
  kHugeBody,
  kGzipBomb,
  kBadGzip,
  // Another answer.
  kStatus,
  kHtml,
  kWrongType,
  kNoType,
  kRedirectLoop,
  kRedirectAway,
  kEmptyBody,
  kNotJson,
  kArrayRoot,
  kNullPool,
  kDeep,
  // The right answer, damaged.
  kBom,
  kTrailing,
  kNan,
  kOverflow,
  kNegative,
  kStrings,
  kNull,
  kMissingPool,
  kInvalidUtf8,
  // A strange world, faithfully reported.
  kNotInitialised,
  kUnknownStates,
  kDuplicateIds,
  kHostileNames,
  kLongIds,
  kTooManyWorkers
};

/// True for faults that leave alone how an answer travels: a stream of events can carry them too.
constexpr bool IsDamage(FaultId id) { return id >= FaultId::kBom; }

enum class ValueKind : std::uint8_t { kNone, kNumber, kSize, kText };

struct FaultInfo {
  FaultId id;
  std::string_view name;
  ValueKind kind;
  std::string_view default_value;
  std::string_view help;
};

/// In the order of FaultId.
std::span<const FaultInfo> AllFaults();

struct Fault {
  FaultId id = FaultId::kRefuse;
  std::string_view name;
  double number = 0;                     // kNumber
  std::uint64_t size = 0;                // kSize, bytes
  std::string text;                      // kText
  std::string path;                      // only answers whose path contains this
  std::optional<std::uint64_t> count;    // only that many answers
  std::optional<std::int64_t> until_ms;  // simulated time
};

/// Reads `NAME` or `NAME=VALUE`. The error lists the names.
Result<Fault> ParseFault(std::string_view spec);

}  // namespace buntime::simulator
