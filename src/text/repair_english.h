// English names that a recogniser spelt by ear. Used by repair.cc only.
#pragma once

#include "text/repair.h"

namespace yanxing::text {

Repaired repair_english(const std::string &transcript, const std::vector<KnownWord> &known);

} // namespace yanxing::text
