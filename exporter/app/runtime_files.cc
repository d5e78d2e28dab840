#include "app/runtime_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/wipe.h"
#include "fetch/fetcher.h"
#include "tls/runtime_tls_files.h"

namespace buntime {
namespace {

// Runtimes, and what modules of /probe say of their targets.
std::vector<const Target*> Polled(const Config& config) {
  std::vector<const Target*> polled;
  for (const Target& target : config.targets) polled.push_back(&target);
  for (const auto& module : config.modules) polled.push_back(&module->target);
  return polled;
}

std::optional<Error> CheckSecret(const Place& place, const std::string& file) {
  auto secret = ReadSecretFile(file);
  if (!secret) return Error{place.text + ": " + secret.error().message};
  Wipe(*secret);
  return std::nullopt;
}

}  // namespace

Result<Warnings> CheckFiles(const Target& target, double now) {
  if (target.credential.kind != Credential::Kind::kNone) {
    if (auto error = CheckSecret(target.credential.file_place, target.credential.file))
      return *std::move(error);
  }
  for (const RequestHeader& header : target.headers) {
    if (header.file.empty()) continue;
    if (auto error = CheckSecret(header.file_place, header.file)) return *std::move(error);
  }
  const TlsClient& tls = target.tls;
  auto warnings = CheckTlsFiles(tls, now);
  if (warnings && tls.insecure_skip_verify) {
    warnings->push_back(
        tls.verify_place.text +
        ": nobody checks who answers, so anyone on the way can read the credential and invent the "
        "numbers: name the runtime's CA in ca_file instead");
  }
  return warnings;
}

Result<Warnings> CheckRuntimeFiles(const Config& config, double now) {
  Warnings all;
  for (const Target* const target : Polled(config)) {
    auto warnings = CheckFiles(*target, now);
    if (!warnings) return warnings;
    for (std::string& warning : *warnings) all.push_back(std::move(warning));
  }
  return all;
}

void LogWarnings(const Warnings& warnings, const Warnings& said, Log& log) {
  for (const std::string& warning : warnings) {
    if (std::ranges::find(said, warning) == said.end())
      log.Warn("look at the configuration", {{"cause", warning}});
  }
}

std::vector<std::string> RuntimeFiles(const Config& config) {
  std::vector<std::string> files;
  for (const Target* const target : Polled(config)) {
    for (const std::string* file :
         {&target->credential.file, &target->tls.ca_file, &target->tls.cert_file, &target->tls.key_file}) {
      if (!file->empty()) files.push_back(*file);
    }
    for (const RequestHeader& header : target->headers) {
      if (!header.file.empty()) files.push_back(header.file);
    }
  }
  return files;
}

}  // namespace buntime
