#include "simulator/sabotage.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "simulator/gzip.h"

namespace buntime::simulator {
namespace {

using enum FaultId;

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::string_view kOtherPage =
    "<!doctype html><html><head><title>Metrics</title></head><body><div id=\"root\"></div></body></html>";

Send Text(std::string text) { return Send{std::make_shared<const std::string>(std::move(text))}; }

Response Replaced(int status, std::string type, std::string body,
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
  Response response = MakeResponse(status, std::move(type), std::move(body));
  response.headers = std::move(headers);
  return response;
}

std::string ProxyText(int status) {
  const std::string title = std::to_string(status) + " " + std::string(Reason(status));
  return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
         "</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n";
}

// The same small piece for ever, or `bytes` in all.
Stream Repeat(std::string piece, std::uint64_t bytes) {
  while (piece.size() < kChunk) piece += std::string(piece);
  return Stream{[piece = std::move(piece), left = bytes](std::string& chunk) mutable {
    if (left == 0) return false;
    chunk.assign(piece, 0, static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size())));
    left -= chunk.size();
    return true;
  }};
}

// Valid JSON whose first field is `size` bytes of padding; nothing of it is held in memory.
Plan HugeBody(const Response& honest, std::uint64_t size) {
  const std::string opening = "{\"padding\":\"";
  std::string closing = "\"";
  if (honest.body->size() > 2 && honest.body->starts_with('{'))
    closing += "," + honest.body->substr(1);
  else
    closing += "}";
  const std::uint64_t total = opening.size() + size + closing.size();
  return {Text(Head(honest, total, false) + opening), Repeat("a", size), Text(std::move(closing)), Close{}};
}

Response Substitute(const Fault& fault, const Response& honest, const Request& request) {
  const int status = static_cast<int>(fault.number);
  if (fault.id == kStatus && (status == 429 || status == 503)) {
    return Replaced(status, "text/html", ProxyText(status), {{"Retry-After", "30"}});
  }
  if (fault.id == kStatus) return Replaced(status, "text/html", ProxyText(status));
  if (fault.id == kHtml) return Replaced(200, "text/html; charset=utf-8", std::string(kOtherPage));
  if (fault.id == kRedirectLoop) return Replaced(302, "text/plain", "", {{"Location", request.path}});
  if (fault.id == kRedirectAway) return Replaced(302, "text/plain", "", {{"Location", fault.text}});
  if (fault.id == kEmptyBody) return Replaced(200, "application/json", "");
  if (fault.id == kNotJson)
    return Replaced(200, "application/json", "upstream connect error or disconnect before headers");
  if (fault.id == kArrayRoot) return Replaced(200, "application/json", "[]");
  if (fault.id == kNullPool) return Replaced(200, "application/json", R"({"pool":null,"workers":null})");
  if (fault.id == kDeep) {
    const auto depth = static_cast<std::size_t>(fault.number);
    return Replaced(200, "application/json",
                    "{\"pool\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"workers\":[]}");
  }
  if (fault.id == kGzipBomb)
    return Replaced(200, "application/json", GzipBomb("{\"pool\":{},\"padding\":", fault.size),
                    {{"Content-Encoding", "gzip"}});
  if (fault.id == kBadGzip) {
    Response response = honest;
    response.headers = {{"Content-Encoding", "gzip"}};
    return response;
  }
  if (fault.id == kWrongType) {
    Response response = honest;
    response.content_type = fault.text;
    return response;
  }
  if (fault.id == kNoType) {
    Response response = honest;
    response.content_type.clear();
    return response;
  }
  return honest;
}

}  // namespace

Plan Sabotage(const Fault& fault, const Response& honest, const Request& request) {
  const std::string& body = *honest.body;
  const auto half = [&] { return body.substr(0, body.size() / 2); };
  const auto head = [&](std::uint64_t length) { return Head(honest, length, request.keep_alive); };
  if (fault.id == kRefuse || fault.id == kReset) return {Reset{}};
  if (fault.id == kClose) return {Close{}};
  if (fault.id == kNotHttp) return {Text("SSH-2.0-OpenSSH_9.2p1\r\n"), Close{}};
  if (fault.id == kResetBody) return {Text(head(body.size()) + half()), Reset{}};
  if (fault.id == kDrip) return {Text(head(body.size())), Drip{body, fault.number}};
  if (fault.id == kSlowHeader) return {Drip{head(body.size()), fault.number}, Send{honest.body}};
  if (fault.id == kStall) return {Stall{}};
  if (fault.id == kStallBody) return {Text(head(body.size()) + half()), Stall{}};
  if (fault.id == kTruncate) return {Text(head(body.size()) + half()), Close{}};
  if (fault.id == kShortLength) return {Text(head(body.size() / 2)), Send{honest.body}, Close{}};
  if (fault.id == kLongLength) return {Text(head(fault.size)), Send{honest.body}, Close{}};
  if (fault.id == kEndlessHeader)
    return {Text("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"),
            Repeat("X-Padding: " + std::string(80, 'x') + "\r\n", UINT64_MAX)};
  if (fault.id == kEndlessBody)
    return {Text(Head(honest, std::nullopt, false) + "{\"padding\":\""), Repeat("a", UINT64_MAX)};
  if (fault.id == kHugeBody) return HugeBody(honest, fault.size);
  return Honest(Substitute(fault, honest, request), request);
}

}  // namespace buntime::simulator
