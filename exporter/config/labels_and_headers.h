// The settings of a runtime whose names its configuration chooses: labels of its series and headers of its
// requests; and its proxy. Used by target_builder.h only.
#pragma once

#include "config/settings.h"
#include "model/target.h"

namespace buntime {

/// At most 16 labels, with names that Prometheus takes and that no series has already.
void ReadLabels(SettingReader& reader, Target& target);

/// At most 16 headers. `target.credential` is read: its own header is refused, as are those that belong to
/// the connection or to how answers are read. Errors never repeat a value.
void ReadHeaders(SettingReader& reader, Target& target);

void ReadProxy(SettingReader& reader, Target& target);

}  // namespace buntime
