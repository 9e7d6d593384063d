#include "screen/look.h"
#include "screen/text_detector.h"
#include "screen/text_recognizer.h"

#include <algorithm>

namespace yanxing::screen {
namespace {

constexpr float kLeastScore = 0.5F;

class PpOcr : public TextReader {
public:
  explicit PpOcr(OcrFiles files) : files_(std::move(files)) {}

  Result<std::vector<Line>> read(const Picture &picture) override {
    if (picture.empty()) {
      return std::vector<Line>();
    }
    if (Status loaded = load(); !loaded) {
      return loaded.error();
    }
    auto regions = detect_text(*detector_, picture);
    if (!regions) {
      return regions.error();
    }
    std::vector<Box> boxes;
    for (const TextRegion &region : *regions) {
      boxes.push_back(region.box);
    }
    auto read = recognize(*recognizer_, characters_, picture, boxes);
    if (!read) {
      return read.error();
    }
    std::vector<Line> lines;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      ReadLine &line = (*read)[i];
      if (line.score >= kLeastScore && line.text.find_first_not_of(' ') != std::string::npos) {
        lines.push_back({std::move(line.text), boxes[i], line.score});
      }
    }
    return lines;
  }

private:
  Status load() {
    if (recognizer_) {
      return {};
    }
    auto detector = onnx::Session::open(files_.detector, files_.threads);
    if (!detector) {
      return detector.error();
    }
    auto recognizer = onnx::Session::open(files_.recognizer, files_.threads);
    if (!recognizer) {
      return recognizer.error();
    }
    auto characters = characters_of(**recognizer);
    if (!characters) {
      return characters.error();
    }
    detector_ = std::move(detector).value();
    characters_ = std::move(characters).value();
    recognizer_ = std::move(recognizer).value();
    return {};
  }

  OcrFiles files_;
  std::unique_ptr<onnx::Session> detector_;
  std::unique_ptr<onnx::Session> recognizer_;
  std::vector<std::string> characters_;
};

} // namespace

std::unique_ptr<TextReader> make_text_reader(const OcrFiles &files) { return std::make_unique<PpOcr>(files); }

} // namespace yanxing::screen
