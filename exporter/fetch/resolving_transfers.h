// Transfers that wait for the addresses of their host names, found by name, by deadline and by id. Used by
// the fetcher, on its thread. Private to fetch.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fetch/transfer.h"

namespace buntime {

class ResolvingTransfers {
 public:
  using Owned = std::unique_ptr<Transfer>;

  void Add(Owned transfer) {
    by_name_.emplace(transfer->wanted_name(), transfer->id());
    by_deadline_.emplace(transfer->deadline(), transfer->id());
    const Fetcher::TransferId id = transfer->id();
    by_id_.emplace(id, std::move(transfer));
  }

  /// Null: it is not among them.
  Owned Take(Fetcher::TransferId id) {
    auto node = by_id_.extract(id);
    if (node.empty()) return nullptr;
    Owned transfer = std::move(node.mapped());
    by_name_.erase({transfer->wanted_name(), id});
    by_deadline_.erase({transfer->deadline(), id});
    return transfer;
  }

  std::vector<Owned> TakeNamed(const std::string& name) {
    std::vector<Owned> taken;
    for (auto it = by_name_.lower_bound({name, 0}); it != by_name_.end() && it->first == name;)
      taken.push_back(Take((it++)->second));
    return taken;
  }

  std::vector<Owned> TakeOverdue(SteadyTime now) {
    std::vector<Owned> taken;
    while (NextDeadline() <= now) taken.push_back(Take(by_deadline_.begin()->second));
    return taken;
  }

  SteadyTime NextDeadline() const {
    return by_deadline_.empty() ? SteadyTime::max() : by_deadline_.begin()->first;
  }

 private:
  std::map<Fetcher::TransferId, Owned> by_id_;
  std::set<std::pair<std::string, Fetcher::TransferId>> by_name_;
  std::set<std::pair<SteadyTime, Fetcher::TransferId>> by_deadline_;
};

}  // namespace buntime
