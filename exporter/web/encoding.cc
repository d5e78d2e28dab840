#include "web/encoding.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace buntime {
namespace {

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), here in thousandths.
std::optional<int> ParseQ(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? std::optional(thousandths) : std::nullopt;
}

// Cuts what stands before the next `separator` off the front of `rest`.
std::string_view NextPart(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Trim(part);
}

// The weight of one list element whose coding was cut off already: 1 unless `q=` says otherwise.
std::optional<int> Weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = NextPart(parameters, ';');
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !EqualsIgnoringCase(Trim(parameter.substr(0, equals)), "q"))
      continue;
    return ParseQ(Trim(parameter.substr(equals + 1)));
  }
  return 1000;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
  while (!accept_encoding.empty()) {
    std::string_view element = NextPart(accept_encoding, ',');
    const std::string_view coding = NextPart(element, ';');
    const std::optional<int> q = Weight(element);
    if (!q) continue;
    // Named twice: the kinder value counts, as clients that merge headers of two libraries mean it.
    if (EqualsIgnoringCase(coding, "gzip") || EqualsIgnoringCase(coding, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), *q);
    } else if (EqualsIgnoringCase(coding, "identity")) {
      identity = std::max(identity.value_or(0), *q);
    } else if (coding == "*") {
      any = std::max(any.value_or(0), *q);
    }
  }
  const int q = gzip ? *gzip : any.value_or(0);
  return q > 0 && q >= identity.value_or(0);
}

}  // namespace buntime
