// The rest of Runtime: what control does to it.
#include <utility>

#include "base/text.h"
#include "simulator/runtime.h"

namespace buntime::simulator {

void Runtime::Attach(Port* port) {
  port_ = port;
  if (port_ != nullptr && fault_ && fault_->id == FaultId::kRefuse) port_->Refuse();
}

void Runtime::SetFault(Fault fault) {
  if (fault_) ClearFault();
  const FaultId id = fault.id;
  fault_ = std::move(fault);
  if (port_ == nullptr) return;
  if (id == FaultId::kRefuse) port_->Refuse();
  if (id == FaultId::kReset) port_->Drop();
}

void Runtime::ClearFault() {
  if (!fault_) return;
  const FaultId id = std::exchange(fault_, std::nullopt)->id;
  if (port_ == nullptr) return;
  if (id == FaultId::kRefuse) port_->Accept();
  // Whoever hangs in a stalled or dripping answer is let go; the rest keep their connections.
  if (id == FaultId::kStall || id == FaultId::kStallBody || id == FaultId::kDrip ||
      id == FaultId::kSlowHeader) {
    port_->Drop();
  }
}

void Runtime::CheckExpiry() {
  if (fault_ && fault_->until_ms && time_.NowMs() >= *fault_->until_ms) ClearFault();
}

void Runtime::SetKnobs(const Knobs& knobs) {
  knobs_ = knobs;
  for (const auto& world : worlds_) {
    world->AdvanceTo(time_.NowMs());
    world->SetKnobs(knobs);
  }
}

std::optional<Error> Runtime::SetApp(const AppSpec& spec) {
  for (const auto& world : worlds_) {
    world->AdvanceTo(time_.NowMs());
    if (auto error = world->SetApp(spec)) return error;
  }
  return std::nullopt;
}

void Runtime::SetRelease(const Release& release) {
  const bool other_world = release.dialect != options_.release.dialect;
  options_.release = release;
  world_options_.documented = release.dialect == Dialect::kDocumented;
  Restart();
  // The dialects keep different books, so this process and its truth begin again.
  if (!other_world) return;
  world_options_.born_ms = time_.NowMs() / 1000 * 1000;
  const std::size_t replicas = worlds_.size();
  worlds_.clear();
  SetReplicas(replicas);
}

void Runtime::Restart() {
  for (const auto& world : worlds_) {
    world->AdvanceTo(time_.NowMs());
    world->Restart();
  }
  if (port_ != nullptr) port_->Drop();
}

Result<std::string> Runtime::Happen(std::string_view event, std::size_t count) {
  World& world = *worlds_.front();
  world.AdvanceTo(time_.NowMs());
  return world.Happen(event, count);
}

std::string Runtime::TruthJson() {
  constexpr std::array<std::string_view, 7> kNames = {"stats",  "summary", "prometheus", "sse",
                                                      "health", "page",    "not_found"};
  std::string out = "{\"url\":";
  AppendJsonString(out, port_ != nullptr ? port_->Url() : "");
  out += ",\"release\":";
  AppendJsonString(out, options_.release.name);
  out += ",\"fault\":";
  AppendJsonString(out, fault_ ? fault_->name : "");
  out += ",\"answers\":{";
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    out += '"' + std::string(kNames.at(i)) + "\":" + std::to_string(answers_.at(i)) + ',';
  }
  out += "\"unauthorised\":" + std::to_string(unauthorised_);
  out += ",\"sabotaged\":" + std::to_string(sabotaged_) + "},\"worlds\":[";
  for (const auto& world : worlds_) {
    world->AdvanceTo(time_.NowMs());
    if (out.back() != '[') out += ',';
    AppendTruth(out, world->GetTruth());
  }
  return out + "]}";
}

}  // namespace buntime::simulator
