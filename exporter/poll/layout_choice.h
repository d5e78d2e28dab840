// Which layout a version of the runtime speaks. Pure, used by Attempt.
#pragma once

#include <string_view>
#include <vector>

#include "model/layout.h"

namespace buntime {

struct LayoutChoice {
  std::vector<Layout> layouts;  // in the order to try
  bool known = false;  // the version is a known one: there is one layout, and no other is to be tried
};

/// `version` is that of the runtime's package, as its health endpoint reports it ("1.4.0"). A version between
/// known ones that agree is known; for any other the layout of the nearest known one comes first. Text that
/// is no version gives the order of a guess.
LayoutChoice ChooseLayouts(std::string_view version);

}  // namespace buntime
