// What an answer to a request for stats says: a snapshot, or why there is none. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "fetch/fetcher.h"
#include "model/layout.h"
#include "model/outcome.h"
#include "model/snapshot.h"
#include "model/target.h"

namespace buntime {

/// `url` is what was asked, for messages; `layout` says how the body is to be read.
Result<Snapshot, PollError> ReadStats(const Target& target, ExchangeResult result, Layout layout,
                                      const std::string& url);

}  // namespace buntime
