#include "os/x11_scale.h"

#include "os/x11_connection.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace yanxing::os {

int scale_between(int true_width, int told_width) {
  if (told_width < 16 || true_width < 16) {
    return 1;
  }
  // Shadows and borders make the two differ a little; only a whole factor is a scale.
  const double ratio = static_cast<double>(true_width) / told_width;
  const double whole = std::round(ratio);
  return whole >= 2 && whole <= 4 && std::abs(ratio - whole) < 0.15 * whole ? static_cast<int>(whole) : 1;
}

Box scaled(const Box &box, int scale) { return {box.x * scale, box.y * scale, box.width * scale, box.height * scale}; }

int scale_of_active_window(const Box &told) {
  const auto x11 = connect_to_x11();
  if (!x11) {
    return 1;
  }
  constexpr std::string_view kName = "_NET_ACTIVE_WINDOW";
  const XcbReply<xcb_intern_atom_reply_t> atom(xcb_intern_atom_reply(
      x11->get(), xcb_intern_atom(x11->get(), 1, static_cast<std::uint16_t>(kName.size()), kName.data()), nullptr));
  if (!atom || atom->atom == XCB_ATOM_NONE) {
    return 1;
  }
  const XcbReply<xcb_get_property_reply_t> active(xcb_get_property_reply(
      x11->get(), xcb_get_property(x11->get(), 0, x11->root, atom->atom, XCB_ATOM_WINDOW, 0, 1), nullptr));
  if (!active || xcb_get_property_value_length(active.get()) < 4) {
    return 1;
  }
  const xcb_window_t window = *static_cast<const xcb_window_t *>(xcb_get_property_value(active.get()));
  const XcbReply<xcb_get_geometry_reply_t> geometry(
      xcb_get_geometry_reply(x11->get(), xcb_get_geometry(x11->get(), window), nullptr));
  return geometry ? scale_between(geometry->width, told.width) : 1;
}

} // namespace yanxing::os
