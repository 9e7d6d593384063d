// A connection to the X server, shared by the display and the input of os.
#pragma once

#include "base/result.h"

#include <xcb/xcb.h>

#include <cstdlib>
#include <memory>

namespace yanxing::os {

struct XcbDeleter {
  void operator()(xcb_connection_t *connection) const { xcb_disconnect(connection); }
};
struct FreeDeleter {
  void operator()(void *memory) const { std::free(memory); }
};
// What xcb hands out is freed with free().
template <class T> using XcbReply = std::unique_ptr<T, FreeDeleter>;

struct X11Connection {
  std::unique_ptr<xcb_connection_t, XcbDeleter> connection;
  xcb_window_t root = 0;
  xcb_visualid_t root_visual = 0;

  [[nodiscard]] xcb_connection_t *get() const { return connection.get(); }
};

// The server and screen of $DISPLAY.
Result<X11Connection> connect_to_x11();

} // namespace yanxing::os
