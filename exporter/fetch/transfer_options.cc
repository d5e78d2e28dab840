// How a transfer is prepared and connects: its options, and what libcurl asks on the way.
#include <arpa/inet.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/text.h"
#include "base/wipe.h"
#include "fetch/transfer.h"
#include "net/address_rules.h"

namespace buntime {
namespace {

constexpr long kReadBuffer = 65536;  // of each transfer; libcurl's 16 KiB cost time on large bodies

// Rounded up: 0 would mean none.
long Milliseconds(Duration timeout) {
  const auto value = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return static_cast<long>(std::clamp<std::int64_t>(value, 1, std::numeric_limits<int>::max()));
}

std::uint16_t PortOf(const sockaddr& address) {
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address, sizeof in6);
    return ntohs(in6.sin6_port);
  }
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return ntohs(in.sin_port);
}

}  // namespace

template <class Value>
void Transfer::Set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
  if (refused_ == CURLE_OK) refused_ = code;
}

std::optional<PollError> Transfer::Prepare(const Request& request, const std::string& user_agent,
                                           std::chrono::seconds connection_lifetime,
                                           std::string_view secret) {
  curl_easy_reset(easy_.get());
  Set(CURLOPT_URL, request.url.c_str());
  Set(CURLOPT_PRIVATE, static_cast<void*>(this));
  Set(CURLOPT_ERRORBUFFER, error_text_.data());
  Set(CURLOPT_USERAGENT, user_agent.c_str());
  Set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  Set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  Set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  Set(CURLOPT_HTTP_CONTENT_DECODING, 0L);  // Unpacker does it
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_FOLLOWLOCATION, 0L);  // a redirect could take the key to another host
  // Only the configured proxy, never one of the environment (http_proxy and the like, an empty text switches
  // them off): it would be what is measured, and would see the key.
  Set(CURLOPT_PROXY, proxy_url_.c_str());
  Set(CURLOPT_NOPROXY, "");
  Set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // else the proxy's answer would count as the runtime's
  Set(CURLOPT_TCP_KEEPALIVE, 1L);
  Set(CURLOPT_MAXLIFETIME_CONN, static_cast<long>(connection_lifetime.count()));
  // A new connection goes to where the name leads now: runtimes come back at other addresses. With
  // connections that last a minute, remembering names would save little.
  Set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  Set(CURLOPT_RESOLVER_START_FUNCTION, &Transfer::OnNameNeeded);
  Set(CURLOPT_RESOLVER_START_DATA, static_cast<void*>(this));
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_QUICK_EXIT, 1L);  // never join a resolver thread that hangs
  if (!headers_.Append("Accept: application/json")) refused_ = CURLE_OUT_OF_MEMORY;
  SetLimits();
  SetCredential(request.credential, secret);
  if (endpoint_.https) SetTls(request);
  if (allowed_) SetRules();
  Set(CURLOPT_HTTPHEADER, headers_.get());
  return Refused();
}

std::optional<PollError> Transfer::Refused() const {
  if (refused_ == CURLE_OK) return std::nullopt;
  return PollError{Outcome::kInternal, "cannot prepare the request to " + endpoint_.authority + ": " +
                                           curl_easy_strerror(refused_)};
}

// Called where libcurl has no connection to use again. Names are looked up by NameResolver, so the attempt
// ends here; what is an address, or resolves without a look-up, goes on. Names of proxies are left to
// libcurl: they come from the configuration only.
int Transfer::OnNameNeeded(void* /*state*/, void* /*reserved*/, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string& host = transfer.endpoint_.host;
  const bool numeric = host.starts_with('[') || IpAddress::Parse(host);
  if (numeric || host == "localhost" || !transfer.proxy_url_.empty()) return 0;
  try {
    transfer.wanted_name_ = transfer.addresses_.get() == nullptr ? host : "";
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory_ = true;
  }
  return 1;
}

std::optional<PollError> Transfer::Resolve(const std::vector<std::string>& addresses) {
  // Known to libcurl for as long as this attempt takes to ask for it.
  constexpr long kKnownFor = 5;
  std::string line = '+' + endpoint_.host + ':' + endpoint_.port + ':';
  for (const std::string& address : addresses) {
    if (&address != &addresses.front()) line += ',';
    line += address.find(':') == std::string::npos ? address : '[' + address + ']';
  }
  until_resolved_ = SystemClock().Now() - started_;
  wanted_name_.clear();
  if (!addresses_.Append(line)) refused_ = CURLE_OUT_OF_MEMORY;
  Set(CURLOPT_RESOLVE, addresses_.get());
  Set(CURLOPT_DNS_CACHE_TIMEOUT, kKnownFor);
  Set(CURLOPT_TIMEOUT_MS, Milliseconds(timeout_ - until_resolved_));
  return Refused();
}

