// Owners for what libcurl hands out. Private to fetch.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/deleter.h"

namespace buntime {

using EasyHandle = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using ShareHandle = std::unique_ptr<CURLSH, Deleter<curl_share_cleanup>>;
using UrlHandle = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;

/// A list of strings as libcurl takes it. Wiped at its end: headers carry secrets.
class CurlList {
 public:
  CurlList() = default;
  ~CurlList();
  CurlList(CurlList&& other) noexcept : list_(std::exchange(other.list_, nullptr)) {}
  CurlList& operator=(CurlList&&) = delete;

  /// False: out of memory.
  bool Append(const std::string& text);
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// The parts of a URL that options and messages need.
struct Endpoint {
  bool https = false;
  std::string host;       // as libcurl writes it, IPv6 in brackets
  std::string port;       // always set
  std::string authority;  // "host:port"
};

/// Empty: not an http(s) URL.
std::optional<Endpoint> ParseEndpoint(const std::string& url);

/// `url` with another host, for TLS to be verified against; empty where that is no host name.
std::optional<std::string> WithHost(const std::string& url, const std::string& host);

}  // namespace buntime
