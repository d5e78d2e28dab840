// One exchange on one libcurl handle: its options, what has arrived so far, and what came of it. Used by the
// fetcher, on its thread. Private to fetch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fetch/curl_handles.h"
#include "fetch/fetcher.h"
#include "fetch/unpacker.h"

namespace buntime {

class Transfer {
 public:
  /// `easy` is new or was used before. Its options point into this object, which therefore never moves.
  /// `headers` are the lines of the request's own headers.
  Transfer(Fetcher::TransferId id, EasyHandle easy, const Request& request, Endpoint endpoint,
           CurlList headers, Fetcher::Done done);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets every option. A connection older than `connection_lifetime` is not used again. `secret` is what the
  /// request's credential holds. An error (kInternal) when libcurl refuses.
  std::optional<PollError> Prepare(const Request& request, const std::string& user_agent,
                                   std::chrono::seconds connection_lifetime, std::string_view secret);

  /// The transfer ended because it needs the addresses of this name; empty: it does not.
  const std::string& wanted_name() const { return wanted_name_; }
  /// Prepares another attempt, which connects to `addresses`, for the rest of the time.
  std::optional<PollError> Resolve(const std::vector<std::string>& addresses);
  SteadyTime deadline() const { return started_ + timeout_; }
  /// Why there was no attempt with addresses.
  PollError NeverLookedUp() const;
  PollError NoThreadToResolve() const;

  /// After the transfer: the answer, or why there is none. Moves the body out.
  ExchangeResult Finish(CURLcode code);

  Fetcher::TransferId id() const { return id_; }
  CURL* easy() const { return easy_.get(); }
  EasyHandle TakeEasy() { return std::move(easy_); }
  Fetcher::Done TakeDone() { return std::move(done_); }

 private:
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  bool Receive(std::string_view piece);
  bool AddBody(std::string_view piece);
  static int OnNameNeeded(void* state, void* reserved, void* self);
  static CURLcode OnTlsContext(CURL* easy, void* context, void* self);
  static curl_socket_t OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  bool Allows(const std::optional<IpAddress>& address, std::uint16_t port);
  void KeepTimings();
  std::optional<PollError> Refused() const;

  template <class Value>
  void Set(CURLoption option, Value value);
  void SetLimits();
  void SetCredential(const Credential& credential, std::string_view secret);
  void SetTls(const Request& request);
  void SetRules();

  // Constant after construction.
  const Fetcher::TransferId id_;
  const SteadyTime started_;
  const Endpoint endpoint_;
  const TlsClient tls_;
  const Duration timeout_;
  const std::uint64_t max_body_;
  const std::string proxy_url_;
  const std::shared_ptr<const AddressRules> allowed_;
  const std::shared_ptr<Timings> timings_;

  Fetcher::Done done_;
  CURLcode refused_ = CURLE_OK;  // the first option that libcurl did not take
  CurlList headers_;
  CurlList connect_to_;
  CurlList addresses_;
  std::string wanted_name_;
  Duration until_resolved_{};  // from the start to the attempt that has addresses
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  std::size_t header_bytes_ = 0;
  bool certificate_wanted_ = false;  // the server has asked for one in the handshake
  bool header_too_large_ = false;
  bool body_too_large_ = false;
  bool out_of_memory_ = false;
  std::uint64_t packed_bytes_ = 0;  // that have come, before they are unpacked
  std::unique_ptr<Unpacker> unpacker_;
  std::string unpack_fault_;
  std::string body_;
  std::string refusal_;       // why the latest address was not connected to
  bool allowed_one_ = false;  // some other address of the host was

  EasyHandle easy_;  // last, so that it goes before what its options point to
};

}  // namespace buntime
