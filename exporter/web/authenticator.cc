#include "web/authenticator.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/wipe.h"
#include "web/basic_credentials.h"

namespace buntime {
namespace {

constexpr const char* kLimited = "more requests than the rate limit allows; try again later";

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

Authenticator::Authenticator(std::shared_ptr<const Security> security, PasswordVerifier::Post to_io,
                             PasswordVerifier::Verify verify)
    : verifier_(std::move(to_io), std::move(verify)) {
  Adopt(std::move(security));
}

void Authenticator::Adopt(std::shared_ptr<const Security> security) {
  Users users;
  for (const auto& [name, hash] : security->users) {
    User& user = users[name];
    user.hash = hash;
    if (const auto before = users_.find(name); before != users_.end() && before->second.hash == hash) {
      user.known = before->second.known;
    }
  }
  // Nothing has changed if there was no memory for it.
  security_ = std::move(security);
  users_ = std::move(users);
  const std::optional<RateLimit>& limit = security_->rate_limit;
  if (limit && admitted_ && admitted_->limit() == *limit) return;
  unproven_.clear();
  admitted_.reset();
  if (limit) admitted_.emplace(*limit);
}

std::optional<HttpResponse> Authenticator::LimitAdmitted() {
  if (!admitted_) return std::nullopt;
  const auto wait = admitted_->Take(std::chrono::steady_clock::now());
  return wait ? std::optional(TooMany(kLimited, *wait)) : std::nullopt;
}

std::optional<HttpResponse> Authenticator::LimitUnproven(std::string_view client) {
  if (!security_->rate_limit) return std::nullopt;
  const SteadyTime now = std::chrono::steady_clock::now();
  auto bucket = unproven_.find(client);
  if (bucket == unproven_.end()) {
    if (unproven_.size() >= kCountedClients) {
      std::erase_if(unproven_, [now](const auto& item) { return item.second.full(now); });
    }
    const std::string key(unproven_.size() < kCountedClients ? client : "");
    bucket = unproven_.try_emplace(key, *security_->rate_limit).first;
  }
  const auto wait = bucket->second.Take(now);
  return wait ? std::optional(TooMany(kLimited, *wait)) : std::nullopt;
}

void Authenticator::Check(const HttpRequest& request, std::string_view client, Decision decide) {
  if (users_.empty()) return decide(LimitAdmitted());
  auto credentials = ParseBasicCredentials(request.authorization);
  if (!credentials) {
    auto limited = LimitUnproven(client);
    return decide(limited ? std::move(limited) : Unauthorized("user name and password are needed"));
  }
  const auto found = users_.find(credentials->user);
  const User& user = found != users_.end() ? found->second : StandIn(credentials->user);
  const Digest digest = digester_.Of(credentials->user, credentials->password, user.hash);
  if (user.known && Equal(*user.known, digest)) {
    Wipe(credentials->password);
    return decide(LimitAdmitted());
  }
  if (auto limited = LimitUnproven(client)) {
    Wipe(credentials->password);
    return decide(std::move(limited));
  }
  verifier_.Submit({digest, std::move(credentials->password), user.hash, std::string(client)},
                   [this, name = std::move(credentials->user), hash = user.hash, digest,
                    decide = std::move(decide)](LoginResult result) {
                     if (result == LoginResult::kGood && !Remember(name, hash, digest))
                       result = LoginResult::kBad;
                     decide(Verdict(result));
                   });
}

// Hash to verify for an unknown user, derived from the name, so that timing does not reveal which users
// exist.
const Authenticator::User& Authenticator::StandIn(std::string_view name) const {
  std::size_t number = 0;
  const Digest digest = digester_.Of(name, "", "");
  std::memcpy(&number, digest.data(), sizeof(number));
  return std::next(users_.begin(), static_cast<Users::difference_type>(number % users_.size()))->second;
}

// False where there is no such user, or a reload has given it another password meanwhile.
bool Authenticator::Remember(const std::string& name, const std::string& hash, const Digest& digest) {
  const auto user = users_.find(name);
  if (user == users_.end() || user->second.hash != hash) return false;
  user->second.known = digest;
  return true;
}

}  // namespace buntime
