// Builds snapshots by hand, the way decode would.
#pragma once

#include <string>
#include <string_view>

#include "model/snapshot.h"

namespace buntime {

inline TextRef AddText(Snapshot& snapshot, std::string_view text) {
  const TextRef ref{static_cast<std::uint32_t>(snapshot.text.size()),
                    static_cast<std::uint32_t>(text.size())};
  snapshot.text += text;
  return ref;
}

inline Worker& AddWorker(Snapshot& snapshot, std::string_view id, std::string_view app,
                         std::string_view version = {}) {
  snapshot.workers_reported = true;
  Worker worker;
  worker.id = AddText(snapshot, id);
  worker.app = AddText(snapshot, app);
  worker.version = AddText(snapshot, version);
  snapshot.workers.push_back(worker);
  return snapshot.workers.back();
}

}  // namespace buntime
