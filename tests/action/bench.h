// What the tests of this room stand on: a folder that goes away, and hands in an empty room.
#pragma once

#include "action/executor.h"
#include "os/fake_desktop.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace yanxing::action {

class TemporaryFolder {
public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "yanxing-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  [[nodiscard]] const std::filesystem::path &path() const { return path_; }
  std::filesystem::path write(const std::string &name, const std::string &content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path &folder,
                                                   const std::string &extension = "") {
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto &entry : std::filesystem::directory_iterator(folder, code)) {
    if (entry.is_regular_file() && (extension.empty() || entry.path().extension() == extension)) {
      files.push_back(entry.path());
    }
  }
  return files;
}

// A desktop with one table, one button, one field and one picture.
struct Bench {
  TemporaryFolder folder;
  os::FakeInput input;
  os::FakeAccessibility accessibility;
  Screen screen;
  Picture picture;
  std::map<std::string, std::uint64_t> widgets;
  std::map<std::string, os::CellGrid> grids;
  std::vector<Contact> contacts{{"李建国", "li@example.com", "", {"李经理"}}, {"李敏", "min@example.com", "", {}}};
  Settings settings;
  Hands hands;

  Bench() {
    screen.width = 200;
    screen.height = 100;
    screen.title = "预算表.xlsx — LibreOffice Calc";
    screen.elements = {{"current_table", "table", "预算表", "", {10, 10, 100, 50}, {}, "", 2, 2},
                       {"button_1", "button", "保存", "", {120, 10, 40, 20}, {}, "", 0, 0},
                       {"field_1", "field", "搜索", "", {120, 40, 40, 20}, {}, "", 0, 0},
                       {"image_1", "image", "图表", "", {10, 70, 20, 10}, {}, "", 0, 0}};
    picture.width = 200;
    picture.height = 100;
    picture.rgb.assign(200UL * 100 * 3, 128);
    hands.input = &input;
    hands.accessibility = &accessibility;
    hands.screen = &screen;
    hands.picture = &picture;
    hands.widgets = &widgets;
    hands.grids = &grids;
    hands.contacts = &contacts;
    hands.settings = &settings;
    hands.state = folder.path();
    hands.language = Language::kChinese;
  }
};

inline ActionSpec spec_of(const std::string &name, const Json &run) {
  ActionSpec spec;
  spec.name = name;
  spec.run = run;
  return spec;
}

} // namespace yanxing::action
