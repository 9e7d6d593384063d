// Pictures for attachments and screenshots.
#pragma once

#include "base/picture.h"
#include "base/shapes.h"

#include <string>

namespace yanxing::action {

Picture cropped(const Picture &picture, const Box &box);
// PNG, written with zlib's deflate; no colour profile, no metadata.
std::string png_bytes(const Picture &picture);

} // namespace yanxing::action
