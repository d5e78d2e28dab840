// Why an exchange failed, in words for the person who has to mend it. Pure, but for asking libcurl. Private
// to fetch.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "fetch/curl_handles.h"
#include "model/outcome.h"
#include "model/target.h"

namespace buntime {

struct FailedExchange {
  CURL* easy;  // still holds what libcurl knows of the transfer
  CURLcode code;
  const Endpoint& endpoint;
  const TlsClient& tls;
  const std::string& proxy_url;  // empty: none
  std::string_view text;         // libcurl's own words, not to be trusted: they may quote the peer
  std::size_t header_bytes;
  bool certificate_wanted;  // the server has asked for a client certificate
  bool header_too_large;
  bool body_too_large;
  Duration timeout;
  std::size_t max_header;
  std::uint64_t max_body;
};

/// "HOST:PORT did not answer within 3s".
std::string DidNotAnswer(const Endpoint& endpoint, Duration timeout);

/// Maps libcurl's code to an outcome and a message that names host, port, cause, and what to check.
PollError DescribeFailure(const FailedExchange& failed);

}  // namespace buntime