void Transfer::SetLimits() {
  const long timeout = Milliseconds(timeout_);
  Set(CURLOPT_TIMEOUT_MS, timeout);
  Set(CURLOPT_CONNECTTIMEOUT_MS, timeout);
  Set(CURLOPT_BUFFERSIZE, kReadBuffer);
  // Ends an exchange before its body when Content-Length already says too much; OnBody counts what really
  // comes.
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<curl_off_t>::max());
  Set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(std::min(max_body_, kLargest)));
}

void Transfer::SetCredential(const Credential& credential, std::string_view secret) {
  std::string text;
  bool kept = true;
  switch (credential.kind) {
    case Credential::Kind::kNone:
      break;
    case Credential::Kind::kApiKey:
      text = "X-API-Key: ";
      text += secret;
      kept = headers_.Append(text);
      break;
    case Credential::Kind::kBearer:
      text = "Authorization: Bearer ";
      text += secret;
      kept = headers_.Append(text);
      break;
    case Credential::Kind::kBasic:
      text = secret;
      Set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      Set(CURLOPT_USERNAME, credential.username.c_str());
      Set(CURLOPT_PASSWORD, text.c_str());
      break;
  }
  if (!kept) refused_ = CURLE_OUT_OF_MEMORY;
  Wipe(text);
}

void Transfer::SetTls(const Request& request) {
  // By default a CA file that was replaced would be trusted for another day.
  constexpr long kCaCacheSeconds = 60;
  Set(CURLOPT_CA_CACHE_TIMEOUT, kCaCacheSeconds);
  // Another TLS library than OpenSSL has no such option; then only the message is less exact.
  curl_easy_setopt(easy_.get(), CURLOPT_SSL_CTX_FUNCTION, &Transfer::OnTlsContext);
  curl_easy_setopt(easy_.get(), CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
  Set(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed session does not ask for the certificate that it wants
  if (!tls_.ca_file.empty()) {
    Set(CURLOPT_CAINFO, tls_.ca_file.c_str());
    Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // else the system's would be trusted as well
  }
  if (!tls_.cert_file.empty()) Set(CURLOPT_SSLCERT, tls_.cert_file.c_str());
  if (!tls_.key_file.empty()) Set(CURLOPT_SSLKEY, tls_.key_file.c_str());
  Set(CURLOPT_KEYPASSWD, "");  // else an encrypted key would have OpenSSL ask at the terminal, and wait
  if (tls_.insecure_skip_verify) {
    Set(CURLOPT_SSL_VERIFYPEER, 0L);
    Set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (tls_.server_name.empty()) return;
  // libcurl verifies against the URL's host and sends that as SNI. So the URL names the other host, while the
  // connection goes to, and the Host header tells of, the one that was asked for.
  const auto url = WithHost(request.url, tls_.server_name);
  if (!url) {
    refused_ = CURLE_URL_MALFORMAT;
    return;
  }
  Set(CURLOPT_URL, url->c_str());
  const bool has_host = std::ranges::any_of(
      request.headers, [](const RequestHeader& header) { return EqualsIgnoringCase(header.name, "Host"); });
  const bool kept = connect_to_.Append(tls_.server_name + ':' + endpoint_.port + ':' + endpoint_.authority) &&
                    (has_host || headers_.Append("Host: " + endpoint_.authority));
  if (!kept) refused_ = CURLE_OUT_OF_MEMORY;
  Set(CURLOPT_CONNECT_TO, connect_to_.get());
}

// With TLS 1.3 a server refuses a client after the handshake, and may close the connection before the client
// has read why. So what the server asked for is remembered.
CURLcode Transfer::OnTlsContext(CURL* /*easy*/, void* context, void* self) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION);  // the connection may outlive this object
  SSL_CTX_set_cert_cb(
      tls,
      [](SSL* /*connection*/, void* transfer) {
        static_cast<Transfer*>(transfer)->certificate_wanted_ = true;
        return 1;
      },
      self);
  return CURLE_OK;
}

void Transfer::SetRules() {
  Set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnOpenSocket);
  Set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  // An open connection may have been opened by other rules, or to where the name was before.
  Set(CURLOPT_FRESH_CONNECT, 1L);
  Set(CURLOPT_FORBID_REUSE, 1L);
}

bool Transfer::Allows(const std::optional<IpAddress>& address, std::uint16_t port) {
  auto refusal = address ? allowed_->RefuseAddress(endpoint_.host, *address, port)
                         : std::optional<std::string>("only IPv4 and IPv6 are connected to");
  if (!refusal) return true;
  refusal_ = *std::move(refusal);
  return false;
}

curl_socket_t Transfer::OnOpenSocket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    if (!transfer.Allows(IpAddress::Of(address->addr), PortOf(address->addr))) return CURL_SOCKET_BAD;
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory_ = true;
    return CURL_SOCKET_BAD;
  }
  transfer.allowed_one_ = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace buntime
