// GaLore (arXiv:2403.03507): a matrix's gradient is projected onto its leading singular directions, the optimizer lives
// there, and its step is projected back. The state of (n, m), m ≤ n, shrinks from that of n·m numbers to that of
// n·rank, and the projection's m·rank.
#pragma once

#include "nn/optimizer.h"

namespace yanxing::nn {

// Whether GaLore takes this parameter: a matrix whose smaller side is above the rank, of a layer that is meant.
bool galore_takes(const GaloreConfig &config, const std::string &name, const std::vector<std::int64_t> &shape);
std::unique_ptr<UpdateRule> galore_rule(const OptimizerKind &kind, const OptimizerConfig &config,
                                        const std::string &name, const std::vector<std::int64_t> &shape);
std::int64_t galore_state_bytes(const OptimizerKind &kind, const GaloreConfig &config, const std::string &name,
                                const std::vector<std::int64_t> &shape);

} // namespace yanxing::nn
