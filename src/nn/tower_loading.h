// What the families' files share when they read towers out of a checkpoint.
#pragma once

#include "nn/checkpoint.h"
#include "nn/fields.h"
#include "nn/tower.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::nn {

struct TowerOptions {
  Keeping keeping;
  bool train_tower = false; // the weights themselves
  bool train_aligner = false;
};
using Towers = std::vector<std::unique_ptr<Tower>>;

// Of a vision tower's description: numbers of a patch (channels · frames · side · side). Fails through the fields where
// sides, channels or the merging of patches are impossible.
std::int64_t patch_numbers(Fields &config, std::int64_t usual_side);

class TowerLoading {
public:
  // `prefixes`: what may stand before the tower's names in the file; `module`: what transformers calls it. The
  // checkpoint must outlive this.
  TowerLoading(const Checkpoint &checkpoint, const TowerOptions &options, const std::vector<std::string> &prefixes,
               const std::string &module);

  // Of the tower, one object of config.json; fails through the fields where there is none.
  [[nodiscard]] Fields description(const std::string &name) const;
  [[nodiscard]] const std::string &prefix() const { return prefix_; } // as the file has it

  // `make` runs only where `fields` found nothing wrong. Error: what the description or a tensor has wrong.
  Result<Towers> finish(const Fields &fields,
                        const std::function<std::unique_ptr<Tower>(WeightReader &tower, WeightReader &aligner)> &make);

private:
  const Checkpoint &checkpoint_;
  TowerOptions options_;
  std::string prefix_;
  std::string module_;
};

} // namespace yanxing::nn
