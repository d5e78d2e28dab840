#include "web/guard.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

#include "web/basic_credentials.h"
#include "web/response_head.h"

namespace buntime {
namespace {

HttpResponse Unauthorized(std::string why) {
  HttpResponse response = PlainAnswer(401, std::move(why));
  response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="Buntime exporter", charset="UTF-8")");
  return response;
}

HttpResponse TooMany(std::string why, Duration wait) {
  HttpResponse response = PlainAnswer(429, std::move(why));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  return response;
}

std::optional<HttpResponse> Verdict(LoginResult result) {
  switch (result) {
    case LoginResult::kGood:
      return std::nullopt;
    case LoginResult::kBad:
      return Unauthorized("user name or password is wrong");
    case LoginResult::kBusy:
      break;
  }
  return TooMany("too many logins are being checked; try again in a moment", std::chrono::seconds(1));
}

}  // namespace

Guard::Guard(std::shared_ptr<const Security> security, LoginDesk::Post to_io, LoginDesk::Verify verify)
    : desk_(std::move(to_io), std::move(verify)) {
  Adopt(std::move(security));
}

void Guard::Adopt(std::shared_ptr<const Security> security) {
  security_ = std::move(security);
  Users users;
  for (const auto& [name, hash] : security_->users) {
    User& user = users[name];
    user.hash = hash;
    if (const auto before = users_.find(name); before != users_.end() && before->second.hash == hash) {
      user.known = before->second.known;
    }
  }
  users_ = std::move(users);
  if (!security_->rate_limit) {
    bucket_.reset();
  } else if (!bucket_ || bucket_->limit() != *security_->rate_limit) {
    bucket_.emplace(*security_->rate_limit);
  }
}

void Guard::Check(const RequestHead& request, std::string_view client, Decision decide) {
  if (bucket_) {
    if (const auto wait = bucket_->Take(std::chrono::steady_clock::now())) {
      return decide(TooMany("more requests than the rate limit allows; try again later", *wait));
    }
  }
  if (users_.empty()) return decide(std::nullopt);
  CheckLogin(request, client, std::move(decide));
}

void Guard::CheckLogin(const RequestHead& request, std::string_view client, Decision decide) {
  auto credentials = ParseBasicCredentials(request.authorization);
  if (!credentials) return decide(Unauthorized("user name and password are needed"));
  const auto found = users_.find(credentials->user);
  const bool exists = found != users_.end();
  const User& user = exists ? found->second : StandIn(credentials->user);
  const Digest digest = digester_.Of(credentials->user, credentials->password, user.hash);
  if (user.known && Equal(*user.known, digest)) {
    Forget(credentials->password);
    return decide(std::nullopt);
  }
  desk_.Submit({digest, std::move(credentials->password), user.hash, std::string(client)},
               [this, name = std::move(credentials->user), hash = user.hash, digest,
                decide = std::move(decide)](LoginResult result) {
                 if (result == LoginResult::kGood && !Remember(name, hash, digest))
                   result = LoginResult::kBad;
                 decide(Verdict(result));
               });
}

// Whose hash is checked for a name that does not exist: the time that takes tells nothing, and asking again
// does not, either.
const Guard::User& Guard::StandIn(std::string_view name) const {
  std::size_t number = 0;
  const Digest digest = digester_.Of(name, "", "");
  std::memcpy(&number, digest.data(), sizeof(number));
  return std::next(users_.begin(), static_cast<Users::difference_type>(number % users_.size()))->second;
}

// False where there is no such user, or a reload has given it another password meanwhile.
bool Guard::Remember(const std::string& name, const std::string& hash, const Digest& digest) {
  const auto user = users_.find(name);
  if (user == users_.end() || user->second.hash != hash) return false;
  user->second.known = digest;
  return true;
}

}  // namespace buntime
