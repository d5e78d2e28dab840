// Decides whether a request is let in: first the rate limit, then the password. Keeps what outlasts a
// request: the bucket, and which credentials were found good.
//
// Threading: the I/O thread, but for Stop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "web/login_desk.h"
#include "web/password.h"
#include "web/request_reader.h"
#include "web/security.h"
#include "web/server.h"
#include "web/token_bucket.h"

namespace buntime {

class Guard {
 public:
  /// Empty: let in; else what to answer instead.
  using Decision = std::function<void(std::optional<HttpResponse>)>;

  /// `verify` is PasswordMatches, or stands in for it.
  Guard(std::shared_ptr<const Security> security, LoginDesk::Post to_io, LoginDesk::Verify verify);

  const Security& security() const { return *security_; }
  /// Good credentials of users that stay the same stay known; a bucket that stays the same keeps its level.
  void Adopt(std::shared_ptr<const Security> security);

  /// Calls `decide` once, at once or later. `client` is whom the fairness between clients knows.
  void Check(const RequestHead& request, std::string_view client, Decision decide);

  /// Ends the checks under way; later ones are never decided.
  void Stop() { desk_.Stop(); }

 private:
  struct User {
    std::string hash;
    std::optional<Digest> known;  // of the credentials that were found good
  };
  using Users = std::map<std::string, User, std::less<>>;

  void CheckLogin(const RequestHead& request, std::string_view client, Decision decide);
  const User& StandIn(std::string_view name) const;
  bool Remember(const std::string& name, const std::string& hash, const Digest& digest);

  const Digester digester_;
  std::shared_ptr<const Security> security_;
  Users users_;
  std::optional<TokenBucket> bucket_;
  LoginDesk desk_;
};

}  // namespace buntime
