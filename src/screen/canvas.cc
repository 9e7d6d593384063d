#include "screen/canvas.h"

namespace yanxing::screen {

Surface surface_of(const Picture &picture) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture.width, picture.height));
  cairo_surface_flush(surface.get());
  unsigned char *rows = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < picture.height; ++y) {
    auto *out = reinterpret_cast<std::uint32_t *>(rows + static_cast<std::ptrdiff_t>(y) * stride);
    const std::uint8_t *in = picture.pixel(0, y);
    for (int x = 0; x < picture.width; ++x, in += 3) {
      out[x] = static_cast<std::uint32_t>(in[0]) << 16U | static_cast<std::uint32_t>(in[1]) << 8U | in[2];
    }
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

Picture picture_of(cairo_surface_t *surface, int width, int height) {
  cairo_surface_flush(surface);
  Picture picture{width, height, {}};
  picture.rgb.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  const unsigned char *rows = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < height; ++y) {
    const auto *in = reinterpret_cast<const std::uint32_t *>(rows + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < width; ++x) {
      picture.rgb.push_back(static_cast<std::uint8_t>(in[x] >> 16U));
      picture.rgb.push_back(static_cast<std::uint8_t>(in[x] >> 8U));
      picture.rgb.push_back(static_cast<std::uint8_t>(in[x]));
    }
  }
  return picture;
}

Layout layout_of(cairo_t *cairo, const std::string &text, const char *font, int pixels) {
  Layout layout(pango_cairo_create_layout(cairo));
  const std::unique_ptr<PangoFontDescription, FontDeleter> description(pango_font_description_from_string(font));
  pango_font_description_set_absolute_size(description.get(), pixels * PANGO_SCALE);
  pango_layout_set_font_description(layout.get(), description.get());
  pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
  return layout;
}

} // namespace yanxing::screen
