#include "web/head_scanner.h"

namespace buntime {

HeadScanner::State HeadScanner::Bad(std::string_view problem) {
  problem_ = problem;
  return State::kBad;
}

HeadScanner::State HeadScanner::Scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const char c = bytes[scanned_++];
    if (after_cr_) {
      if (c != '\n') return Bad("a line of the request has a CR that is not followed by LF");
      after_cr_ = false;
      ++lines_;
      if (line_length_ == 0) return State::kEnd;
      line_length_ = 0;
    } else if (c == '\r') {
      after_cr_ = true;
    } else if (c == '\n') {
      return Bad("a line of the request ends with LF where HTTP wants CR LF");
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      return Bad("the request has a control character (if it is TLS: this address speaks plain HTTP)");
    } else {
      if (line_length_ == 0 && lines_ > 0 && (c == ' ' || c == '\t')) {
        return Bad("a header line is continued on the next one, which HTTP no longer allows");
      }
      ++line_length_;
    }
  }
  return State::kMore;
}

}  // namespace buntime
