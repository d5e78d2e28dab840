#include "app/runtime_choice.h"

#include <algorithm>
#include <string>

#include "app/document_answer.h"
#include "base/text.h"
#include "web/query.h"

namespace buntime {

std::variant<std::shared_ptr<const Runtime>, HttpResponse> ChooseRuntime(const Fleet& fleet,
                                                                         const HttpRequest& request,
                                                                         Unnamed unnamed) {
  const auto& runtimes = fleet.runtimes;
  const std::string wanted = QueryParameter(request.query, "runtime").value_or("");
  const auto found = std::ranges::find(runtimes, wanted, [](const auto& runtime) { return runtime->name; });
  if (found != runtimes.end()) return *found;
  const bool clear = runtimes.size() == 1 || (unnamed == Unnamed::kTheFirst && !runtimes.empty());
  if (wanted.empty() && clear) return runtimes.front();

  std::string names = ",\"runtimes\":[";
  for (const auto& runtime : runtimes) {
    if (!names.ends_with('[')) names += ',';
    AppendJsonString(names, runtime->name);
  }
  names += ']';
  if (runtimes.empty())
    return JsonError(400, "no runtime is polled here: /probe asks those it is told", names);
  if (wanted.empty())
    return JsonError(400, "there are several runtimes: say which with ?runtime=NAME", names);
  return JsonError(400, "there is no runtime " + Printable(wanted, 80) + ": take one of `runtimes`", names);
}

}  // namespace buntime
