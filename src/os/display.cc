#include "os/desktop.h"
#include "os/x11_display.h"

#include <cstdlib>

namespace yanxing::os {

Result<std::unique_ptr<Display>> open_display() {
  const char *wayland = std::getenv("WAYLAND_DISPLAY");
  const char *x11 = std::getenv("DISPLAY");
  if ((x11 == nullptr || *x11 == '\0') && wayland != nullptr && *wayland != '\0') {
    return Error{"this is a Wayland session without X11 (DISPLAY is not set), whose screen cannot be read yet",
                 "Log in to an X11 session, or start Xwayland"};
  }
  return open_x11_display();
}

} // namespace yanxing::os
