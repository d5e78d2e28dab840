// Memory hygiene after the start. Called once, from any thread.
#pragma once

namespace buntime {

/// Lets go of the machine code that only the start needed: loading and initialising some forty libraries
/// touches megabytes of it that serving never uses again. The pages are clean copies of files; the few that
/// are needed come back by themselves when they are executed. Does nothing where /proc is not mounted.
void ReleaseStartupPages();

}  // namespace buntime
