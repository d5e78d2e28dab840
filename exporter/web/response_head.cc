#include "web/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases = {
    Phrase{200, "OK"},
    Phrase{204, "No Content"},
    Phrase{304, "Not Modified"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{408, "Request Timeout"},
    Phrase{411, "Length Required"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{417, "Expectation Failed"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
};

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

void AppendTwoDigits(std::string& out, int value) {
  out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

}  // namespace

std::string_view DateHeader::At(std::time_t unix_seconds) {
  if (unix_seconds == formatted_) return text_;
  // Not strftime: its names depend on the locale.
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc = {};
  gmtime_r(&unix_seconds, &utc);
  text_.clear();
  text_.append(kDays[static_cast<std::size_t>(utc.tm_wday)]).append(", ");
  AppendTwoDigits(text_, utc.tm_mday);
  text_.append(" ").append(kMonths[static_cast<std::size_t>(utc.tm_mon)]).append(" ");
  AppendTwoDigits(text_, (utc.tm_year + 1900) / 100);
  AppendTwoDigits(text_, utc.tm_year % 100);
  text_ += ' ';
  AppendTwoDigits(text_, utc.tm_hour);
  text_ += ':';
  AppendTwoDigits(text_, utc.tm_min);
  text_ += ':';
  AppendTwoDigits(text_, utc.tm_sec);
  text_ += " GMT";
  formatted_ = unix_seconds;
  return text_;
}

std::string_view ReasonPhrase(int status) {
  const auto* const found = std::find_if(kPhrases.begin(), kPhrases.end(),
                                         [status](const Phrase& p) { return p.status == status; });
  return found == kPhrases.end() ? "Unknown" : found->text;
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
