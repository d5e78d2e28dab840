#include "app/healthcheck.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "app/version.h"
#include "base/text.h"
#include "config/settings.h"
#include "config/web_config_file.h"
#include "fetch/fetcher.h"
#include "model/web_config.h"
#include "model/web_paths.h"
#include "net/listen_address.h"

namespace buntime {
namespace {

constexpr Duration kPatience = std::chrono::seconds(3);
constexpr std::uint64_t kMaxAnswer = 64 * 1024;

// What to connect to in order to reach a socket that listens on `host`.
std::string Reachable(std::string_view host) {
  if (host.empty()) return "localhost";  // both families: libcurl tries one after the other
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string_view::npos ? std::string(host) : "[" + std::string(host) + "]";
}

bool WantsClientCertificate(const WebTls& tls) {
  return tls.client_auth == ClientAuth::kRequireAnyClientCert ||
         tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
}

ExchangeResult Ask(const std::string& url, Log& log) {
  const auto fetcher = MakeCurlFetcher("buntime-exporter/" + std::string(kVersion), log);
  Request request{.url = url, .credential = {}, .tls = {}, .timeout = kPatience, .max_body = kMaxAnswer};
  // Which names the certificate is for is between the server and its scrapers; this is the machine's own
  // address.
  request.tls.insecure_skip_verify = true;
  std::optional<ExchangeResult> result;
  fetcher->Start(request, [&result](ExchangeResult answer) { result = std::move(answer); });
  while (!result) fetcher->Wait(kPatience);
  return *std::move(result);
}

// The fetcher's own messages are about runtimes.
std::string Cause(const PollError& error) {
  const std::string same = "with the same --web.listen-address and --web.config.file as here";
  if (error.outcome == Outcome::kConnect) return "no exporter answers: check that it runs, " + same;
  if (error.outcome == Outcome::kTls) return "TLS fails: check that the exporter runs " + same;
  if (error.outcome != Outcome::kTimeout) return error.message;
  return "the exporter did not answer within " + FormatDuration(kPatience) +
         ": it hangs, or the machine is overloaded";
}

}  // namespace

std::optional<Error> CheckHealth(const Invocation& invocation, Log& log) {
  const auto address = ParseListenAddress(invocation.listen.empty() ? ":10077" : invocation.listen.front());
  if (!address) return address.error();
  if (address->port == 0) {
    return Error{"--web.listen-address has port 0, which is another one at each start: name a port"};
  }
  SettingReader settings({&invocation.settings});
  WebConfig web;
  if (const std::string path = settings.Text("web_config_file"); !path.empty()) {
    auto read = ReadWebConfig(path);
    if (!read) return read.error();
    web = *std::move(read);
  }

  const std::string url = std::string(web.tls ? "https" : "http") + "://" + Reachable(address->host) + ":" +
                          std::to_string(address->port) + std::string(web_path::kHealthy);
  const ExchangeResult answer = Ask(url, log);
  if (!answer) {
    // Only a server that is alive gets as far as refusing a client without a certificate.
    const bool wants_certificate = web.tls && WantsClientCertificate(*web.tls);
    if (wants_certificate && answer.error().outcome == Outcome::kTls) return std::nullopt;
    return Error{url + ": " + Cause(answer.error())};
  }
  // With --web.health-auth there is no password to show either: to be asked for one is a sign of life.
  const bool asked = settings.Flag("health_auth", false) && (answer->status == 401 || answer->status == 429);
  if (answer->status == 200 || asked) return std::nullopt;
  return Error{url + " answers with status " + std::to_string(answer->status) +
               ": check that nothing else listens there"};
}

}  // namespace buntime
