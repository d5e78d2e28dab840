// What must hold for the reconciliation whatever a runtime does, or answers.
#pragma once

#include <string_view>

namespace buntime::testing {

/// The first byte chooses: what follows are the deeds of a released runtime, or answers of any kind. Aborts,
/// with a word on stderr, where a promise does not hold.
void CheckReconciler(std::string_view input);

}  // namespace buntime::testing
