// Decides whether a request is let in: by its password, then by the rate limit. Keeps what outlasts a
// request: the buckets, and which credentials were found good.
//
// Threading: the I/O thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "web/http.h"
#include "web/password.h"
#include "web/password_verifier.h"
#include "web/request_reader.h"
#include "web/security.h"
#include "web/token_bucket.h"

namespace buntime {

class Authenticator {
 public:
  /// Empty: let in; else what to answer instead.
  using Decision = std::function<void(std::optional<HttpResponse>)>;

  /// Clients whose requests without good credentials are counted apart; beyond them they share one bucket.
  static constexpr std::size_t kCountedClients = 4096;

  /// `verify` is PasswordMatches, or stands in for it.
  Authenticator(std::shared_ptr<const Security> security, PasswordVerifier::Post to_io,
                PasswordVerifier::Verify verify);

  const Security& security() const { return *security_; }
  /// Good credentials of users that stay the same stay known; while the limit stays the same, so do the
  /// buckets.
  void Adopt(std::shared_ptr<const Security> security);

  /// Calls `decide` once, at once or later. `client` is the key of fairness: requests without good
  /// credentials share a bucket with those of the same client only, never with requests that are let in.
  void Check(const HttpRequest& request, std::string_view client, Decision decide);

  /// Answers the checks under way with 429.
  void Stop() { verifier_.Stop(); }

 private:
  struct User {
    std::string hash;
    std::optional<Digest> known;  // of the credentials that were found good
  };
  using Users = std::map<std::string, User, std::less<>>;

  std::optional<HttpResponse> LimitAdmitted();
  std::optional<HttpResponse> LimitUnproven(std::string_view client);
  const User& StandIn(std::string_view name) const;
  bool Remember(const std::string& name, const std::string& hash, const Digest& digest);

  const Digester digester_;
  std::shared_ptr<const Security> security_;
  Users users_;
  std::optional<TokenBucket> admitted_;                       // of all requests that are let in
  std::map<std::string, TokenBucket, std::less<>> unproven_;  // of the others, by client; "" for the rest
  PasswordVerifier verifier_;
};

}  // namespace buntime
