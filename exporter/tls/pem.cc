#include "tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <utility>

#include "base/read_file.h"
#include "base/wipe.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

Result<std::string> ReadText(const PemSource& source) {
  if (source.file.empty()) return source.text;
  auto text = ReadFile(source.file, kMaxBytes);
  if (!text) return Error{source.where + ": cannot read " + source.file + ": " + text.error().message};
  return text;
}

std::string NameOf(const PemSource& source) { return source.file.empty() ? "the text" : source.file; }

BioPtr View(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without one, OpenSSL would ask at the terminal.
int RefusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::string TakeOpensslError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

Result<CertificateChain> ReadCertificates(const PemSource& source) {
  const auto text = ReadText(source);
  if (!text) return text.error();
  ERR_clear_error();
  const BioPtr bio = View(*text);
  CertificateChain chain;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(certificate);
  }
  // The end of the text looks like an error, too.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = TakeOpensslError();
  if (!ended) {
    return Error{source.where + ": certificate " + std::to_string(chain.size() + 1) + " in " +
                 NameOf(source) + " is damaged: " + reason};
  }
  if (chain.empty()) {
    return Error{source.where + ": " + NameOf(source) +
                 " holds no certificate (-----BEGIN CERTIFICATE-----)"};
  }
  return chain;
}

double ExpiryOf(const X509& certificate) {
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end);
  return static_cast<double>(timegm(&end));
}

Result<KeyPtr> ReadKey(const PemSource& source) {
  auto text = ReadText(source);
  if (!text) return text.error();
  if (text->find("PRIVATE KEY-----") == std::string::npos) {
    return Error{source.where + ": " + NameOf(source) + " holds no private key"};
  }
  ERR_clear_error();
  bool asked = false;
  KeyPtr key;
  {
    const BioPtr bio = View(*text);
    key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, &asked));
  }
  Wipe(*text);
  if (key) return key;
  const std::string reason = TakeOpensslError();
  if (asked) {
    return Error{source.where + ": the key in " + NameOf(source) +
                 " is encrypted: give it without a passphrase and protect the file instead"};
  }
  return Error{source.where + ": the key in " + NameOf(source) + " is damaged: " + reason};
}

}  // namespace buntime
