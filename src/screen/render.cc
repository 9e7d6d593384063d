// Widgets as plain as can be, but each kind in a look of its own, so that what a model learns to see it by is there.
#include "screen/canvas.h"
#include "screen/look.h"

#include <algorithm>
#include <array>
#include <map>
#include <numbers>

namespace yanxing::screen {
namespace {

constexpr int kTitleHeight = 26;
constexpr const char *kFont = "Noto Sans CJK SC, Sans";
constexpr std::int64_t kMostPixels = 64'000'000;

struct Grey {
  double value;
};
constexpr Grey kInk{0.12};
constexpr Grey kLine{0.62};
constexpr Grey kFaint{0.86};
constexpr Grey kPaper{1.0};

class Painter {
public:
  Painter(cairo_t *cairo, const Screen &screen) : cairo_(cairo), screen_(screen) {}

  void paint() {
    fill({0, 0, screen_.width, screen_.height}, {0.94});
    cairo_set_source_rgb(cairo_, 0.20, 0.26, 0.36);
    cairo_rectangle(cairo_, 0, 0, screen_.width, kTitleHeight);
    cairo_fill(cairo_);
    const auto &title = screen_.title.empty() ? screen_.app : screen_.title;
    write({0, 0, screen_.width, kTitleHeight}, title, kPaper, Place::kMiddle);
    for (const auto &element : screen_.elements) {
      if (!element.box.empty()) {
        paint(element);
      }
    }
  }

private:
  enum class Place { kLeft, kMiddle, kTop };

  void paint(const Element &element) {
    using Look = void (Painter::*)(const Element &);
    static const std::map<std::string, Look> kLooks{
        {"table", &Painter::table},   {"document", &Painter::document}, {"image", &Painter::image},
        {"button", &Painter::button}, {"field", &Painter::field},       {"checkbox", &Painter::choice},
        {"radio", &Painter::choice},  {"link", &Painter::link},         {"text", &Painter::label},
        {"item", &Painter::label},    {"icon", &Painter::icon},         {"slider", &Painter::slider},
        {"menu", &Painter::tab},      {"tab", &Painter::tab},           {"list", &Painter::document},
        {"cell", &Painter::field},    {"window", &Painter::window}};
    cairo_save(cairo_);
    cairo_rectangle(cairo_, element.box.x, element.box.y, element.box.width, element.box.height);
    cairo_clip(cairo_); // what is drawn is within the box
    const auto look = kLooks.find(element.kind);
    (this->*(look == kLooks.end() ? &Painter::window : look->second))(element);
    const auto has = [&](const char *state) {
      return std::find(element.states.begin(), element.states.end(), state) != element.states.end();
    };
    if (has("focused") || has("selected")) {
      cairo_set_source_rgb(cairo_, 0.10, 0.40, 0.90);
      stroke(element.box, 3);
    }
    cairo_restore(cairo_);
  }

  void fill(const Box &box, Grey grey) {
    cairo_set_source_rgb(cairo_, grey.value, grey.value, grey.value);
    cairo_rectangle(cairo_, box.x, box.y, box.width, box.height);
    cairo_fill(cairo_);
  }
  void stroke(const Box &box, double line) {
    cairo_rectangle(cairo_, box.x + line / 2, box.y + line / 2, std::max(box.width - line, 1.0),
                    std::max(box.height - line, 1.0));
    cairo_set_line_width(cairo_, line);
    cairo_stroke(cairo_);
  }
  void outline(const Box &box, Grey grey) {
    cairo_set_source_rgb(cairo_, grey.value, grey.value, grey.value);
    stroke(box, 1);
  }
  void line(int x1, int y1, int x2, int y2) {
    cairo_move_to(cairo_, x1 + 0.5, y1 + 0.5);
    cairo_line_to(cairo_, x2 + 0.5, y2 + 0.5);
    cairo_set_line_width(cairo_, 1);
    cairo_stroke(cairo_);
  }

