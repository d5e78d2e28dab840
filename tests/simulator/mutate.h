// Damages a JSON text, or what it is made from, in one chosen way. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "simulator/faults.h"
#include "simulator/view.h"

namespace buntime::simulator {

/// Faults that change the view before it is rendered. Others leave it alone.
void CorruptView(const Fault& fault, View& view);

/// Faults that change the rendered text. Others leave it alone. `body` is compact JSON.
std::string CorruptText(const Fault& fault, std::string body);

}  // namespace buntime::simulator
