// TLS to the runtime: what is trusted, and what is said when it is not.
#include <string>

#include "fetch/fetch_case.h"
#include "support/test_pki.h"
#include "support/tls_channel.h"

namespace buntime {
namespace {

using testing::Always;
using testing::Answer;
using testing::Authority;
using testing::FetchCase;
using testing::ScriptServer;
using testing::ServeTls;
using testing::TempDir;
using testing::TestPki;
using testing::WriteFile;

class Tls : public FetchCase {
 protected:
  Request Https(const std::string& authority) {
    Request request = Get("https://" + authority + "/stats");
    request.tls.ca_file = pki_.ca_file();
    return request;
  }
  static std::string Failed(const ScriptServer& server, const std::string& why) {
    return "TLS with " + Authority(server) + " failed: " + why;
  }

  TempDir directory_;
  TestPki pki_{directory_, "ca"};
  const testing::CertificateFiles good_ = pki_.Issue({"good", "DNS:runtime.test,IP:127.0.0.1"});
};

TEST_F(Tls, ATrustedCertificateIsGood) {
  ScriptServer server(Always(Answer("{}")), ServeTls(good_));
  ExpectAnswer(Run(Https(Authority(server))), 200, "{}");
  ExpectAnswer(Run(Https(Authority(server))), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(Tls, AnUnknownCaIsRefused) {
  const TestPki other(directory_, "other");
  ScriptServer server(Always(Answer("{}")), ServeTls(other.Issue({"stranger", "IP:127.0.0.1"})));
  const std::string message =
      Failed(server, "its certificate comes from an unknown CA: name that CA in tls.ca_file");
  ExpectError(Run(Https(Authority(server))), Outcome::kTls, message);
  Request system = Https(Authority(server));
  system.tls.ca_file.clear();
  ExpectError(Run(system), Outcome::kTls, message);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Tls, AnExpiredCertificateIsRefused) {
  ScriptServer server(Always(Answer("{}")), ServeTls(pki_.Issue({"old", "IP:127.0.0.1", true})));
  ExpectError(Run(Https(Authority(server))), Outcome::kTls,
              Failed(server, "its certificate has expired: renew it"));
}

TEST_F(Tls, ACertificateForAnotherNameIsRefused) {
  ScriptServer server(Always(Answer("{}")), ServeTls(pki_.Issue({"elsewhere", "DNS:elsewhere.test"})));
  ExpectError(
      Run(Https(Authority(server))), Outcome::kTls,
      Failed(server, "its certificate is not for 127.0.0.1: set tls.server_name to a name that it is for"));
  Request named = Https(Authority(server));
  named.tls.server_name = "wrong.test";
  ExpectError(
      Run(named), Outcome::kTls,
      Failed(server, "its certificate is not for wrong.test: set tls.server_name to a name that it is for"));
}

TEST_F(Tls, AServerNameIsVerifiedAndAskedFor) {
  const auto files = pki_.Issue({"elsewhere", "DNS:elsewhere.test"});
  ScriptServer server(Always(Answer("{}")), ServeTls(files, "", "elsewhere.test"));
  Request request = Https(Authority(server));
  request.tls.server_name = "elsewhere.test";
  ExpectAnswer(Run(request), 200, "{}");
  // The name is for TLS alone: the request still goes to whom it was meant for.
  EXPECT_NE(server.requests().at(0).find("\r\nHost: " + Authority(server) + "\r\n"), std::string::npos);
}

TEST_F(Tls, VerificationCanBeSwitchedOff) {
  ScriptServer server(Always(Answer("{}")), ServeTls(pki_.Issue({"old", "DNS:elsewhere.test", true})));
  Request request = Https(Authority(server));
  request.tls.ca_file.clear();
  request.tls.insecure_skip_verify = true;
  ExpectAnswer(Run(request), 200, "{}");
  // And a connection made without it is not used by those that verify.
  EXPECT_FALSE(Run(Https(Authority(server))).ok());
}

TEST_F(Tls, AClientCertificateIsShownWhereDemanded) {
  const auto client = pki_.Issue({"client", ""});
  ScriptServer server(Always(Answer("{}")), ServeTls(good_, pki_.ca_file()));
  Request request = Https(Authority(server));
  ExpectError(Run(request), Outcome::kTls,
              Failed(server, "it wants a client certificate: set tls.cert_file and tls.key_file"));
  request.tls.cert_file = client.certificate;
  request.tls.key_file = client.key;
  ExpectAnswer(Run(request), 200, "{}");

  const TestPki other(directory_, "other");
  const auto stranger = other.Issue({"stranger", ""});
  request.tls.cert_file = stranger.certificate;
  request.tls.key_file = stranger.key;
  ExpectError(Run(request), Outcome::kTls,
              Failed(server, "it refused the client certificate: check tls.cert_file and tls.key_file"));
}

TEST_F(Tls, FilesOfOursThatAreBadAreErrorsOfOurs) {
  ScriptServer server(Always(Answer("{}")), ServeTls(good_));
  Request request = Https(Authority(server));
  request.tls.ca_file = directory_.path("none.pem");
  ExpectError(Run(request), Outcome::kInternal, "cannot use the CA file " + request.tls.ca_file + ": *");
  request = Https(Authority(server));
  request.tls.cert_file = directory_.path("none.pem");
  request.tls.key_file = directory_.path("none.key");
  ExpectError(Run(request), Outcome::kInternal,
              "cannot use the client certificate " + request.tls.cert_file + " with the key " +
                  request.tls.key_file + ": *");
}

TEST_F(Tls, APlainPortIsRecognised) {
  ScriptServer server([](testing::Connection& connection) {
    connection.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.AwaitClose();
  });
  ExpectError(Run(Https(Authority(server))), Outcome::kTls,
              Failed(server, "the port does not speak TLS; use http:// or another port"));
}

TEST_F(Tls, ATlsPortAskedInPlainIsRecognised) {
  ScriptServer server(Always(Answer("{}")), ServeTls(good_));
  const auto result = Run(Get("http://" + Authority(server) + "/stats"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, Outcome::kConnect);
}

TEST_F(Tls, ANameThatResolvesIsVerifiedAsItIs) {
  ScriptServer server(Always(Answer("{}")), ServeTls(good_, "", "runtime.test"));
  ExpectAnswer(Run(Https("runtime.test:" + std::to_string(server.port()))), 200, "{}");
}

}  // namespace
}  // namespace buntime