  // One line of text, cut where the box ends.
  void write(const Box &box, const std::string &text, Grey grey, Place place) {
    constexpr int kMargin = 4;
    if (text.empty() || box.width <= 2 * kMargin) {
      return;
    }
    const int pixels = std::clamp(std::min(box.height - 4, 14), 8, 14);
    const Layout layout = layout_of(cairo_, text, kFont, pixels);
    pango_layout_set_width(layout.get(), (box.width - 2 * kMargin) * PANGO_SCALE);
    pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
    pango_layout_set_alignment(layout.get(), place == Place::kMiddle ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    int width = 0;
    int height = 0;
    pango_layout_get_pixel_size(layout.get(), &width, &height);
    cairo_set_source_rgb(cairo_, grey.value, grey.value, grey.value);
    cairo_move_to(cairo_, box.x + kMargin, place == Place::kTop ? box.y + 3 : box.y + (box.height - height) / 2.0);
    pango_cairo_show_layout(cairo_, layout.get());
  }

  void table(const Element &element) {
    const auto &box = element.box;
    fill(box, kPaper);
    const int head = std::min(24, box.height);
    fill({box.x, box.y, box.width, head}, kFaint);
    const int rows = std::clamp(element.rows > 0 ? element.rows : 6, 1, 200);
    const int columns = std::clamp(element.columns > 0 ? element.columns : 4, 1, 50);
    cairo_set_source_rgb(cairo_, kLine.value, kLine.value, kLine.value);
    const int row_height = std::max((box.height - head) / rows, 8);
    for (int y = box.y + head; y < box.y + box.height; y += row_height) {
      line(box.x, y, box.x + box.width, y);
    }
    for (int column = 1; column < columns; ++column) {
      const int x = box.x + column * box.width / columns;
      line(x, box.y + head, x, box.y + box.height);
    }
    write({box.x, box.y, box.width, head}, element.name, kInk, Place::kLeft);
    outline(box, kInk);
  }
  void document(const Element &element) {
    const auto &box = element.box;
    fill(box, kPaper);
    for (int y = box.y + 34; y + 6 < box.y + box.height; y += 18) { // words too small to read
      fill({box.x + 12, y, std::max(box.width - 24 - (y * 37) % 90, 10), 5}, kFaint);
    }
    write({box.x, box.y, box.width, std::min(box.height, 28)}, element.name, kInk, Place::kLeft);
    outline(box, kLine);
  }
  void image(const Element &element) {
    const auto &box = element.box;
    cairo_set_source_rgb(cairo_, 0.70, 0.82, 0.92);
    cairo_rectangle(cairo_, box.x, box.y, box.width, box.height);
    cairo_fill(cairo_);
    cairo_set_source_rgb(cairo_, 0.42, 0.62, 0.45);
    cairo_move_to(cairo_, box.x, box.y + box.height);
    cairo_line_to(cairo_, box.x + box.width / 2.0, box.y + box.height / 3.0);
    cairo_line_to(cairo_, box.x + box.width, box.y + box.height);
    cairo_fill(cairo_);
    write({box.x, box.y, box.width, std::min(box.height, 24)}, element.name, kInk, Place::kLeft);
  }
  void button(const Element &element) {
    fill(element.box, {0.82});
    outline(element.box, {0.40});
    write(element.box, element.name, kInk, Place::kMiddle);
  }
  void field(const Element &element) {
    fill(element.box, kPaper);
    outline(element.box, kLine);
    write(element.box, element.text.empty() ? element.name : element.text, element.text.empty() ? kLine : kInk,
          Place::kLeft);
  }
  void choice(const Element &element) {
    const auto &box = element.box;
    const int side = std::min(box.height, box.width) - 6;
    cairo_set_source_rgb(cairo_, 1, 1, 1);
    const bool round = element.kind == "radio";
    const auto mark = [&] {
      if (round) {
        cairo_arc(cairo_, box.x + 3 + side / 2.0, box.y + box.height / 2.0, side / 2.0, 0, 2 * std::numbers::pi);
      } else {
        cairo_rectangle(cairo_, box.x + 3, box.y + 3, side, side);
      }
    };
    mark();
    cairo_fill(cairo_);
    cairo_set_source_rgb(cairo_, kInk.value, kInk.value, kInk.value);
    mark();
    cairo_set_line_width(cairo_, 1.5);
    cairo_stroke(cairo_);
    write({box.x + side + 4, box.y, box.width - side - 4, box.height}, element.name, kInk, Place::kLeft);
  }
  void link(const Element &element) {
    const auto &box = element.box;
    write(box, element.name, {0.30}, Place::kLeft);
    cairo_set_source_rgb(cairo_, 0.10, 0.30, 0.80);
    line(box.x + 4, box.y + box.height - 4, box.x + box.width - 4, box.y + box.height - 4);
  }
  void label(const Element &element) { write(element.box, element.name, kInk, Place::kLeft); }
  void icon(const Element &element) {
    const auto &box = element.box;
    cairo_set_source_rgb(cairo_, 0.86, 0.55, 0.20);
    cairo_arc(cairo_, box.x + box.height / 2.0, box.y + box.height / 2.0, box.height / 2.0 - 2, 0,
              2 * std::numbers::pi);
    cairo_fill(cairo_);
    write({box.x + box.height, box.y, box.width - box.height, box.height}, element.name, kInk, Place::kLeft);
  }
  void slider(const Element &element) {
    const auto &box = element.box;
    fill({box.x + 3, box.y + box.height - 7, box.width - 6, 3}, kLine);
    fill({box.x + box.width / 2, box.y + box.height - 11, 6, 10}, kInk);
    write({box.x, box.y, box.width, box.height - 8}, element.name, kInk, Place::kTop);
  }
  void tab(const Element &element) {
    fill(element.box, element.kind == "tab" ? kPaper : kFaint);
    cairo_set_source_rgb(cairo_, 0.25, 0.45, 0.70);
    if (element.kind == "tab") {
      line(element.box.x, element.box.y, element.box.x + element.box.width, element.box.y);
    }
    write(element.box, element.name, kInk, Place::kMiddle);
  }
  void window(const Element &element) {
    outline(element.box, kInk);
    write({element.box.x, element.box.y, element.box.width, std::min(element.box.height, 22)}, element.name, kInk,
          Place::kLeft);
  }

  cairo_t *cairo_;
  const Screen &screen_;
};

} // namespace

Picture render(const Screen &screen) {
  if (screen.width < 1 || screen.height < 1 || static_cast<std::int64_t>(screen.width) * screen.height > kMostPixels) {
    return {};
  }
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, screen.width, screen.height));
  const Cairo cairo(cairo_create(surface.get()));
  Painter(cairo.get(), screen).paint();
  return picture_of(surface.get(), screen.width, screen.height);
}

} // namespace yanxing::screen
