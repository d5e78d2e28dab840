#include "decode/worker_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "decode/short_text.h"

namespace buntime {
namespace {

struct AppName {
  std::string_view app;
  std::string_view version;
};

// `@team/app@1.2.0`: the last @ ends the name, unless it is the one that starts a scope.
AppName SplitApp(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

// `text` stands at `whole`: names its parts without another copy.
void Refer(Worker& worker, std::string_view text, TextRef whole) {
  const AppName name = SplitApp(text);
  worker.app = {whole.offset, static_cast<std::uint32_t>(name.app.size())};
  if (name.version.empty()) return;
  const auto size = static_cast<std::uint32_t>(name.version.size());
  worker.version = {whole.offset + whole.size - size, size};
}

std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const std::uint64_t product = (a ^ b) * kOdd;
  return product ^ (product >> 29);
}

std::uint32_t Hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = Mix(seed, text.size());
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = Mix(hash, word);
    text.remove_prefix(sizeof word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  return static_cast<std::uint32_t>(Mix(hash, rest) >> 32);
}

}  // namespace

WorkerTable::Name WorkerTable::Announce(std::string_view id) const {
  const std::uint32_t hash = HashId(id);
  if (!ids_.empty()) __builtin_prefetch(&ids_[hash & (ids_.size() - 1)], 1);
  return {id, hash};
}

void WorkerTable::End(const Name& name, std::string_view app) {
  const std::string_view id = name.text;
  if (id.empty()) return LeaveOut(Anomaly::kUnnamedWorker);
  const std::string_view label = CutLabel(id);
  if (!InsertId(label.size() == id.size() ? name : Name{label, HashId(label)})) {
    return LeaveOut(Anomaly::kDuplicateWorker);
  }
  Worker& worker = snapshot_.workers.back();
  worker.id = Append(label);
  if (!app.empty()) {
    NameApp(worker, app);
  } else if (label.size() == id.size()) {
    Refer(worker, label, worker.id);  // both parts already stand in the id
  } else {
    NameLongApp(worker, id);
  }
}

void WorkerTable::LeaveOut(Anomaly why) {
  snapshot_.workers.pop_back();
  ++snapshot_.anomalies[Index(why)];
}

void WorkerTable::Reserve(std::size_t workers) {
  if (workers <= size() || size() == 0) return;
  snapshot_.text.reserve(snapshot_.text.size() * workers / size());
  snapshot_.workers.reserve(workers);
  Grow(std::bit_ceil(workers * 2));
}

std::string_view WorkerTable::CutLabel(std::string_view label) {
  if (label.size() <= kMaxLabelBytes) return label;
  ++snapshot_.anomalies[Index(Anomaly::kTruncatedLabel)];
  return CutUtf8(label, kMaxLabelBytes);
}

TextRef WorkerTable::Append(std::string_view text) {
  const TextRef ref{static_cast<std::uint32_t>(snapshot_.text.size()),
                    static_cast<std::uint32_t>(text.size())};
  snapshot_.text.append(text);
  return ref;
}

// Many workers run few apps, so the last one seen in each slot is usually the same again.
void WorkerTable::NameApp(Worker& worker, std::string_view text) {
  if (text.size() > kMaxLabelBytes) return NameLongApp(worker, text);
  TextRef& recent = recent_apps_[Hash(text, 0) % kRecentApps];
  if (!SameText(snapshot_.Text(recent), text)) recent = Append(text);
  Refer(worker, text, recent);
}

void WorkerTable::NameLongApp(Worker& worker, std::string_view text) {
  const AppName name = SplitApp(text);
  worker.app = Append(CutLabel(name.app));
  if (!name.version.empty()) worker.version = Append(CutLabel(name.version));
}

// Starts from an address, which differs from run to run, so that nobody can prepare ids that all collide.
// Nothing of the result depends on it.
std::uint32_t WorkerTable::HashId(std::string_view id) const {
  return Hash(id, std::bit_cast<std::uintptr_t>(this));
}

// Claims `id` for the last worker. False: another one has it.
bool WorkerTable::InsertId(const Name& id) {
  if (size() * 2 > ids_.size()) Grow(std::max<std::size_t>(64, ids_.size() * 2));
  const std::size_t mask = ids_.size() - 1;
  std::size_t at = id.hash & mask;
  for (; ids_[at].number != 0; at = (at + 1) & mask) {
    if (ids_[at].hash != id.hash) continue;
    if (snapshot_.Text(snapshot_.workers[ids_[at].number - 1].id) == id.text) return false;
  }
  ids_[at] = {id.hash, static_cast<std::uint32_t>(size())};
  return true;
}

void WorkerTable::Grow(std::size_t slots) {
  if (slots <= ids_.size()) return;
  std::vector<Slot> old = std::exchange(ids_, std::vector<Slot>(slots));
  const std::size_t mask = slots - 1;
  for (const Slot& slot : old) {
    if (slot.number == 0) continue;
    std::size_t at = slot.hash & mask;
    while (ids_[at].number != 0) at = (at + 1) & mask;
    ids_[at] = slot;
  }
}

}  // namespace buntime
