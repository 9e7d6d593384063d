// Drawing into a picture: cairo's and pango's handles, and the way from a picture and back.
#pragma once

#include "base/picture.h"

#include <pango/pangocairo.h>

#include <memory>
#include <string>

namespace yanxing::screen {

struct SurfaceDeleter {
  void operator()(cairo_surface_t *surface) const { cairo_surface_destroy(surface); }
};
struct CairoDeleter {
  void operator()(cairo_t *cairo) const { cairo_destroy(cairo); }
};
struct ObjectDeleter {
  void operator()(gpointer object) const { g_object_unref(object); }
};
struct FontDeleter {
  void operator()(PangoFontDescription *font) const { pango_font_description_free(font); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using Cairo = std::unique_ptr<cairo_t, CairoDeleter>;
using Layout = std::unique_ptr<PangoLayout, ObjectDeleter>;

Surface surface_of(const Picture &picture);
Picture picture_of(cairo_surface_t *surface, int width, int height);
// `font`: "Noto Sans CJK SC, Sans Bold"; `pixels`: its size.
Layout layout_of(cairo_t *cairo, const std::string &text, const char *font, int pixels);

} // namespace yanxing::screen
