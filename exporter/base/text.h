// Small text helpers that several rooms need. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace buntime {

/// Without spaces, tabs, CR and LF at either end.
std::string_view Trim(std::string_view text);

/// ASCII letters compared without case, as HTTP header names and media types are.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

/// Length of the UTF-8 sequence at the front of `text` (not empty); 0 when it is not well-formed (RFC 3629).
std::size_t Utf8SequenceLength(std::string_view text);

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong forms, surrogates or values past U+10FFFF).
bool IsUtf8(std::string_view text);

/// The longest prefix of at most `max_bytes` that does not cut a UTF-8 sequence in two. `text` is
/// well-formed.
std::string_view CutUtf8(std::string_view text, std::size_t max_bytes);

/// Parses `250ms`, `5s`, `1m30s`, `1.5h`, `2d`: decimal numbers with a unit (ms, s, m, h, d), largest first
/// in any combination. Negative values and bare numbers are refused, except a bare `0`.
Result<Duration> ParseDuration(std::string_view text);

/// The shortest of the forms that ParseDuration reads: 90 s is `1m30s`.
std::string FormatDuration(Duration duration);

/// Parses `65536`, `64KiB`, `64MiB`, `1GiB` (also KB, MB, GB in powers of 1000; B) into bytes.
Result<std::uint64_t> ParseSize(std::string_view text);

/// Inverse of ParseSize in the largest binary unit that divides the value.
std::string FormatSize(std::uint64_t bytes);

/// Appends `text` as a JSON string with quotes (RFC 8259 escapes; invalid UTF-8 becomes U+FFFD).
void AppendJsonString(std::string& out, std::string_view text);

/// Appends the shortest decimal form that reads back as the same double; integers without a point,
/// `NaN`, `+Inf`, `-Inf` as the text format 0.0.4 spells them.
void AppendNumber(std::string& out, double value);

/// `text` for a one-line message: control characters become `?`, at most `max_bytes` (then `…` follows).
std::string Printable(std::string_view text, std::size_t max_bytes = 200);

}  // namespace buntime
