#include "web/response_head.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::string_view kAlwaysSent = "X-Content-Type-Options";

void AppendInteger(std::string& out, std::size_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  std::transform(value.begin(), value.end(), std::back_inserter(out), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
  });
  out.append("\r\n");
}

}  // namespace

std::string_view DateHeader::At(std::time_t unix_seconds) {
  if (unix_seconds == formatted_) return text_;
  std::tm utc = {};
  gmtime_r(&unix_seconds, &utc);
  std::array<char, 40> text;
  // The program never calls setlocale, so the names are the English ones that HTTP wants.
  text_.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  formatted_ = unix_seconds;
  return text_;
}

std::string_view ReasonPhrase(int status) {
  const auto phrase = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {phrase.data(), phrase.size()};
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

void FormatHead(const HttpResponse& response, const Headers& standing, bool keep_alive, std::string_view date,
                std::string& out) {
  out.assign("HTTP/1.1 ");
  AppendInteger(out, static_cast<std::size_t>(response.status));
  out.append(" ").append(ReasonPhrase(response.status)).append("\r\nDate: ").append(date).append("\r\n");
  if (HasBody(response.status)) {
    AppendHeader(out, "Content-Type", response.content_type);
    if (!response.events) {  // events end with their connection
      out.append("Content-Length: ");
      AppendInteger(out, (response.shared ? response.shared->size() : 0) + response.tail.size());
      out.append("\r\n");
    }
  }
  for (const auto& header : response.headers) {
    const auto same = [&header](const auto& other) { return EqualsIgnoringCase(other.first, header.first); };
    if (std::ranges::none_of(standing, same)) AppendHeader(out, header.first, header.second);
  }
  for (const auto& [name, value] : standing) {
    if (name != kAlwaysSent) AppendHeader(out, name, value);
  }
  out.append(kAlwaysSent).append(": nosniff\r\nConnection: ").append(keep_alive ? "keep-alive" : "close");
  out.append("\r\n\r\n");
}

HttpResponse PlainAnswer(int status, std::string reason) {
  HttpResponse response;
  response.status = status;
  response.tail = std::move(reason);
  response.tail += '\n';
  return response;
}

}  // namespace buntime
