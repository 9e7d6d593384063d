#include "screen/canvas.h"
#include "screen/look.h"

#include <algorithm>
#include <array>

namespace yanxing::screen {
namespace {

struct Colour {
  double red, green, blue;
};

// By kind, so that a glance tells buttons from fields; all dark enough for white letters.
Colour colour_of(const std::string &kind) {
  struct Entry {
    const char *kind;
    Colour colour;
  };
  static constexpr std::array<Entry, 8> kColours{{{"table", {0.05, 0.50, 0.25}},
                                                  {"document", {0.10, 0.45, 0.45}},
                                                  {"field", {0.45, 0.20, 0.65}},
                                                  {"button", {0.10, 0.35, 0.75}},
                                                  {"menu", {0.25, 0.30, 0.45}},
                                                  {"tab", {0.60, 0.35, 0.05}},
                                                  {"link", {0.00, 0.45, 0.65}},
                                                  {"window", {0.35, 0.35, 0.35}}}};
  const auto found =
      std::find_if(kColours.begin(), kColours.end(), [&kind](const Entry &entry) { return kind == entry.kind; });
  return found == kColours.end() ? Colour{0.40, 0.40, 0.40} : found->colour;
}

void frame(cairo_t *cairo, const Box &box, const Colour &colour, double line, double tint) {
  cairo_rectangle(cairo, box.x + line / 2, box.y + line / 2, std::max(box.width - line, 1.0),
                  std::max(box.height - line, 1.0));
  cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, tint);
  cairo_fill_preserve(cairo);
  cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, 0.9);
  cairo_set_line_width(cairo, line);
  cairo_stroke(cairo);
}

class Labels {
public:
  Labels(cairo_t *cairo, const Picture &picture) : cairo_(cairo), width_(picture.width), height_(picture.height) {}

  // At the first of four places around the box that no earlier label covers; inside the picture always.
  void draw(const Box &box, const std::string &text, const Colour &colour, int points, bool always) {
    const Layout layout = layout_of(cairo_, text, "Noto Sans CJK SC, Sans Bold", points);
    int width = 0;
    int height = 0;
    pango_layout_get_pixel_size(layout.get(), &width, &height);
    Box label{box.x, box.y - height, width + 4, height};
    const std::array<std::pair<int, int>, 4> places{{{box.x, box.y - height},
                                                     {box.x, box.y + box.height},
                                                     {box.x + box.width - label.width, box.y - height},
                                                     {box.x, box.y}}};
    bool placed = false;
    for (const auto &[x, y] : places) {
      label.x = std::clamp(x, 0, std::max(width_ - label.width, 0));
      label.y = std::clamp(y, 0, std::max(height_ - label.height, 0));
      placed = std::none_of(drawn_.begin(), drawn_.end(), [&label](const Box &other) {
        return label.x < other.x + other.width && other.x < label.x + label.width && label.y < other.y + other.height &&
               other.y < label.y + label.height;
      });
      if (placed) {
        break;
      }
    }
    if (!placed && !always) {
      return; // crowded: the frame and its neighbours' numbers must do
    }
    drawn_.push_back(label);
    cairo_rectangle(cairo_, label.x, label.y, label.width, label.height);
    cairo_set_source_rgba(cairo_, colour.red, colour.green, colour.blue, 0.92);
    cairo_fill(cairo_);
    cairo_set_source_rgb(cairo_, 1, 1, 1);
    cairo_move_to(cairo_, label.x + 2, label.y);
    pango_cairo_show_layout(cairo_, layout.get());
  }

private:
  cairo_t *cairo_;
  int width_;
  int height_;
  std::vector<Box> drawn_;
};

} // namespace

Picture annotate(const Picture &picture, const Screen &screen, const std::string &marked) {
  if (picture.empty()) {
    return picture;
  }
  const Surface surface = surface_of(picture);
  const Cairo cairo(cairo_create(surface.get()));
  const Element *target = screen.find(marked);
  const int size = std::clamp(std::max(picture.width, picture.height) / 130, 9, 22);
  for (const Element &element : screen.elements) {
    if (&element != target && !element.box.empty() && element.kind != "window") {
      frame(cairo.get(), element.box, colour_of(element.kind), 1, 0);
    }
  }
  const Colour strong{0.85, 0.10, 0.10};
  Labels labels(cairo.get(), picture);
  if (target != nullptr && !target->box.empty()) {
    frame(cairo.get(), target->box, strong, std::max(3, size / 3), 0.10);
    labels.draw(target->box, target->id + (target->name.empty() ? "" : " " + target->name), strong, size + 4, true);
  }
  for (std::size_t i = 0; i < screen.elements.size(); ++i) {
    const Element &element = screen.elements[i];
    if (&element == target || element.box.empty() || element.kind == "window") {
      continue;
    }
    const bool current = element.id.starts_with("current_");
    labels.draw(element.box, std::to_string(i + 1) + (current ? " " + element.id : ""), colour_of(element.kind),
                current ? size + 2 : size, current);
  }
  return picture_of(surface.get(), picture.width, picture.height);
}

} // namespace yanxing::screen
