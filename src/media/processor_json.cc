#include "media/processor_json.h"

namespace yanxing::media {
namespace fs = std::filesystem;

Result<Json> processor_json(const fs::path &model, const char *part) {
  for (const char *name : {"preprocessor_config.json", "processor_config.json"}) {
    std::error_code code;
    if (!fs::exists(model / name, code)) {
      continue;
    }
    auto json = read_json_file(model / name);
    if (!json) {
      return json.error();
    }
    if (json->is_object() && json->contains(part) && json->at(part).is_object()) {
      return json->at(part);
    }
    return json->is_object() ? std::move(*json) : Json::object();
  }
  return Json::object();
}

bool read_number(const Json &json, const char *name, std::int64_t &into) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) {
    return true;
  }
  if (!found->is_number_integer()) {
    return false;
  }
  into = found->get<std::int64_t>();
  return true;
}

} // namespace yanxing::media
