// Turns what was read of each worker into Snapshot::workers: names, duplicates, labels. Used by the stats
// handler while a body is parsed. Not thread-safe; lives as long as one decoding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace buntime {

class WorkerTable {
 public:
  /// Adds to `snapshot`, which outlives the roster.
  explicit WorkerTable(Snapshot& snapshot) : snapshot_(snapshot) {}

  /// A name on its way to End.
  struct Name {
    std::string_view text;
    std::uint32_t hash = 0;
  };

  /// To be called as soon as an id is seen: with many workers the look for its like waits for memory, and
  /// what is read of the worker in the meantime hides that.
  Name Announce(std::string_view id) const;

  /// A worker to be filled in, in its final place: copying a finished one costs more than the rest of adding
  /// it. Valid until the next call.
  Worker& Begin() { return snapshot_.workers.emplace_back(); }

  /// Names the worker that Begin made. Without an id it is left out, and so is one whose id was there before.
  /// An empty `app` follows from the id. Both names are UTF-8.
  void End(const Name& name, std::string_view app);

  /// Makes room for `workers` in all, with names as long as those so far.
  void Reserve(std::size_t workers);

  std::size_t size() const { return snapshot_.workers.size(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // of the worker, from 1; 0: free
  };
  static constexpr std::size_t kRecentApps = 1024;

  void LeaveOut(Anomaly why);
  std::string_view CutLabel(std::string_view label);
  TextRef Append(std::string_view text);
  void NameApp(Worker& worker, std::string_view text);
  void NameLongApp(Worker& worker, std::string_view text);
  std::uint32_t HashId(std::string_view id) const;
  bool InsertId(const Name& id);
  void Grow(std::size_t slots);

  Snapshot& snapshot_;
  std::vector<Slot> ids_;                           // open addressing, a power of two, at most half full
  std::array<TextRef, kRecentApps> recent_apps_{};  // whole, `name@version`
};

}  // namespace buntime
