// Parts of a picture as network input: bilinear scaling into planes of blue, green, red in -1..1, the form that the
// PP-OCR models were trained on.
#pragma once

#include "base/picture.h"
#include "base/shapes.h"

#include <vector>

namespace yanxing::screen {

// Scales `part` of the picture to width x height and writes it into the top left of three planes of
// plane_width x height values each that begin at `planes`.
void scale_into(const Picture &picture, const Box &part, int width, int height, int plane_width, float *planes);

} // namespace yanxing::screen
