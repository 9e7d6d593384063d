#include "os/x11_connection.h"

#include <string>

namespace yanxing::os {

Result<X11Connection> connect_to_x11() {
  const char *name = std::getenv("DISPLAY");
  if (name == nullptr || *name == '\0') {
    return Error{"there is no display (DISPLAY is not set)",
                 "Run yanxing inside a desktop session, or start one with scripts/desktop.sh"};
  }
  int screen_number = 0;
  X11Connection x11;
  x11.connection.reset(xcb_connect(nullptr, &screen_number));
  if (xcb_connection_has_error(x11.get()) != 0) {
    return Error{"the X server at DISPLAY=" + std::string(name) + " does not answer",
                 "Check that it runs and that this user may use it (XAUTHORITY)"};
  }
  xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(x11.get()));
  for (; screens.rem > 1 && screen_number > 0; --screen_number) {
    xcb_screen_next(&screens);
  }
  x11.root = screens.data->root;
  x11.root_visual = screens.data->root_visual;
  return x11;
}

} // namespace yanxing::os
