// Finds the end of a request's head in bytes that arrive piece by piece, and refuses at once what no honest
// client sends: bare LF or CR, folded lines, NUL and other control characters. Those are what two servers in
// a row read differently, and what a client of another protocol (TLS, for one) begins with.
//
// Pure; used by RequestReader.
#pragma once

#include <cstddef>
#include <string_view>

namespace buntime {

class HeadScanner {
 public:
  enum class State { kMore, kEnd, kBad };

  /// `bytes` begins where the request begins and has grown since the last call. Looks at each byte once.
  State Scan(std::string_view bytes);

  /// Bytes of the head with the empty line that ends it; meant for State::kEnd.
  std::size_t size() const { return scanned_; }
  /// Whether the request line has arrived whole.
  bool HasLine() const { return lines_ > 0; }
  /// For State::kBad: what is wrong, a sentence.
  std::string_view problem() const { return problem_; }

 private:
  State Bad(std::string_view problem);

  std::size_t scanned_ = 0;
  std::size_t lines_ = 0;
  std::size_t line_length_ = 0;  // of the line being scanned, without CR
  bool after_cr_ = false;
  std::string_view problem_;
};

}  // namespace buntime
