#include "simulator/http.h"

#include <array>
#include <charconv>
#include <cstddef>

#include "base/text.h"

namespace buntime::simulator {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Cuts `text` at the first `separator` and returns what was before it.
std::string_view Take(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return head;
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoringCase(key, name)) return value;
  }
  return {};
}

std::optional<std::string> Request::Param(std::string_view name) const {
  for (auto& [key, value] : ParseQuery(query)) {
    if (key == name) return std::move(value);
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    std::string_view pair = Take(query, "&");
    if (pair.empty()) continue;
    const std::string_view key = Take(pair, "=");
    pairs.emplace_back(Decode(key), Decode(pair));
  }
  return pairs;
}

Result<Request> ParseRequest(std::string_view head) {
  Request request;
  std::string_view line = Take(head, "\r\n");
  request.method = Take(line, " ");
  std::string_view target = Take(line, " ");
  if (request.method.empty() || !target.starts_with('/') || !line.starts_with("HTTP/1.")) {
    return Error{"not an HTTP/1 request"};
  }
  request.path = Take(target, "?");
  request.query = target;
  request.keep_alive = line != "HTTP/1.0";
  while (!head.empty()) {
    std::string_view field = Take(head, "\r\n");
    const std::string_view name = Take(field, ":");
    request.headers.emplace_back(name, Trim(field));
  }
  if (EqualsIgnoringCase(request.Header("Connection"), "close")) request.keep_alive = false;
  const std::string_view length = request.Header("Content-Length");
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), request.content_length);
  if (!length.empty() && (error != std::errc() || end != length.data() + length.size())) {
    return Error{"a Content-Length that is not a number"};
  }
  return request;
}

Response MakeResponse(int status, std::string content_type, std::string body) {
  return {status, std::move(content_type), {}, std::make_shared<const std::string>(std::move(body))};
}

std::string_view Reason(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 16> kReasons = {{{200, "OK"},
                                                                          {301, "Moved Permanently"},
                                                                          {302, "Found"},
                                                                          {400, "Bad Request"},
                                                                          {401, "Unauthorized"},
                                                                          {403, "Forbidden"},
                                                                          {404, "Not Found"},
                                                                          {405, "Method Not Allowed"},
                                                                          {408, "Request Timeout"},
                                                                          {410, "Gone"},
                                                                          {418, "I'm a teapot"},
                                                                          {429, "Too Many Requests"},
                                                                          {500, "Internal Server Error"},
                                                                          {502, "Bad Gateway"},
                                                                          {503, "Service Unavailable"},
                                                                          {504, "Gateway Timeout"}}};
  for (const auto& [code, reason] : kReasons) {
    if (code == status) return reason;
  }
  return "Unknown";
}

std::string Head(const Response& response, std::optional<std::uint64_t> content_length, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += Reason(response.status);
  out += "\r\n";
  const auto field = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  };
  if (!response.content_type.empty()) field("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) field(name, value);
  if (content_length) field("Content-Length", std::to_string(*content_length));
  if (!keep_alive) field("Connection", "close");
  return out + "\r\n";
}

Plan Honest(const Response& response, const Request& request) {
  Plan plan;
  plan.emplace_back(
      Send{std::make_shared<const std::string>(Head(response, response.body->size(), request.keep_alive))});
  if (request.method != "HEAD") plan.emplace_back(Send{response.body});
  if (!request.keep_alive) plan.emplace_back(Close{});
  return plan;
}

}  // namespace buntime::simulator
