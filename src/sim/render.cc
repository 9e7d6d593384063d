#include "sim/view.h"

#include <pango/pangocairo.h>

#include <memory>

namespace yanxing::sim {
namespace {

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

struct Colour {
  double red, green, blue;
};
constexpr Colour kPaper{0.97, 0.97, 0.97};
constexpr Colour kWhite{1, 1, 1};
constexpr Colour kButton{0.88, 0.89, 0.91};
constexpr Colour kInk{0.10, 0.10, 0.12};
constexpr Colour kGrey{0.62, 0.62, 0.64};
constexpr Colour kLine{0.70, 0.71, 0.74};
constexpr Colour kAccent{0.15, 0.40, 0.80};
constexpr Colour kBar{0.20, 0.23, 0.28};
constexpr Colour kSky{0.70, 0.82, 0.92};
constexpr Colour kMarked{0.74, 0.84, 0.97};

class Painter {
public:
  Painter(int width, int height)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)), cairo_(cairo_create(surface_.get())),
        layout_(pango_cairo_create_layout(cairo_.get())),
        font_(pango_font_description_from_string("Noto Sans CJK SC, Sans")) {
    pango_font_description_set_absolute_size(font_.get(), 14 * PANGO_SCALE);
    pango_layout_set_font_description(layout_.get(), font_.get());
  }

  void fill(const Box &box, const Colour &colour) {
    cairo_rectangle(cairo_.get(), box.x, box.y, box.width, box.height);
    cairo_set_source_rgb(cairo_.get(), colour.red, colour.green, colour.blue);
    cairo_fill(cairo_.get());
  }
  void frame(const Box &box, const Colour &colour, double line = 1) {
    cairo_rectangle(cairo_.get(), box.x + line / 2, box.y + line / 2, box.width - line, box.height - line);
    cairo_set_source_rgb(cairo_.get(), colour.red, colour.green, colour.blue);
    cairo_set_line_width(cairo_.get(), line);
    cairo_stroke(cairo_.get());
  }
  void text(const Box &box, const std::string &utf8, const Colour &colour) {
    pango_layout_set_text(layout_.get(), utf8.data(), static_cast<int>(utf8.size()));
    pango_layout_set_width(layout_.get(), (box.width - 8) * PANGO_SCALE);
    const bool line = box.height < 40;
    pango_layout_set_height(layout_.get(), line ? -1 : box.height * PANGO_SCALE); // -1: one line
    pango_layout_set_ellipsize(layout_.get(), PANGO_ELLIPSIZE_END);
    cairo_set_source_rgb(cairo_.get(), colour.red, colour.green, colour.blue);
    cairo_move_to(cairo_.get(), box.x + 4, box.y + 3);
    pango_cairo_show_layout(cairo_.get(), layout_.get());
  }

  [[nodiscard]] Picture picture(int width, int height) const {
    cairo_surface_flush(surface_.get());
    Picture picture{width, height, {}};
    picture.rgb.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    const unsigned char *rows = cairo_image_surface_get_data(surface_.get());
    const int stride = cairo_image_surface_get_stride(surface_.get());
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

private:
  std::unique_ptr<cairo_surface_t, SurfaceDeleter> surface_;
  std::unique_ptr<cairo_t, CairoDeleter> cairo_;
  std::unique_ptr<PangoLayout, ObjectDeleter> layout_;
  std::unique_ptr<PangoFontDescription, FontDeleter> font_;
};

void paint_table(Painter &painter, const Item &item) {
  painter.fill(item.box, kWhite);
  const int columns = static_cast<int>(item.cells.empty() ? 1 : item.cells[0].size());
  constexpr int kRow = 28;
  constexpr int kColumn = 150;
  for (int row = 0; row < static_cast<int>(item.cells.size()); ++row) {
    for (int column = 0; column < columns; ++column) {
      const Box cell{item.box.x + column * kColumn, item.box.y + row * kRow, kColumn + 1, kRow + 1};
      if (cell.y + cell.height > item.box.y + item.box.height || cell.x + cell.width > item.box.x + item.box.width) {
        continue; // scrolled out of sight
      }
      if (row == 0) {
        painter.fill(cell, kButton);
      }
      painter.frame(cell, kLine);
      painter.text(cell, item.cells[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)], kInk);
    }
  }
}

void paint(Painter &painter, const Item &item) {
  const auto &ink = item.disabled ? kGrey : kInk;
  if (item.kind == "table") {
    paint_table(painter, item);
  } else if (item.kind == "document") {
    painter.fill(item.box, kWhite);
    if (!item.selection.empty()) {
      painter.fill({item.box.x + 2, item.box.y + 2, item.box.width / 3, 22}, kMarked);
    }
    painter.text(item.box, item.text, ink);
  } else if (item.kind == "image") {
    painter.fill(item.box, kSky);
    painter.text(item.box, item.name, ink);
  } else if (item.kind == "field") {
    painter.fill(item.box, kWhite);
    painter.text(item.box, item.text.empty() ? item.name : item.text, item.text.empty() ? kGrey : ink);
  } else if (item.kind == "link") {
    painter.text(item.box, item.name, kAccent);
  } else {
    const bool mark = item.kind == "checkbox" || item.kind == "radio";
    painter.fill(item.box, item.selected ? kMarked : kButton);
    const std::string box = item.checked || item.selected ? "☑ " : "☐ ";
    painter.text(item.box, (mark ? box : "") + item.name, ink);
  }
  painter.frame(item.box, kLine);
}

} // namespace

Picture render(const Desktop &desktop) {
  Painter painter(desktop.width, desktop.height);
  painter.fill({0, 0, desktop.width, desktop.height}, kBar);
  for (const auto &window : desktop.windows) {
    painter.fill(window.box, kPaper);
    painter.fill({window.box.x, window.box.y, window.box.width, 32}, kBar);
    painter.text({window.box.x + 8, window.box.y + 3, window.box.width - 16, 26}, window.title, kWhite);
    painter.frame(window.box, kLine);
    for (std::size_t i = 0; i < window.items.size(); ++i) {
      if (!window.items[i].gone) {
        paint(painter, window.items[i]);
        if (window.focus == static_cast<int>(i)) {
          painter.frame(window.items[i].box, kAccent, 2);
        }
      }
    }
  }
  return painter.picture(desktop.width, desktop.height);
}

} // namespace yanxing::sim
