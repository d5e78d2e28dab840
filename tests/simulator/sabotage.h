// Turns an honest answer into the plan of a broken one. Pure functions.
#pragma once

#include "simulator/faults.h"
#include "simulator/http.h"

namespace buntime::simulator {

/// `honest` is what would have been said, its body already damaged where the fault asks for that. Faults that
/// are about the content alone give the honest plan.
Plan Sabotage(const Fault& fault, const Response& honest, const Request& request);

}  // namespace buntime::simulator
