#include "config/labels_and_headers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/text.h"
#include "model/label_names.h"

namespace buntime {
namespace {

constexpr std::size_t kMost = 16;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestLabel = 256;
constexpr std::size_t kLongestHeader = 4096;

// Headers that the connection or the reading of answers depends on.
constexpr std::array<std::string_view, 13> kOwnHeaders = {"Accept",         "Accept-Encoding",
                                                          "Connection",     "Content-Encoding",
                                                          "Content-Length", "Content-Type",
                                                          "Expect",         "Keep-Alive",
                                                          "Range",          "TE",
                                                          "Trailer",        "Transfer-Encoding",
                                                          "Upgrade"};
// Headers that carry secrets by definition.
constexpr std::array<std::string_view, 3> kSecretHeaders = {"Authorization", "Cookie", "X-API-Key"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::any_of(names, [name](auto each) { return EqualsIgnoringCase(each, name); });
}

bool IsLabelName(std::string_view name) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && name.size() <= kLongestName &&
         std::isdigit(static_cast<unsigned char>(name[0])) == 0 && std::ranges::all_of(name, is_part);
}

std::string_view LabelProblem(std::string_view name, std::string_view value) {
  if (!IsLabelName(name)) return "expected a name of letters, digits and _, not a digit first, at most 64";
  if (std::ranges::find(kTargetLabels, name) != kTargetLabels.end()) {
    return "Prometheus sets this label itself: choose another name";
  }
  if (IsReservedLabel(name)) return "series have this label already, or it is reserved: choose another name";
  if (!IsUtf8(value) || Printable(value, kLongestLabel) != value) {
    return "expected a value of at most 256 bytes of printable text";
  }
  return {};
}

std::string_view CredentialHeader(Credential::Kind kind) {
  if (kind == Credential::Kind::kNone) return {};
  return kind == Credential::Kind::kApiKey ? "X-API-Key" : "Authorization";
}

std::string_view HeaderProblem(std::string_view name, const RequestHeader& header,
                               Credential::Kind credential) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > kLongestName || !std::ranges::all_of(name, is_part)) {
    return "expected a name of letters, digits, - and _, at most 64";
  }
  if (Contains(kOwnHeaders, name) || (name.size() > 5 && EqualsIgnoringCase(name.substr(0, 6), "Proxy-"))) {
    return "the exporter, or the connection, sets this header itself: leave it out";
  }
  if (EqualsIgnoringCase(name, CredentialHeader(credential))) {
    return "the credential that is configured is sent in this header: leave one of them out";
  }
  if (!header.file.empty()) return {};
  if (Contains(kSecretHeaders, name))
    return "its value is a secret: put it into a file and write {file: FILE}";
  if (header.value.size() > kLongestHeader || Printable(header.value, kLongestHeader) != header.value ||
      Trim(header.value) != header.value) {
    return "expected a value of one line of printable text, at most 4KiB, without spaces around it";
  }
  return {};
}

}  // namespace

void ReadLabels(SettingReader& reader, Target& target) {
  for (const auto& [name, setting] : reader.Under("labels.")) {
    if (const auto problem = LabelProblem(name, setting->value); !problem.empty()) {
      reader.Refuse(*setting, problem);
    } else if (target.labels.size() == kMost) {
      reader.Refuse(*setting, "a runtime has at most 16 labels: leave out those that nothing is selected by");
    }
    target.labels.emplace(name, setting->value);
  }
}

void ReadHeaders(SettingReader& reader, Target& target) {
  for (const std::string_view prefix : {"headers.", "header_files."}) {
    for (const auto& [name, setting] : reader.Under(prefix)) {
      RequestHeader header{std::string(name), setting->value, "", {}};
      if (prefix == "header_files.") header = {header.name, "", setting->value, {setting->where}};
      if (const auto problem = HeaderProblem(name, header, target.credential.kind); !problem.empty()) {
        reader.Fail({setting->where + ": " + std::string(problem)});
      } else if (std::ranges::any_of(target.headers, [&](const RequestHeader& other) {
                   return EqualsIgnoringCase(other.name, header.name);
                 })) {
        reader.Fail(
            {setting->where + ": this header stands twice, upper and lower case are the same: drop one"});
      } else if (target.headers.size() == kMost) {
        reader.Fail({setting->where + ": a request has at most 16 headers of its own: drop some"});
      }
      target.headers.push_back(std::move(header));
    }
  }
}

void ReadProxy(SettingReader& reader, Target& target) {
  const Setting* const setting = reader.Find("proxy_url");
  if (setting == nullptr) return;
  target.proxy_url = setting->value;
  const bool harmless = setting->value.find('@') == std::string::npos;
  if (const auto problem = ProxyUrlProblem(setting->value)) {
    reader.Refuse({harmless ? setting->value : "…", setting->where}, *problem);
  }
}

}  // namespace buntime
