#include "fetch/curl_error.h"

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include "base/text.h"

namespace buntime {
namespace {

curl_off_t Info(const FailedExchange& failed, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(failed.easy, info, &value);
  return value;
}

long LongInfo(const FailedExchange& failed, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(failed.easy, info, &value);
  return value;
}

std::string Words(const FailedExchange& failed) {
  return Printable(failed.text.empty() ? curl_easy_strerror(failed.code) : failed.text);
}

bool Says(const FailedExchange& failed, std::string_view words) {
  return failed.text.find(words) != std::string_view::npos;
}

// "120 of 4096 bytes", or "120 bytes" where nobody said how many there would be.
std::string Received(const FailedExchange& failed) {
  const curl_off_t total = Info(failed, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
  const std::string of = total > 0 ? " of " + std::to_string(total) : "";
  return std::to_string(Info(failed, CURLINFO_SIZE_DOWNLOAD_T)) + of + " bytes";
}

PollError Dns(const FailedExchange& failed) {
  return {Outcome::kDns, "cannot resolve the host name " + failed.endpoint.host +
                             ": check the name, and the name server that this exporter uses"};
}

PollError Proxy(const FailedExchange& failed, const std::string& reason) {
  return {Outcome::kConnect, "cannot connect to " + failed.endpoint.authority + " through the proxy " +
                                 failed.proxy_url + " (" + reason +
                                 "): check proxy_url, and what the proxy allows"};
}

PollError Connect(const FailedExchange& failed) {
  const auto error = static_cast<int>(LongInfo(failed, CURLINFO_OS_ERRNO));
  if (!failed.proxy_url.empty()) {
    return Proxy(failed, error == 0 ? Words(failed) : std::generic_category().message(error));
  }
  const std::string& authority = failed.endpoint.authority;
  if (error == ECONNREFUSED) {
    return {Outcome::kConnect,
            authority + " refused the connection: check that the runtime runs and listens on this port"};
  }
  const std::string reason = error == 0 ? Words(failed) : std::generic_category().message(error);
  return {Outcome::kConnect,
          "cannot connect to " + authority + " (" + reason + "): check address, network and firewall"};
}

bool RefusedClient(const FailedExchange& failed) {
  return failed.certificate_wanted && failed.header_bytes == 0;
}

PollError BrokeOff(const FailedExchange& failed) {
  const std::string& authority = failed.endpoint.authority;
  if (failed.header_bytes == 0) {
    return {Outcome::kConnect, authority + " closed the connection without an answer (" + Words(failed) +
                                   "): check that the runtime serves HTTP on this port"};
  }
  return {Outcome::kConnect, "the answer of " + authority + " broke off after " + Received(failed) + " (" +
                                 Words(failed) + "): check the runtime and what stands before it"};
}

PollError NotHttp(const FailedExchange& failed) {
  return {Outcome::kConnect,
          failed.endpoint.authority +
              " does not speak HTTP: check the port, and whether it wants https:// instead"};
}

// X509_V_ERR_… of OpenSSL, which libcurl passes on. Part of OpenSSL's stable interface.
std::string CertificateFault(const FailedExchange& failed) {
  switch (LongInfo(failed, CURLINFO_SSL_VERIFYRESULT)) {
    case 9:
      return "its certificate is not valid yet: check the clocks";
    case 10:
      return "its certificate has expired: renew it";
    case 18:
    case 19:
      return "its certificate is signed by itself: name the CA that signed it in tls.ca_file";
    case 2:
    case 20:
    case 21:
      return "its certificate comes from an unknown CA: name that CA in tls.ca_file";
    case 23:
      return "its certificate was revoked: renew it";
    case 24:
    case 79:
      return "the CA of its certificate may not sign certificates: check tls.ca_file";
    case 26:
      return "its certificate is not meant for servers: renew it";
    default:
      break;
  }
  if (Says(failed, "subject name")) {
    const std::string& name = failed.tls.server_name.empty() ? failed.endpoint.host : failed.tls.server_name;
    return "its certificate is not for " + name + ": set tls.server_name to a name that it is for";
  }
  return Words(failed);
}

PollError Tls(const FailedExchange& failed) {
  const std::string subject = "TLS with " + failed.endpoint.authority + " failed: ";
  if (failed.code == CURLE_PEER_FAILED_VERIFICATION)
    return {Outcome::kTls, subject + CertificateFault(failed)};
  if (Says(failed, "wrong version number")) {
    return {Outcome::kTls, subject + "the port does not speak TLS; use http:// or another port"};
  }
  if (failed.certificate_wanted) {
    return {Outcome::kTls,
            subject + (failed.tls.cert_file.empty()
                           ? "it wants a client certificate: set tls.cert_file and tls.key_file"
                           : "it refused the client certificate: check tls.cert_file and tls.key_file")};
  }
  return {Outcome::kTls, subject + Words(failed)};
}

PollError OurTlsFiles(const FailedExchange& failed) {
  if (failed.code == CURLE_SSL_CACERT_BADFILE) {
    return {Outcome::kInternal, "cannot use the CA file " + failed.tls.ca_file + ": " + Words(failed)};
  }
  return {Outcome::kInternal, "cannot use the client certificate " + failed.tls.cert_file + " with the key " +
                                  failed.tls.key_file + ": " + Words(failed)};
}

PollError TimedOut(const FailedExchange& failed) {
  std::string phase;
  if (failed.header_bytes > 0) {
    phase = "receiving the answer (" + Received(failed) + " came)";
  } else if (Info(failed, CURLINFO_PRETRANSFER_TIME_T) > 0) {
    phase = "waiting for the first byte of the answer";
  } else if (LongInfo(failed, CURLINFO_LOCAL_PORT) > 0) {  // CURLINFO_CONNECT_TIME stays 0 until TLS is done
    phase = "negotiating TLS";
  } else if (Info(failed, CURLINFO_NAMELOOKUP_TIME_T) > 0) {
    phase = "connecting";
  } else {
    phase = "resolving the host name";
  }
  return {Outcome::kTimeout, DidNotAnswer(failed.endpoint, failed.timeout) + ": timed out while " + phase};
}

// A line beyond libcurl's own limit is reported as a lack of memory.
bool HeaderLineTooLong(const FailedExchange& failed) {
  return failed.code == CURLE_OUT_OF_MEMORY && Info(failed, CURLINFO_PRETRANSFER_TIME_T) > 0 &&
         Info(failed, CURLINFO_SIZE_DOWNLOAD_T) == 0;
}

PollError TooLarge(const FailedExchange& failed) {
  if (failed.header_too_large) {
    return {Outcome::kTooLarge, "the answer of " + failed.endpoint.authority + " has more than " +
                                    FormatSize(failed.max_header) + " of header"};
  }
  return {Outcome::kTooLarge, "the answer of " + failed.endpoint.authority + " is larger than " +
                                  FormatSize(failed.max_body) +
                                  ": raise --poll.max-body if that is expected"};
}

}  // namespace

std::string DidNotAnswer(const Endpoint& endpoint, Duration timeout) {
  return endpoint.authority + " did not answer within " +
         FormatDuration(std::chrono::ceil<std::chrono::milliseconds>(timeout));
}

PollError DescribeFailure(const FailedExchange& failed) {
  if (failed.header_too_large || failed.body_too_large) return TooLarge(failed);
  if (HeaderLineTooLong(failed)) {
    return {Outcome::kTooLarge,
            "the answer of " + failed.endpoint.authority + " has a header line that is too long"};
  }
  switch (static_cast<int>(failed.code)) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Dns(failed);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Outcome::kDns, "cannot resolve the host name of the proxy " + failed.proxy_url +
                                 ": check proxy_url, and the name server that this exporter uses"};
    case CURLE_PROXY:
      return Proxy(failed, Words(failed));
    case CURLE_COULDNT_CONNECT:
      return Connect(failed);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (const long status = LongInfo(failed, CURLINFO_HTTP_CONNECTCODE); status != 0 && status / 100 != 2) {
        return Proxy(failed, "it answered " + std::to_string(status));
      }
      // With TLS 1.3 a server refuses a client, or its missing certificate, only after the handshake.
      return Says(failed, "alert") || RefusedClient(failed) ? Tls(failed) : BrokeOff(failed);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CIPHER:
      return Tls(failed);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return OurTlsFiles(failed);
    case CURLE_OPERATION_TIMEDOUT:
      return TimedOut(failed);
    case CURLE_FILESIZE_EXCEEDED:
      return TooLarge(failed);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return NotHttp(failed);
    default:
      return {Outcome::kInternal,
              "the exchange with " + failed.endpoint.authority + " failed: " + Words(failed)};
  }
}

}  // namespace buntime
