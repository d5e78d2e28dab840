// Configured headers and proxies: what is sent, to whom, and what the environment has no say in.
#include <cstdlib>
#include <string>
#include <vector>

#include "fetch/fetch_case.h"
#include "support/test_pki.h"

namespace buntime {
namespace {

using testing::Always;
using testing::Answer;
using testing::Authority;
using testing::FetchCase;
using testing::ScriptServer;
using testing::TempDir;
using testing::WriteFile;

class HeadersAndProxy : public FetchCase {
 protected:
  static bool Has(const std::string& head, const std::string& line) {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
  }
  static std::string ProxyUrl(const ScriptServer& proxy) { return "http://" + Authority(proxy); }

  TempDir directory_;
  ScriptServer server_{Always(Answer("{}"))};
};

TEST_F(HeadersAndProxy, HeadersAreSentAsConfigured) {
  WriteFile(directory_.path("token"), "s3cret\n");
  Request request = Get(server_.url());
  request.headers = {{"Host", "shop.internal", "", {}},
                     {"X-Tenant", "blue", "", {}},
                     {"X-Token", "", directory_.path("token"), {}},
                     {"User-Agent", "mine", "", {}}};
  ExpectAnswer(Run(request), 200, "{}");
  const std::string head = server_.requests().back();
  for (const char* const line : {"Host: shop.internal", "X-Tenant: blue", "X-Token: s3cret",
                                 "User-Agent: mine", "Accept: application/json"}) {
    EXPECT_TRUE(Has(head, line)) << head;
  }
  EXPECT_EQ(head.find("\r\nHost:"), head.rfind("\r\nHost:")) << head;
  WriteFile(directory_.path("token"), "changed");
  ExpectAnswer(Run(request), 200, "{}");
  EXPECT_TRUE(Has(server_.requests().back(), "X-Token: changed"));
  request.headers.clear();
  ExpectAnswer(Run(request), 200, "{}");
  EXPECT_EQ(server_.requests().back().find("X-T"), std::string::npos) << "handles are used again";
}

TEST_F(HeadersAndProxy, ABadFileOfAHeaderFailsTheExchange) {
  Request request = Get(server_.url());
  request.headers = {{"X-Token", "", directory_.path("token"), {}}};
  ExpectError(Run(request), Outcome::kInternal,
              "cannot read the secret file " + directory_.path("token") + ": No such file or directory");
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(HeadersAndProxy, PlainRequestsAskTheProxy) {
  ScriptServer proxy(Always(Answer("proxied")));
  Request request = Get("http://runtime.invalid:8000/stats");
  request.proxy_url = ProxyUrl(proxy);
  ExpectAnswer(Run(request), 200, "proxied");
  EXPECT_TRUE(proxy.requests().back().starts_with("GET http://runtime.invalid:8000/stats HTTP/1.1\r\n"));
  request = Get(server_.url());
  ExpectAnswer(Run(request), 200, "{}");
  EXPECT_EQ(proxy.requests().size(), 1U) << "handles are used again";
}

TEST_F(HeadersAndProxy, TheEnvironmentHasNoSay) {
  ScriptServer proxy(Always(Answer("proxied")));
  for (const char* const name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, ProxyUrl(proxy).c_str(), 1);
  }
  ExpectAnswer(Run(Get(server_.url())), 200, "{}");
  EXPECT_EQ(proxy.accepted(), 0);
  // Neither does it take a configured proxy away.
  setenv("no_proxy", "*", 1);
  Request request = Get(server_.url());
  request.proxy_url = ProxyUrl(proxy);
  ExpectAnswer(Run(request), 200, "proxied");
  for (const char* const name :
       {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"}) {
    unsetenv(name);
  }
}

TEST_F(HeadersAndProxy, ATunnelHidesKeyAndHeadersFromTheProxy) {
  WriteFile(directory_.path("key"), "s3cret");
  ScriptServer proxy(Always("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  Request request = Get("https://runtime.invalid:8443/stats");
  request.credential = {Credential::Kind::kApiKey, "", directory_.path("key")};
  request.headers = {{"X-Tenant", "blue", "", {}}};
  request.proxy_url = ProxyUrl(proxy);
  ExpectError(Run(request), Outcome::kConnect,
              "cannot connect to runtime.invalid:8443 through the proxy " + ProxyUrl(proxy) +
                  " (it answered 403): check proxy_url, and what the proxy allows");
  const std::string head = proxy.requests().back();
  EXPECT_TRUE(head.starts_with("CONNECT runtime.invalid:8443 HTTP/1.1\r\n")) << head;
  EXPECT_EQ(head.find("s3cret"), std::string::npos) << head;
  EXPECT_EQ(head.find("X-Tenant"), std::string::npos) << head;
}

TEST_F(HeadersAndProxy, FailuresNameTheProxy) {
  Request request = Get(server_.url());
  request.proxy_url = "http://127.0.0.1:1";
  ExpectError(
      Run(request), Outcome::kConnect,
      "cannot connect to " + Authority(server_) +
          " through the proxy http://127.0.0.1:1 (Connection refused): check proxy_url, and what the proxy "
          "allows");
  request.proxy_url = "http://proxy.invalid:1";
  ExpectError(Run(request), Outcome::kDns,
              "cannot resolve the host name of the proxy http://proxy.invalid:1: check proxy_url, and the "
              "name server "
              "that this exporter uses");
  EXPECT_EQ(server_.accepted(), 0);
}

}  // namespace
}  // namespace buntime
