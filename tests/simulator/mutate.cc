#include "simulator/mutate.h"

#include <array>
#include <cstddef>
#include <functional>

namespace buntime::simulator {
namespace {

// Printable, so that it survives rendering; the real bytes take its place afterwards.
constexpr std::string_view kMarker = "not-utf8-here";
constexpr std::string_view kNotUtf8 = "\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xc3";

constexpr std::string_view kOddState = "\":\"hibernating\"";

using Replace = std::function<std::string(std::string_view token)>;

// Copies compact JSON and passes every number, and every string that is a value, through `replace`.
std::string MapScalars(std::string_view body, bool strings_too, const Replace& replace) {
  std::string out;
  out.reserve(body.size() + body.size() / 4);
  for (std::size_t i = 0; i < body.size();) {
    std::size_t end = i + 1;
    if (body[i] == '"') {
      while (end < body.size() && body[end] != '"') end += body[end] == '\\' ? 2U : 1U;
      ++end;
      const bool key = end < body.size() && body[end] == ':';
      const std::string_view token = body.substr(i, end - i);
      out += strings_too && !key ? replace(token) : std::string(token);
    } else if (body[i] == '-' || (body[i] >= '0' && body[i] <= '9')) {
      end = std::min(body.find_first_of(",]}", i), body.size());
      out += replace(body.substr(i, end - i));
    } else {
      out += body[i];
    }
    i = end;
  }
  return out;
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

const std::array<std::string, 18>& HostileNames() {
  static const std::array<std::string, 18> names = {
      "quo\"te@1\"",
      "back\\slash\\@1",
      "new\nline\r@1",
      "tab\t@\t",
      std::string("nul\0byte@1", 10),
      "<script>alert(1)</script>@1",
      "\"><img src=x onerror=alert(1)>@1",
      "\xE2\x80\xAE"
      "txt.exe@1",  // right-to-left override
      "\xF0\x9F\x92\xA9@\xE2\x98\x83",
      "",
      "@",
      "@@@",
      "@scope/only",
      "trailing@",
      "two@at@signs",
      "{job=\"x\"} 1\n# TYPE evil counter",
      "__proto__",
      std::string(10'000, 'x') + "@" + std::string(10'000, '9')};
  return names;
}

// Enough rows for every name, whatever the world has at the moment.
void AtLeast(View& view, std::size_t count) {
  while (view.rows.size() < count) {
    WorkerRow row = view.rows.empty() ? WorkerRow{} : view.rows[view.rows.size() % 7 % view.rows.size()];
    row.id = "worker-extra-" + std::to_string(view.rows.size());
    row.key = "extra-" + std::to_string(view.rows.size()) + "@1.0.0";
    view.rows.push_back(std::move(row));
  }
}

}  // namespace

void CorruptView(const Fault& fault, View& view) {
  if (fault.id == FaultId::kNotInitialised) view.initialised = false;
  if (fault.id == FaultId::kTooManyWorkers) AtLeast(view, static_cast<std::size_t>(fault.number));
  if (fault.id == FaultId::kDuplicateIds) {
    AtLeast(view, 3);
    for (WorkerRow& row : view.rows) row.id = "worker-abc-123";
    for (WorkerRow& row : view.rows) row.key = view.rows.front().key;
  }
  if (fault.id == FaultId::kHostileNames) {
    const auto& names = HostileNames();
    AtLeast(view, names.size());
    for (std::size_t i = 0; i < names.size(); ++i) view.rows[i].id = view.rows[i].key = names.at(i);
  }
  if (fault.id == FaultId::kLongIds || fault.id == FaultId::kInvalidUtf8) {
    AtLeast(view, 1);
    const std::string prefix =
        fault.id == FaultId::kLongIds ? std::string(fault.size, 'n') : std::string(kMarker);
    for (WorkerRow& row : view.rows) {
      row.id = prefix + row.id;
      row.key = prefix + row.key;
    }
  }
}

std::string CorruptText(const Fault& fault, std::string body) {
  const auto numbers = [&](const Replace& replace) { return MapScalars(body, false, replace); };
  if (fault.id == FaultId::kBom) return "\xEF\xBB\xBF" + body;
  if (fault.id == FaultId::kTrailing) return body + body;
  if (fault.id == FaultId::kNan) return numbers([](std::string_view) { return "NaN"; });
  if (fault.id == FaultId::kOverflow) return numbers([](std::string_view) { return "1e999"; });
  if (fault.id == FaultId::kNegative) {
    return numbers([](std::string_view number) { return number == "0" ? "-1" : "-" + std::string(number); });
  }
  if (fault.id == FaultId::kStrings) {
    return numbers([](std::string_view number) { return "\"" + std::string(number) + "\""; });
  }
  if (fault.id == FaultId::kNull) return MapScalars(body, true, [](std::string_view) { return "null"; });
  if (fault.id == FaultId::kInvalidUtf8) return ReplaceAll(std::move(body), kMarker, kNotUtf8);
  if (fault.id == FaultId::kUnknownStates) {
    // Every state of both dialects gets a word that neither knows.
    for (const std::string_view state : kRowStateNames) {
      const std::string tail = "\":\"" + std::string(state) + "\"";
      for (const std::string field : {"\"state", "\"status"}) {
        body = ReplaceAll(std::move(body), std::string(field).append(tail),
                          std::string(field).append(kOddState));
      }
    }
  }
  return body;
}

}  // namespace buntime::simulator
