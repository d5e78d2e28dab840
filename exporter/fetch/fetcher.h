// HTTP exchanges with runtimes, many at once on the caller's thread. Used by poll (and faked in its tests).
// Not thread-safe except Wakeup: start, cancel and wait on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "model/outcome.h"
#include "model/target.h"
#include "net/address_rules.h"

namespace buntime {

/// When an exchange reached which point, since its start. Zero: it never did, or needed not (a connection was
/// still open).
struct Timings {
  Duration name_lookup{};
  Duration connect{};
  Duration tls{};
  Duration first_byte{};
  Duration total{};
};

/// One GET. Redirects are never followed.
struct Request {
  std::string url;
  Credential credential;  // kNone sends none
  TlsClient tls;
  std::vector<RequestHeader> headers = {};
  std::string proxy_url = {};  // empty: none, whatever the environment has
  Duration timeout{};          // from Start to the last byte, name resolution and TLS included
  std::uint64_t max_body = 0;  // bytes after decompression; more ends the exchange with kTooLarge
  // Where it may go; null: anywhere. Asked before each connection is opened, which is then used only once. An
  // error of this kind is `forbidden`.
  std::shared_ptr<const AddressRules> allowed = {};
  std::shared_ptr<Timings> timings = {};  // filled in before `done` runs; null: not wanted
};

struct Response {
  int status = 0;
  std::string content_type;  // as sent, may be empty
  std::string location;      // of a redirect, as sent, printable; empty otherwise
  std::string body;
};

/// An answer of whatever status, or why there is none (kDns, kConnect, kTls, kTimeout, kTooLarge, kInternal,
/// kNotJson for an undecodable Content-Encoding).
using ExchangeResult = Result<Response, PollError>;

class Fetcher {
 public:
  using TransferId = std::uint64_t;
  using Done = std::function<void(ExchangeResult)>;

  virtual ~Fetcher() = default;

  /// Starts a transfer. `done` runs once, from within a later Wait, never from Start; not at all after
  /// Cancel.
  virtual TransferId Start(const Request& request, Done done) = 0;
  /// Forgets a transfer and closes its connection. Unknown ids are ignored.
  virtual void Cancel(TransferId id) = 0;
  /// Moves transfers on, runs the callbacks of those that ended, and returns after something happened, after
  /// `at_most`, or after Wakeup.
  virtual void Wait(Duration at_most) = 0;
  /// Makes the current or the next Wait return at once. Any thread.
  virtual void Wakeup() = 0;
};

/// How long a connection is used before the next exchange opens a new one, which goes to where the name leads
/// by then, or to where a load balancer sends it.
inline constexpr std::chrono::seconds kConnectionLifetime{60};

/// The real one, on libcurl's multi interface. `user_agent` names the program. `log` outlives the result. The
/// process has to ignore SIGPIPE: OpenSSL raises it when a peer is gone.
std::unique_ptr<Fetcher> MakeCurlFetcher(std::string user_agent, Log& log,
                                         std::chrono::seconds connection_lifetime = kConnectionLifetime);

/// Reads and checks a credential's file the way each exchange does: trailing white space is cut; an empty
/// file, more than 64 KiB, or control characters (a header could be smuggled) are errors. For checks at
/// start-up.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace buntime
