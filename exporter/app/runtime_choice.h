// Which runtime a request means: `?runtime=NAME`. Pure function.
#pragma once

#include <memory>
#include <variant>

#include "model/fleet.h"
#include "web/http.h"

namespace buntime {

/// What a request that names no runtime means where there are several.
enum class Unnamed { kTheFirst, kRefused };

/// The runtime, or a 400 that lists the names: none, where the exporter only probes.
std::variant<std::shared_ptr<const Runtime>, HttpResponse> ChooseRuntime(const Fleet& fleet,
                                                                         const HttpRequest& request,
                                                                         Unnamed unnamed);

}  // namespace buntime
