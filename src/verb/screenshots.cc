#include "verb/screenshots.h"

#include "screen/look.h"

namespace yanxing::verb {
namespace fs = std::filesystem;

Result<Screenshots> Screenshots::beside(const fs::path &jsonl) {
  auto folder = jsonl.parent_path() / (jsonl.stem().string() + "_screens");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return Error{"cannot make the folder " + folder.string() + ": " + error.message(),
                 "Choose an --out that you may write beside"};
  }
  return Screenshots(std::move(folder));
}

Result<std::string> Screenshots::add_to(const std::string &row) {
  auto json = parse_json(row, "row");
  if (!json) {
    return json.error();
  }
  const auto found = json->find("screen");
  if (found == json->end() || !found->is_object()) {
    return row;
  }
  if (last_name_.empty() || *found != last_screen_) {
    const auto screen = screen_from_json(*found, "row");
    if (!screen) {
      return screen.error();
    }
    const auto picture = screen::render(*screen);
    if (picture.empty()) {
      return row;
    }
    const auto number = std::to_string(++drawn_);
    const auto name = std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number + ".png";
    if (auto written = screen::write_png(folder_ / name, picture); !written) {
      return written.error();
    }
    last_screen_ = *found;
    last_name_ = (folder_.filename() / name).string();
  }
  (*json)["screenshot"] = last_name_;
  return dump(*json);
}

} // namespace yanxing::verb
