// Pictures and sound that requests carry or name.
#pragma once

#include "audio/clip.h"
#include "base/json.h"
#include "base/picture.h"
#include "base/result.h"
#include "server/service.h"

#include <string>

namespace yanxing::server {

// The bytes of a reference: data:…;base64,…; http(s)://… from allowed hosts; file://… in allowed folders; else base64.
Result<std::string> bytes_of(const ServiceSettings &settings, const std::string &reference, const std::string &what);

Result<Picture> picture_of(const ServiceSettings &settings, const std::string &reference);
// As long as the settings let it be.
Result<audio::Clip> clip_of(const ServiceSettings &settings, const std::string &bytes, const std::string &what);

// "data:image/png;base64,…", as engines take a picture, of any reference.
Result<std::string> data_uri_of(const ServiceSettings &settings, const std::string &reference);

} // namespace yanxing::server
