#include "fuzz/config_fuzz.h"

#include "base/text.h"
#include "config/bcrypt_hash.h"
#include "config/config_file.h"
#include "config/web_config_file.h"
#include "fuzz/promise.h"

namespace buntime::testing {
namespace {

constexpr const char* kPath = "folder/file.yml";

void CheckError(const Error& error) {
  Promise(error.message.starts_with(kPath), "an error names the file");
  Promise(error.message.size() < 600, "an error is short");
  Promise(Printable(error.message, 1000) == error.message, "an error is one printable line");
}

void CheckPem(const PemSource& pem) {
  Promise(pem.file.empty() != pem.text.empty(), "a certificate comes from a file or stands inline");
  Promise(pem.where.starts_with(kPath), "a certificate knows its line");
}

void CheckTls(const WebTls& tls) {
  CheckPem(tls.certificate);
  CheckPem(tls.key);
  if (tls.client_ca) {
    CheckPem(*tls.client_ca);
    Promise(tls.client_auth != ClientAuth::kNoClientCert, "a CA is asked for certificates");
  }
  Promise(tls.client_allowed_sans.empty() || tls.client_auth == ClientAuth::kRequireAnyClientCert ||
              tls.client_auth == ClientAuth::kRequireAndVerifyClientCert,
          "names are looked for in certificates that must be there");
  Promise(tls.min_version <= tls.max_version, "some version is spoken");
  Promise(!tls.cipher_suites.empty() && !tls.curves.empty(), "suites and curves are chosen");
}

}  // namespace

void CheckConfigs(const std::string& text) {
  if (const auto file = ParseConfigFile(text, kPath); !file) {
    CheckError(file.error());
  } else {
    for (const Settings& runtime : file->runtimes) Promise(runtime.contains("url"), "a runtime has a URL");
  }
  const auto web = ParseWebConfig(text, kPath);
  if (!web) return CheckError(web.error());
  if (web->tls) CheckTls(*web->tls);
  for (const auto& [name, hash] : web->users) {
    Promise(!BcryptProblem(hash) && name.find(':') == std::string::npos, "users can log in");
  }
  for (const auto& [name, value] : web->headers) {
    Promise(Printable(value, value.size()) == value && !value.empty(), "headers are one printable line");
  }
  if (web->rate_limit) {
    Promise(web->rate_limit->interval > Duration::zero() && web->rate_limit->burst > 0,
            "a limit lets some pass");
  }
  Promise(ParseWebConfig(text, kPath).value() == *web, "the same text gives the same configuration");
}

}  // namespace buntime::testing
