// On a dense display toolkits count in units of two or three pixels and tell the accessibility bus places in these.
#pragma once

#include "base/shapes.h"

namespace yanxing::os {

// Pixels per unit: the active X11 window's true width against the one that is told; 1 where that cannot be known.
int scale_of_active_window(const Box &told);
int scale_between(int true_width, int told_width);
Box scaled(const Box &box, int scale);

} // namespace yanxing::os
