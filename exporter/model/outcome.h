// How one poll of a runtime ended: the closed list behind `buntime_poll_outcome` and the logs. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace buntime {

enum class Outcome {
  kOk,
  kDns,             // the host name does not resolve
  kConnect,         // refused, unreachable, reset, or closed before the answer was whole
  kTls,             // handshake or certificate
  kTimeout,         // the poll's deadline passed
  kHttp4xx,         // a client error without a code of its own below
  kUnauthorized,    // 401, 403
  kNotFound,        // 404
  kRateLimited,     // 429
  kHttp5xx,         //
  kNotInitialized,  // the runtime answers but has no pool yet
  kNotJson,         // a web page, a redirect, or a body that is not JSON
  kSchema,          // JSON, but not the stats of a Buntime
  kTooLarge,        // over a size, depth or count limit
  kInternal,        // the exporter could not do its own part
};

inline constexpr std::array<std::string_view, 15> kOutcomeNames = {
    "ok",           "dns",       "connect",      "tls",      "timeout",         "http_4xx",
    "unauthorized", "not_found", "rate_limited", "http_5xx", "not_initialized", "not_json",
    "schema",       "too_large", "internal"};

constexpr std::size_t Index(Outcome outcome) { return static_cast<std::size_t>(outcome); }
constexpr std::string_view Name(Outcome outcome) { return kOutcomeNames[Index(outcome)]; }

/// Why a poll failed. `outcome` is never kOk.
struct PollError {
  Outcome outcome = Outcome::kInternal;
  std::string message;     // one line, names cause and cure, never a secret
  bool forbidden = false;  // the address is not allowed; nothing was sent to it
  friend bool operator==(const PollError&, const PollError&) = default;
};

}  // namespace buntime
