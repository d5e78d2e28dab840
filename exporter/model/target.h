// One runtime to be polled, as configured. Built and validated in config; nothing behind it checks again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/layout.h"
#include "net/address_rules.h"

namespace buntime {

/// Where a setting stands, for messages: "--runtime.api-key-file", or "buntime.yml:3:
/// runtimes[0].api_key_file". No part of its value: what moves to another line stays what it was, and is not
/// restarted by a reload.
struct Place {
  std::string text;
  friend bool operator==(const Place&, const Place&) { return true; }
};

/// What proves to the runtime who we are. The secret itself stays in its file, which fetch reads.
struct Credential {
  enum class Kind { kNone, kApiKey, kBearer, kBasic };
  Kind kind = Kind::kNone;
  std::string username;  // kBasic only
  std::string file;
  Place file_place = {};
  friend bool operator==(const Credential&, const Credential&) = default;
};

/// How https to the runtime is verified. Empty: the system's defaults.
struct TlsClient {
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  Place ca_place = {};
  Place cert_place = {};
  Place key_place = {};
  Place verify_place = {};
  friend bool operator==(const TlsClient&, const TlsClient&) = default;
};

/// A header of every request to the runtime. Its value may be a secret, wherever it is.
struct RequestHeader {
  std::string name;
  std::string value;  // empty: `file` holds it
  std::string file;
  Place file_place = {};
  friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

/// An http(s) URL without userinfo, query and fragment. Only ParseRuntimeUrl makes one.
struct RuntimeUrl {
  std::string origin;       // "https://10.0.0.5:8000"
  std::string path;         // prefix before the plugin base, without a slash at its end; "" mostly
  std::string exact_stats;  // set when the URL named the stats endpoint itself: "/metrics/admin/stats"
  friend bool operator==(const RuntimeUrl&, const RuntimeUrl&) = default;

  /// For people and files, the way it was asked for: "https://10.0.0.5:8000/prefix". Parses to the same
  /// again.
  std::string Text() const { return origin + (exact_stats.empty() ? path : exact_stats); }
};

/// Accepts a base URL, or the full URL of a stats endpoint (it ends in /stats). The error says what is wrong
/// and never repeats userinfo.
Result<RuntimeUrl> ParseRuntimeUrl(std::string_view text);

/// What is wrong with the URL of a proxy; never repeats userinfo. Empty: nothing.
std::optional<std::string> ProxyUrlProblem(std::string_view text);

/// Where `url` ends in the plugin base, or in a path below it: what to drop from its end. The plugin base is
/// appended to a base URL, so it would be there twice.
std::optional<std::string_view> RepeatedPluginBase(const RuntimeUrl& url, std::string_view plugin_base);

struct Target {
  std::string name;  // value of the label `runtime`; empty: a single, unnamed runtime without that label
  RuntimeUrl url;
  std::string plugin_base = "/metrics";  // starts with a slash and does not end in one; "" is the root
  std::optional<Layout> layout;          // empty: search
  std::optional<double> pool_size;       // of a runtime that does not report its own
  Credential credential;
  TlsClient tls;
  std::map<std::string, std::string> labels = {};  // of every series of the runtime
  std::vector<RequestHeader> headers = {};
  std::string proxy_url = {};  // empty: none, whatever the environment has
  Duration interval{};
  Duration timeout{};  // of a whole poll, search included; at most the interval
  Duration stale_after{};
  Duration peak_window{};
  std::uint64_t max_body = 0;                        // bytes, after decompression
  std::size_t worker_limit = 0;                      // workers with series of their own
  std::size_t app_limit = 2000;                      // apps, the same
  std::shared_ptr<const AddressRules> allowed = {};  // where it may be; null: anywhere
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace buntime
