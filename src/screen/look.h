// Seeing: a Screen from the live desktop, a picture file, or a screen JSON.
#pragma once

#include "base/picture.h"
#include "base/result.h"
#include "base/shapes.h"
#include "os/desktop.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace yanxing::screen {

// What was seen, with what acting needs beyond the words: the picture and the live widget behind an element.
struct Sight {
  Screen screen;
  Picture picture;                              // empty for a screen JSON
  std::map<std::string, std::uint64_t> widgets; // element id → os::Widget handle (live only)
  std::map<std::string, os::CellGrid> grids;    // element id → cells of a table found in the picture
};

struct OcrFiles {
  std::filesystem::path detector;   // PP-OCR det ONNX
  std::filesystem::path recognizer; // PP-OCR rec ONNX (its character list is in the model's metadata)
  int threads = 2;
};

// OCR (PP-OCR: DB text detector, CTC recogniser). Loaded on first use. Not thread-safe.
class TextReader {
public:
  virtual ~TextReader() = default;
  struct Line {
    std::string text;
    Box box;
    float score = 0;
  };
  virtual Result<std::vector<Line>> read(const Picture &picture) = 0;
};
std::unique_ptr<TextReader> make_text_reader(const OcrFiles &files);

// The live desktop: widgets where the active window is accessible, OCR where it is not; tables as regions with
// rows and columns; `current_*` for what is focused or under the pointer.
Result<Sight> look_at_desktop(os::Display &display, os::Accessibility *accessibility, TextReader *reader);
// A picture: OCR lines, tables and other regions found in pixels.
Result<Sight> look_at_picture(Picture picture, TextReader &reader);

Result<Picture> read_picture(const std::filesystem::path &file); // png, jpeg, bmp, gif; at most 64 megapixels
Result<Picture> decode_picture(std::string_view bytes, const std::string &where); // `where` names it in errors
Status write_png(const std::filesystem::path &file, const Picture &picture);
// A screen that nobody ever saw, as it might look: each element is drawn within its box, in order, with its name. Empty
// where the screen has no size or is larger than 64 megapixels.
Picture render(const Screen &screen);
// The picture with each element's box, number and id drawn on it; `marked` is drawn strongest.
Picture annotate(const Picture &picture, const Screen &screen, const std::string &marked = "");

} // namespace yanxing::screen
