// The names in a client's certificate, and whether one of them is allowed. Pure; used by TlsContext.
#pragma once

#include <string>
#include <vector>

#include "tls/openssl_handles.h"

namespace buntime {

/// Whether one of the certificate's DNS names, e-mail addresses, URIs or IP addresses is among `allowed`.
/// Letters and bytes count as they are: no wildcards, no folding of case. IP addresses are compared as
/// addresses, whatever their spelling.
bool HasAllowedName(const X509& certificate, const std::vector<std::string>& allowed);

}  // namespace buntime
