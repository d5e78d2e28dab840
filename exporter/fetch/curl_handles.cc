#include "fetch/curl_handles.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

namespace buntime {
namespace {

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

UrlHandle Parse(const std::string& url) {
  UrlHandle handle(curl_url());
  if (handle && curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) handle.reset();
  return handle;
}

}  // namespace

CurlList::~CurlList() {
  for (curl_slist* item = list_; item != nullptr; item = item->next)
    explicit_bzero(item->data, strlen(item->data));
  curl_slist_free_all(list_);
}

bool CurlList::Append(const std::string& text) {
  curl_slist* longer = curl_slist_append(list_, text.c_str());
  if (longer == nullptr) return false;
  list_ = longer;
  return true;
}

std::optional<Endpoint> ParseEndpoint(const std::string& url) {
  const UrlHandle handle = Parse(url);
  if (!handle) return std::nullopt;
  const std::string scheme = Part(handle.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  Endpoint endpoint;
  endpoint.https = scheme == "https";
  endpoint.host = Part(handle.get(), CURLUPART_HOST);
  endpoint.port = Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  endpoint.authority = endpoint.host + ':' + endpoint.port;
  return endpoint;
}

std::optional<std::string> WithHost(const std::string& url, const std::string& host) {
  const UrlHandle handle = Parse(url);
  if (!handle || curl_url_set(handle.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  return Part(handle.get(), CURLUPART_URL);
}

}  // namespace buntime
