#include "simulator/faults.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace buntime::simulator {
namespace {

using enum FaultId;
using enum ValueKind;

constexpr std::array<FaultInfo, 43> kFaults = {{
    {kRefuse, "refuse", kNone, "", "connection refused: the port is kept but nobody listens"},
    {kReset, "reset", kNone, "", "RST right after accept"},
    {kClose, "close", kNone, "", "the connection is closed without an answer"},
    {kNotHttp, "not-http", kNone, "", "the answer is the greeting of an SSH server"},
    {kResetBody, "reset-body", kNone, "", "RST after half of the body"},
    {kDrip, "drip", kNumber, "1", "the body at VALUE bytes a second"},
    {kSlowHeader, "slow-header", kNumber, "1", "the header at VALUE bytes a second"},
    {kStall, "stall", kNone, "", "nothing comes, not even a header"},
    {kStallBody, "stall-body", kNone, "", "nothing comes after half of the body"},
    {kTruncate, "truncate", kNone, "",
     "Content-Length is right, the connection closes after half of the body"},
    {kShortLength, "short-length", kNone, "", "Content-Length is half of what is sent"},
    {kLongLength, "long-length", kSize, "1024GiB",
     "Content-Length says VALUE bytes, the body is the usual one"},
    {kEndlessHeader, "endless-header", kNone, "", "header fields without end"},
    {kEndlessBody, "endless-body", kNone, "", "a JSON string without end and without Content-Length"},
    {kHugeBody, "huge-body", kSize, "100MiB", "a valid body with VALUE bytes of padding, streamed"},
    {kGzipBomb, "gzip-bomb", kSize, "1GiB", "a few kilobytes of gzip that become VALUE bytes"},
    {kBadGzip, "bad-gzip", kNone, "", "Content-Encoding: gzip over bytes that are none"},
    {kStatus, "status", kNumber, "503", "status VALUE with a proxy's text"},
    {kHtml, "html", kNone, "", "200 with a web page"},
    {kWrongType, "wrong-type", kText, "text/plain", "Content-Type VALUE over a valid body"},
    {kNoType, "no-type", kNone, "", "a valid body without Content-Type"},
    {kRedirectLoop, "redirect-loop", kNone, "", "302 to the same place"},
    {kRedirectAway, "redirect-away", kText, "http://127.0.0.2:9/stolen", "302 to VALUE"},
    {kEmptyBody, "empty-body", kNone, "", "200 application/json with no body"},
    {kNotJson, "not-json", kNone, "", "200 application/json with a proxy's sentence"},
    {kArrayRoot, "array-root", kNone, "", "a JSON array where an object belongs"},
    {kNullPool, "null-pool", kNone, "", "pool and workers are null"},
    {kDeep, "deep", kNumber, "100000", "VALUE arrays inside each other"},
    {kBom, "bom", kNone, "", "a byte order mark before the JSON"},
    {kTrailing, "trailing", kNone, "", "a second JSON text after the first"},
    {kNan, "nan", kNone, "", "every number is NaN"},
    {kOverflow, "overflow", kNone, "", "every number is 1e999"},
    {kNegative, "negative", kNone, "", "every number is below zero"},
    {kStrings, "strings", kNone, "", "every number is a string"},
    {kNull, "null", kNone, "", "every number and every string value is null"},
    {kMissingPool, "missing-pool", kNone, "", "there is no pool in the body"},
    {kInvalidUtf8, "invalid-utf8", kNone, "", "worker names hold bytes that are not UTF-8"},
    {kNotInitialised, "not-initialised", kNone, "", "empty pool and workers, the summary is 503"},
    {kUnknownStates, "unknown-states", kNone, "", "workers are in states of another version"},
    {kDuplicateIds, "duplicate-ids", kNone, "", "all workers have the same id"},
    {kHostileNames, "hostile-names", kNone, "", "quotes, line ends, markup, RTL marks, 10 kB names"},
    {kLongIds, "long-ids", kSize, "64KiB", "names of VALUE bytes"},
    {kTooManyWorkers, "too-many-workers", kNumber, "200000", "VALUE workers"},
}};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    if (static_cast<std::size_t>(kFaults.at(i).id) != i) return false;
  }
  return kFaults.back().id == kTooManyWorkers;
}
static_assert(InOrder());

Error Unknown(std::string_view name) {
  std::string message = "unknown fault \"" + Printable(name) + "\"; there are:";
  for (const FaultInfo& info : kFaults) message += " " + std::string(info.name);
  return Error{message};
}

}  // namespace

std::span<const FaultInfo> AllFaults() { return kFaults; }

Result<Fault> ParseFault(std::string_view spec) {
  const std::string_view name = spec.substr(0, spec.find('='));
  const FaultInfo* info = nullptr;
  for (const FaultInfo& candidate : kFaults) {
    if (candidate.name == name) info = &candidate;
  }
  if (info == nullptr) return Unknown(name);
  const bool given = name.size() < spec.size();
  if (given && info->kind == kNone) return Error{"fault " + std::string(name) + " takes no value"};
  const std::string_view value = given ? spec.substr(name.size() + 1) : info->default_value;

  Fault fault;
  fault.id = info->id;
  fault.name = info->name;
  if (info->kind == kText) fault.text = value;
  if (info->kind == kSize) {
    const Result<std::uint64_t> size = ParseSize(value);
    if (!size.ok()) return Error{"fault " + std::string(name) + ": " + size.error().message};
    fault.size = *size;
  }
  if (info->kind == kNumber) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), fault.number);
    const bool whole = error == std::errc() && end == value.data() + value.size();
    if (!whole || !(fault.number > 0 && fault.number <= 1e7)) {
      return Error{"fault " + std::string(name) + " needs a number above 0 and up to 1e7, like " +
                   std::string(name) + "=" + std::string(info->default_value)};
    }
    if (info->id == kStatus && (fault.number < 200 || fault.number > 599)) {
      return Error{"fault status needs a status from 200 to 599, like status=429"};
    }
  }
  return fault;
}

}  // namespace buntime::simulator
