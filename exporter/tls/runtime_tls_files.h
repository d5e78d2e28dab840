// Whether the files that TLS to a runtime needs are fit for use. The exchanges are fetch's, whose library
// says so only when it uses them; this says so beforehand. It stands here because only web knows OpenSSL.
// Used by app; keeps no state.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/target.h"

namespace buntime {

/// Reads the CA, the certificate and the key that `tls` names: they have to be there and to belong together.
/// Errors begin with where the file is named. What comes back are warnings of the same form: it can be used,
/// but at the Unix time `now` something has expired.
Result<std::vector<std::string>> CheckTlsFiles(const TlsClient& tls, double now);

}  // namespace buntime
