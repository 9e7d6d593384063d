// The screen of a Wayland session, through the desktop's portal (org.freedesktop.portal.Screenshot, version 1): the
// desktop may ask the user the first time. Where the pointer is, Wayland tells nobody.
#pragma once

#include "os/desktop.h"

namespace yanxing::os {

// A connection to the session bus of its own; errors where there is none. `wait_ms`: how long capture() waits for the
// user's yes. Not for several threads at once.
Result<std::unique_ptr<Display>> open_portal_display(PictureReader read, int wait_ms = 60'000);

} // namespace yanxing::os
