#include "web/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "base/wipe.h"

namespace buntime {
namespace {

// bcrypt looks no further; neither may the digest, or one password would have many.
constexpr std::size_t kSeenBytes = 72;

// Where the hash proper begins behind "$2b$10$" and the salt. The salt's last character has bits that do not
// count and that libcrypt clears, so a stored salt need not come back as it was.
constexpr std::size_t kHashBegins = 29;
constexpr std::size_t kHashEnds = 60;

}  // namespace

bool Equal(const Digest& a, const Digest& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Digester::Digester() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
}

Digester::~Digester() { OPENSSL_cleanse(key_.data(), key_.size()); }

Digest Digester::Of(std::string_view user, std::string_view password, std::string_view hash) const {
  // Hashes are all of one length, and the user's is told: no two triples make the same text.
  std::string text(hash);
  text.append(std::to_string(user.size())).append(":").append(user).append(password.substr(0, kSeenBytes));
  Digest digest{};
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  Wipe(text);
  return digest;
}

bool PasswordMatches(const std::string& password, const std::string& hash) {
  std::string seen = password.substr(0, kSeenBytes);
  const auto memory = std::make_unique<crypt_data>();  // 32 KiB
  const char* const made = crypt_rn(seen.c_str(), hash.c_str(), memory.get(), sizeof(crypt_data));
  // C's strings end at a NUL; what comes behind it would not have been looked at.
  const bool whole = std::strlen(seen.c_str()) == seen.size();
  const bool matches =
      made != nullptr && std::strlen(made) == kHashEnds && hash.size() == kHashEnds &&
      CRYPTO_memcmp(made + kHashBegins, hash.data() + kHashBegins, kHashEnds - kHashBegins) == 0;
  Wipe(seen);
  OPENSSL_cleanse(memory.get(), sizeof(crypt_data));
  return matches && whole;
}

}  // namespace buntime
