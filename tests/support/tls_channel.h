// TLS for the script server, on OpenSSL.
#pragma once

#include <string>

#include "support/script_server.h"
#include "support/test_pki.h"

namespace buntime::testing {

/// For ScriptServer: serves with `files`; with a `client_ca` it demands a client certificate that this CA
/// signed. With a `server_name` it turns clients away that ask for another one.
ScriptServer::Wrap ServeTls(const CertificateFiles& files, const std::string& client_ca = "",
                            const std::string& server_name = "");

}  // namespace buntime::testing
