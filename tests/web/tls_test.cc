// The server over TLS: handshakes that are slow, abandoned or too many, large answers, streams, and reloads
// while all of that goes on. Runs under the sanitizers, too: handshakes cross threads.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/test_pki.h"
#include "web/security.h"
#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

// The beginning of a record that announces a ClientHello of 256 bytes.
const std::string kHelloBegins("\x16\x03\x01\x01\x00\x01", 6);

class TlsServerTest : public ServerTest {
 protected:
  TlsServerTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as main does
    options_.security = Build(pki_.Issue({"server", "IP:127.0.0.1"}));
  }

  std::shared_ptr<const Security> Build(const CertificateFiles& files,
                                        ClientAuth client_auth = ClientAuth::kNoClientCert) const {
    WebConfig config;
    config.tls.emplace();
    config.tls->certificate = {files.certificate, "", "test"};
    config.tls->key = {files.key, "", "test"};
    config.tls->client_auth = client_auth;
    if (client_auth != ClientAuth::kNoClientCert)
      config.tls->client_ca = PemSource{pki_.ca_file(), "", "test"};
    config.tls->cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256"};
    config.tls->curves = {"X25519", "P-256"};
    auto security = BuildSecurity(config);
    EXPECT_TRUE(security.ok()) << security.error().message;
    return *security;
  }
  HttpClient ConnectTls(int receive_buffer = 0) const {
    return {server_->Addresses().front(), {receive_buffer, "", pki_.ca_file()}};
  }

  const TempDir directory_;
  const TestPki pki_{directory_, "ca"};
};

TEST_F(TlsServerTest, ServesSmallAndLargePages) {
  Start();
  HttpClient client = ConnectTls();
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.Ask("/").body, "hello\n");
  EXPECT_EQ(client.Ask("/large").body.size(), kLargeBytes + 5);
  EXPECT_EQ(client.Ask("/pool-echo?q").status, 200);
  EXPECT_EQ(client.Ask("/", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(TlsServerTest, TellsPlainClientsWhatItSpeaks) {
  Start();
  const Answer answer = Connect().Ask("/");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("https://"), std::string::npos);
}

TEST_F(TlsServerTest, SlowHandshakesDelayNobodyAndEnd) {
  options_.limits.header_timeout = std::chrono::seconds(2);
  Start();
  std::vector<HttpClient> slow;
  for (std::size_t i = 0; i < 50; ++i) {
    slow.push_back(Connect());
    ASSERT_TRUE(slow.back().Send(kHelloBegins.substr(0, i % kHelloBegins.size() + 1)));
  }
  EXPECT_EQ(ConnectTls().Ask("/").body, "hello\n");
  for (HttpClient& each : slow) EXPECT_TRUE(each.AtEnd());
}

TEST_F(TlsServerTest, ClientsThatLeaveDuringTheHandshakeHarmNobody) {
  Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 30; ++i) {
        HttpClient client = Connect();
        client.Send(kHelloBegins + std::string(251, '\x01'));  // whole, and nonsense
        if (i % 2 == 0) client.Reset();
      }
    });
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ConnectTls().Ask("/").status, 200) << i;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ConnectTls().Ask("/").status, 200);
}

TEST_F(TlsServerTest, ReloadsUnderLoad) {
  Start();
  std::atomic<bool> over = false;
  std::atomic<int> served = 0;
  std::vector<std::thread> clients;
  for (int t = 0; t < 3; ++t) {
    clients.emplace_back([&] {
      while (!over) {
        HttpClient client = ConnectTls();
        // The handshake may be cut off by the reload that refuses this client; a request never is.
        if (!client.connected()) continue;
        const Answer first = client.Ask("/pool-echo");
        if (first.status == 200 && first.Header("Connection") == "keep-alive") client.Ask("/");
        if (first.status == 200) ++served;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    server_->Secure(Build(pki_.Issue({"server" + std::to_string(i), "IP:127.0.0.1"}),
                          i % 4 == 3 ? ClientAuth::kRequireAndVerifyClientCert : ClientAuth::kNoClientCert));
    const int before = served;
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (i % 4 != 3 && served < before + 3 && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    if (i % 4 != 3) {
      EXPECT_GE(served, before + 3) << i;
    }
  }
  server_->Secure(Build(pki_.Issue({"last", "IP:127.0.0.1"})));
  // The server may accept a few more clients before it takes over what it was given.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < patience) status = ConnectTls().Ask("/").status;
  EXPECT_EQ(status, 200);
  over = true;
  for (std::thread& client : clients) client.join();
}

TEST_F(TlsServerTest, AConnectionThatWouldNotBeLetInAnyMoreIsClosed) {
  Start();
  HttpClient outdated = ConnectTls();
  HttpClient revoked = ConnectTls();
  EXPECT_EQ(outdated.Ask("/").status, 200);
  EXPECT_EQ(revoked.Ask("/").status, 200);
  server_->Secure(Build(pki_.Issue({"next", "IP:127.0.0.1"})));
  const Answer last = outdated.Ask("/");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.Header("Connection"), "close");
  server_->Secure(Build(pki_.Issue({"locked", "IP:127.0.0.1"}), ClientAuth::kRequireAndVerifyClientCert));
  EXPECT_EQ(revoked.Ask("/").status, 0);
}

TEST_F(TlsServerTest, StopsDuringHandshakesAndAnswers) {
  options_.limits.drain_timeout = std::chrono::milliseconds(100);
  Start();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(Connect());
    clients.back().Send(kHelloBegins + std::string(251, '\x01'));
  }
  clients.push_back(ConnectTls(4096));
  ASSERT_TRUE(clients.back().Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
  server_->Stop();
  server_.reset();
  EXPECT_EQ(large_.use_count(), 1);
}

}  // namespace
}  // namespace buntime::testing
