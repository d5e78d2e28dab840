// Reads the certificates and the key that a web configuration names. Used by TlsContext only.
#pragma once

#include <string>

#include "base/result.h"
#include "model/web_config.h"
#include "web/openssl_handles.h"

namespace buntime {

/// At least one certificate. Blocks of other kinds are skipped. Errors begin with where the file is named.
Result<CertificateChain> ReadCertificates(const PemSource& source);

/// The first private key. It must not be encrypted: there is nobody to ask for its passphrase.
Result<KeyPtr> ReadKey(const PemSource& source);

}  // namespace buntime
