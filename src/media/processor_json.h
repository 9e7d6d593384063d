// The description of a model's picture or sound processor, in whichever file its folder keeps it.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>

namespace yanxing::media {

// Of preprocessor_config.json or processor_config.json: the object `part` ("image_processor", "feature_extractor")
// where there is one, else the whole; an empty object where there is neither file.
Result<Json> processor_json(const std::filesystem::path &model, const char *part);

// Leaves `into` as it is where there is no such number; false where something else stands there.
bool read_number(const Json &json, const char *name, std::int64_t &into);

} // namespace yanxing::media
