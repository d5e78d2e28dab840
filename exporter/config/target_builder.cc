#include "config/target_builder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/labels_and_headers.h"

namespace buntime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 30;

void ReadUrl(SettingReader& reader, Target& target) {
  const Setting* setting = reader.Find("url");
  const auto parsed = ParseRuntimeUrl(setting->value);
  if (parsed) {
    target.url = *parsed;
    return;
  }
  // A password or a key may stand in it: such a value is not repeated.
  const bool harmless = setting->value.find_first_of("@?#") == std::string::npos;
  reader.Refuse({harmless ? setting->value : "…", setting->where}, parsed.error().message);
}

void ReadCredential(SettingReader& reader, Target& target) {
  constexpr std::array<std::pair<std::string_view, Credential::Kind>, 3> kFiles = {
      {{"api_key_file", Credential::Kind::kApiKey},
       {"bearer_token_file", Credential::Kind::kBearer},
       {"basic_auth.password_file", Credential::Kind::kBasic}}};
  for (const auto& [key, kind] : kFiles) {
    const Setting* setting = reader.Find(key);
    if (setting == nullptr) continue;
    if (target.credential.kind != Credential::Kind::kNone) {
      reader.Refuse(*setting,
                    "another credential is given: choose one of api_key_file, bearer_token_file, basic_auth");
    }
    target.credential.kind = kind;
    target.credential.file = setting->value;
    target.credential.file_place = {setting->where};
  }
  const Setting* username = reader.Find("basic_auth.username");
  const bool basic = target.credential.kind == Credential::Kind::kBasic;
  if (username != nullptr && (!basic || username->value.find(':') != std::string::npos ||
                              Printable(username->value) != username->value)) {
    reader.Refuse(*username, basic ? "expected printable characters without a colon"
                                   : "basic_auth.password_file is missing beside it");
  } else if (username != nullptr) {
    target.credential.username = username->value;
  } else if (basic) {
    reader.Refuse(*reader.Find("basic_auth.password_file"), "basic_auth.username is missing beside it");
  }
}

void ReadTls(SettingReader& reader, Target& target) {
  TlsClient& tls = target.tls;
  tls.ca_file = reader.Text("tls.ca_file");
  tls.ca_place = {reader.Where("tls.ca_file")};
  tls.cert_file = reader.Text("tls.cert_file");
  tls.cert_place = {reader.Where("tls.cert_file")};
  tls.key_file = reader.Text("tls.key_file");
  tls.key_place = {reader.Where("tls.key_file")};
  tls.server_name = reader.Text("tls.server_name");
  tls.insecure_skip_verify = reader.Flag("tls.insecure_skip_verify", false);
  tls.verify_place = {reader.Where("tls.insecure_skip_verify")};
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    reader.Refuse(*reader.Find(tls.cert_file.empty() ? "tls.key_file" : "tls.cert_file"),
                  "a certificate and its key belong together: give tls.cert_file and tls.key_file");
  }
}

void ReadAccess(SettingReader& reader, Target& target) {
  target.plugin_base = reader.UrlPrefix("plugin_base", "/metrics");
  target.layout = reader.Choice<std::optional<Layout>, 5>("layout", {{{"auto", std::nullopt},
                                                                      {"admin", Layout::kAdmin},
                                                                      {"api", Layout::kApi},
                                                                      {"documented", Layout::kDocumented},
                                                                      {"open", Layout::kOpen}}});
  if (reader.Find("pool_size") != nullptr) {
    target.pool_size = static_cast<double>(reader.Number("pool_size", 1, 1, 1'000'000));
  }
  ReadCredential(reader, target);
  ReadTls(reader, target);
  ReadHeaders(reader, target);
}

// How much of an answer is taken, and kept.
void ReadBounds(SettingReader& reader, Duration least_window, Target& target) {
  target.peak_window =
      reader.Time("peak_window", std::max<Duration>(seconds(60), target.interval), least_window);
  target.max_body = reader.Size("max_body", std::uint64_t{16} << 20, 1024, kMaxBody);
  target.app_limit = reader.Number("app_limit", 2000, 0, 1'000'000);
  target.worker_limit = reader.Number("worker_limit", 1000, 0, 1'000'000);
}

void ReadPoll(SettingReader& reader, Target& target) {
  target.interval = reader.Time("interval", seconds(5), milliseconds(100));
  target.timeout = reader.Time("timeout", std::min<Duration>(seconds(3), target.interval), milliseconds(10));
  if (target.timeout > target.interval) {
    reader.Refuse(*reader.Find("timeout"),
                  "expected at most the interval, " + FormatDuration(target.interval));
  }
  target.stale_after = reader.Time("stale_after", 2 * target.interval + target.timeout, target.interval);
  ReadBounds(reader, target.interval, target);
}

}  // namespace

Result<Target> BuildTarget(std::vector<const Settings*> layers) {
  SettingReader reader(std::move(layers));
  Target target;
  ReadUrl(reader, target);
  target.name = reader.Text("name");
  if (!IsUtf8(target.name) || Printable(target.name, 128) != target.name) {
    reader.Refuse(*reader.Find("name"), "expected a name of at most 128 printable characters");
  }
  ReadAccess(reader, target);
  if (const auto repeated = RepeatedPluginBase(target.url, target.plugin_base)) {
    reader.Refuse(*reader.Find("url"), "drop " + std::string(*repeated) + " from its end: the plugin base " +
                                           target.plugin_base + " is appended to it");
  }
  ReadLabels(reader, target);
  ReadProxy(reader, target);
  ReadPoll(reader, target);
  if (reader.error()) return *reader.error();
  return target;
}

Result<Module> BuildModule(const ModuleSettings& module, const Settings& flags, const Settings& defaults) {
  constexpr Duration kLongest = seconds(60);  // the server waits 90 s for a whole exchange
  Module result;
  result.name = module.name.value;
  Target& target = result.target;
  SettingReader reader({&module.settings});
  if (!IsUtf8(result.name) || Printable(result.name, 128) != result.name) {
    return Error{module.name.where + ": expected a name of at most 128 printable characters"};
  }
  ReadAccess(reader, target);
  target.timeout = reader.Time("timeout", kLongest, milliseconds(10));
  if (target.timeout > kLongest) {
    reader.Refuse(*reader.Find("timeout"), "expected at most " + FormatDuration(kLongest));
  }
  target.interval = reader.Time("interval", seconds(60), milliseconds(100));
  target.stale_after = target.interval;
  if (reader.error()) return *reader.error();
  SettingReader bounds({&flags, &module.settings, &defaults});
  ReadBounds(bounds, seconds(1), target);  // how often it will be probed is not known yet
  if (bounds.error()) return *bounds.error();

  if (!module.allowed_targets) {
    return Error{
        module.name.where +
        " has no allowed_targets: name the networks or hosts that may be probed, such as 10.0.0.0/8:8000"};
  }
  auto allowed = AddressRules::Parse(module.allowed);
  if (!allowed) return Error{module.allowed_targets->where + ": " + allowed.error().message};
  target.allowed = std::make_shared<const AddressRules>(std::move(*allowed));
  return result;
}

}  // namespace buntime
