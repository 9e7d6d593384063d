// The user's own actions over those that come with yanxing.
#pragma once

#include "action/registry.h"

namespace yanxing::action {

// The action as the file that it was loaded from has it; null where that cannot be read any more.
Json json_of(const ActionSpec &spec);

// The actions of `base`, and in the place of those of the same name, or behind all, the ones of `own`. Both were loaded
// from files. Errors: a file has changed since and cannot be read.
Result<Registry> overlaid(const Registry &base, const Registry &own);

} // namespace yanxing::action
