#include "os/desktop.h"
#include "os/portal_display.h"
#include "os/x11_display.h"

#include <cstdlib>
#include <utility>

namespace yanxing::os {

Result<std::unique_ptr<Display>> open_display(PictureReader read) {
  const char *wayland = std::getenv("WAYLAND_DISPLAY");
  const char *x11 = std::getenv("DISPLAY");
  if ((x11 == nullptr || *x11 == '\0') && wayland != nullptr && *wayland != '\0') {
    return open_portal_display(std::move(read));
  }
  return open_x11_display();
}

} // namespace yanxing::os
