// How targets of /probe are polled, as configured under `modules`. Built and validated in config. Plain
// value.
#pragma once

#include <string>

#include "model/target.h"

namespace buntime {

struct Module {
  std::string name;
  /// Everything but the URL, which the scraper gives, and the name, which stays empty. `allowed` is set;
  /// `interval` is assumed until the target's own has been seen.
  Target target;
};

/// Whether what was learned with one of them holds for the other.
inline bool SameModule(const Module& a, const Module& b) {
  Target target = a.target;
  target.allowed = b.target.allowed;  // else the pointers would be compared
  return a.name == b.name && target == b.target && *a.target.allowed == *b.target.allowed;
}

}  // namespace buntime
