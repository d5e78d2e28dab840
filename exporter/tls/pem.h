// Reads certificates and keys, those of the server and those that are shown to runtimes. Used within web
// only.
#pragma once

#include <string>

#include "base/result.h"
#include "model/web_config.h"
#include "tls/openssl_handles.h"

namespace buntime {

/// At least one certificate. Blocks of other kinds are skipped. Errors begin with where the file is named.
Result<CertificateChain> ReadCertificates(const PemSource& source);

/// Unix time at which it ends.
double ExpiryOf(const X509& certificate);

/// The first private key. Encrypted keys are refused: a service has no way to enter a passphrase.
Result<KeyPtr> ReadKey(const PemSource& source);

}  // namespace buntime
