#include "action/overlay.h"

#include <algorithm>

namespace yanxing::action {

Json json_of(const ActionSpec &spec) {
  const auto file = read_json_file(spec.source);
  if (!file) {
    return nullptr;
  }
  const auto named = [&](const Json &json) {
    const auto &function = json.contains("function") ? json["function"] : json;
    return string_or_empty(function, "name") == spec.name;
  };
  if (!file->is_array()) {
    return *file;
  }
  const auto found = std::find_if(file->begin(), file->end(), named);
  return found == file->end() ? Json() : *found;
}

Result<Registry> overlaid(const Registry &base, const Registry &own) {
  Json all = Json::array();
  const auto add = [&](const ActionSpec &spec) {
    auto json = json_of(spec);
    if (json.is_null()) {
      return Status(Error{"the action \"" + spec.name + "\" cannot be read from " + spec.source + " any more", ""});
    }
    all.push_back(std::move(json));
    return Status();
  };
  for (const auto &spec : base.actions()) {
    const auto *changed = own.find(spec.name);
    if (auto added = add(changed == nullptr ? spec : *changed); !added) {
      return added.error();
    }
  }
  for (const auto &spec : own.actions()) {
    if (base.find(spec.name) != nullptr) {
      continue;
    }
    if (auto added = add(spec); !added) {
      return added.error();
    }
  }
  return Registry::from_json(all, "actions");
}

} // namespace yanxing::action
