#include "support/test_pki.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is not in <cstdlib>

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>

#include "base/deleter.h"

namespace buntime::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using File = std::unique_ptr<std::FILE, Deleter<std::fclose>>;

constexpr long kHour = 3600;

File Open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (!file) throw std::runtime_error("cannot open " + path);
  return file;
}

void Extend(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  if (!extension) throw std::runtime_error("bad extension " + value);
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate NewCertificate(EVP_PKEY* key, const std::string& name, bool expired) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()),
                   static_cast<long>(std::hash<std::string>{}(name) >> 33U));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -kHour : kHour);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

CertificateFiles Write(const TempDir& directory, const std::string& name, X509* certificate, EVP_PKEY* key) {
  CertificateFiles files{directory.path(name + ".pem"), directory.path(name + ".key")};
  PEM_write_X509(Open(files.certificate, "w").get(), certificate);
  PEM_write_PrivateKey(Open(files.key, "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "buntime-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a directory");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TestPki::TestPki(const TempDir& directory, const std::string& name) : directory_(directory) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = NewCertificate(key.get(), name, false);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  Extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  ca_ = Write(directory_, name, certificate.get(), key.get());
}

CertificateFiles TestPki::Issue(const Subject& subject) const {
  const Certificate ca(PEM_read_X509(Open(ca_.certificate, "r").get(), nullptr, nullptr, nullptr));
  const Key ca_key(PEM_read_PrivateKey(Open(ca_.key, "r").get(), nullptr, nullptr, nullptr));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = NewCertificate(key.get(), subject.name, subject.expired);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca.get()));
  if (!subject.alt_names.empty())
    Extend(certificate.get(), ca.get(), NID_subject_alt_name, subject.alt_names);
  X509_sign(certificate.get(), ca_key.get(), EVP_sha256());
  return Write(directory_, subject.name, certificate.get(), key.get());
}

}  // namespace buntime::testing
