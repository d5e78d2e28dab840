#include "fetch/transfer.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/text.h"
#include "fetch/curl_error.h"
#include "fetch/name_resolver.h"
#include "fetch/secret_file.h"
#include "net/address_rules.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;  // all of them, interim answers included
constexpr long kReadBuffer = 65536;  // of each transfer; libcurl's 16 KiB cost time on large bodies
constexpr std::uint64_t kFirstReserve = std::uint64_t{1}
                                        << 20;  // of a body, on the word of its Content-Length alone

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

curl_off_t Info(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

std::string ContentType(CURL* easy) {
  char* text = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text);
  return text == nullptr ? std::string() : Printable(text);
}

// The codings of all its fields, as one list.
std::string ContentEncoding(CURL* easy) {
  std::string list;
  curl_header* header = nullptr;
  for (std::size_t i = 0;
       curl_easy_header(easy, "Content-Encoding", i, CURLH_HEADER, -1, &header) == CURLHE_OK; ++i) {
    list.append(list.empty() ? "" : ", ").append(header->value);
  }
  return list;
}

std::string Location(CURL* easy, int status) {
  curl_header* header = nullptr;
  if (status < 300 || status > 399) return {};
  if (curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  return Printable(header->value);
}

}  // namespace

Transfer::Transfer(Fetcher::TransferId id, EasyHandle easy, const Request& request, Endpoint endpoint,
                   CurlList headers, Fetcher::Done done)
    : id_(id),
      started_(SystemClock().Now()),
      endpoint_(std::move(endpoint)),
      tls_(request.tls),
      timeout_(request.timeout),
      max_body_(request.max_body),
      proxy_url_(request.proxy_url),
      allowed_(request.allowed),
      timings_(request.timings),
      done_(std::move(done)),
      headers_(std::move(headers)),
      easy_(std::move(easy)) {}

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

PollError Transfer::NeverLookedUp() const {
  return {Outcome::kTimeout, DidNotAnswer(endpoint_, timeout_) +
                                 ": its host name waited for its turn, for at most " +
                                 std::to_string(NameResolver::kMostOthers) +
                                 " names that were not answered quickly before are looked up at once: check "
                                 "the name server"};
}

PollError Transfer::NoThreadToResolve() const {
  return {Outcome::kInternal, "cannot resolve the host name " + endpoint_.host +
                                  ": no thread can be started for it; raise the limit of tasks "
                                  "(TasksMax of systemd, pids of a container)"};
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

void Transfer::KeepTimings() {
  if (!timings_) return;
  // libcurl counts from the start of the attempt; a point that was not reached is 0.
  const auto at = [this](CURLINFO info) -> Duration {
    const std::chrono::microseconds since(Info(easy_.get(), info));
    return since.count() == 0 ? Duration(since) : until_resolved_ + since;
  };
  timings_->name_lookup = at(CURLINFO_NAMELOOKUP_TIME_T);
  timings_->connect = at(CURLINFO_CONNECT_TIME_T);
  timings_->tls = at(CURLINFO_APPCONNECT_TIME_T);
  timings_->first_byte = at(CURLINFO_STARTTRANSFER_TIME_T);
  timings_->total = SystemClock().Now() - started_;
}

std::size_t Transfer::OnHeader(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  transfer.header_too_large_ = transfer.header_bytes_ > kMaxHeaderBytes;
  return transfer.header_too_large_ ? 0 : size * count;
}

// No exception may pass through libcurl. Anything but the piece's size ends the transfer.
std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.Receive({data, size * count}) ? size * count : 0;
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory_ = true;
    return 0;
  }
}

bool Transfer::Receive(std::string_view piece) {
  if (packed_bytes_ == 0) {
    auto unpacker = Unpacker::For(ContentEncoding(easy_.get()));
    if (!unpacker) {
      unpack_fault_ = unpacker.error().message;
      return false;
    }
    unpacker_ = std::move(*unpacker);
  }
  packed_bytes_ += piece.size();
  if (!unpacker_) return AddBody(piece);
  if (packed_bytes_ > max_body_) {  // what unpacks to nothing would never end
    body_too_large_ = true;
    return false;
  }
  return unpacker_->Feed(piece, [this](std::string_view unpacked) { return AddBody(unpacked); });
}

bool Transfer::AddBody(std::string_view piece) {
  const std::uint64_t size = body_.size() + piece.size();
  if (size > max_body_) {
    body_too_large_ = true;
    return false;
  }
  if (size > body_.capacity()) {
    // A Content-Length that tells the truth ends the growth at exactly its size; one that lies costs a
    // megabyte.
    const curl_off_t length = unpacker_ ? 0 : Info(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
    const auto announced = static_cast<std::uint64_t>(std::max<curl_off_t>(length, 0));
    std::uint64_t goal = std::max<std::uint64_t>(body_.capacity() * 2, kFirstReserve);
    if (announced >= size) goal = std::min(goal, announced);
    std::string larger;  // a string that grows takes twice its old capacity, whatever was asked for
    larger.reserve(static_cast<std::size_t>(std::max(size, std::min(goal, max_body_))));
    larger.append(body_);
    body_ = std::move(larger);
  }
  body_.append(piece);
  return true;
}

ExchangeResult Transfer::Finish(CURLcode code) {
  KeepTimings();
  if (code != CURLE_OK && !refusal_.empty() && !allowed_one_) {
    return PollError{Outcome::kConnect, refusal_, true};
  }
  if (out_of_memory_) {
    return PollError{Outcome::kInternal, "out of memory for the answer of " + endpoint_.authority +
                                             ": raise the memory limit or lower --poll.max-body"};
  }
  if (unpacker_) unpack_fault_ = unpacker_->fault();
  if (unpacker_ && code == CURLE_OK && unpacker_->inside()) unpack_fault_ = "it ends early";
  if (!unpack_fault_.empty()) {
    return PollError{Outcome::kNotJson, "the answer of " + endpoint_.authority +
                                            " is compressed in a way that cannot be undone (" +
                                            unpack_fault_ + "): check what stands before the runtime"};
  }
  if (code != CURLE_OK) {
    return DescribeFailure(FailedExchange{.easy = easy_.get(),
                                          .code = code,
                                          .endpoint = endpoint_,
                                          .tls = tls_,
                                          .proxy_url = proxy_url_,
                                          .text = error_text_.data(),
                                          .header_bytes = header_bytes_,
                                          .certificate_wanted = certificate_wanted_,
                                          .header_too_large = header_too_large_,
                                          .body_too_large = body_too_large_,
                                          .timeout = timeout_,
                                          .max_header = kMaxHeaderBytes,
                                          .max_body = max_body_});
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  Response response;
  response.status = static_cast<int>(status);
  response.content_type = ContentType(easy_.get());
  response.location = Location(easy_.get(), response.status);
  response.body = std::move(body_);
  return response;
}

}  // namespace buntime
