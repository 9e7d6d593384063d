#include "nn/tower_loading.h"

namespace yanxing::nn {

std::int64_t patch_numbers(Fields &config, std::int64_t usual_side) {
  constexpr std::int64_t kMost = 1024;
  constexpr std::int64_t kWidest = 1 << 20; // products of sizes stay countable
  const auto side = config.size_or("patch_size", usual_side);
  const auto channels = config.size_or("in_channels", config.size_or("in_chans", 3));
  const auto frames = config.size_or("temporal_patch_size", 2);
  if (side > kMost || channels > kMost || frames > kMost || config.size_or("spatial_merge_size", 2) > 16 ||
      config.size_or("hidden_size", 1) > kWidest) {
    config.fail("the vision tower's patches are impossible");
    return 1;
  }
  return channels * frames * side * side;
}

TowerLoading::TowerLoading(const Checkpoint &checkpoint, const TowerOptions &options,
                           const std::vector<std::string> &prefixes, const std::string &module)
    : checkpoint_(checkpoint), options_(options), prefix_(prefixes.front()), module_(module) {
  for (const auto &prefix : prefixes) {
    if (checkpoint.has_names_from(prefix)) {
      prefix_ = prefix;
      break;
    }
  }
}

Fields TowerLoading::description(const std::string &name) const {
  static const Json kNone = Json::object();
  const auto where = (checkpoint_.path() / "config.json").string();
  const auto *whole = &checkpoint_.description();
  if (const auto thinker = whole->find("thinker_config"); thinker != whole->end() && thinker->is_object()) {
    whole = &*thinker;
  }
  const auto found = whole->find(name);
  Fields fields(found != whole->end() && found->is_object() ? *found : kNone, "", where);
  if (found == whole->end()) {
    fields.fail("there is no \"" + name + "\"");
  }
  return fields;
}

Result<Towers> TowerLoading::finish(const Fields &fields,
                                    const std::function<std::unique_ptr<Tower>(WeightReader &, WeightReader &)> &make) {
  if (fields.error()) {
    return *fields.error();
  }
  WeightReader tower(checkpoint_, {options_.keeping, options_.train_tower}, {prefix_, module_});
  WeightReader aligner(checkpoint_, {options_.keeping, options_.train_aligner}, {prefix_, module_});
  Towers towers;
  towers.push_back(make(tower, aligner));
  for (const auto *reader : {&tower, &aligner}) {
    if (reader->error()) {
      return *reader->error();
    }
  }
  return towers;
}

} // namespace yanxing::nn
