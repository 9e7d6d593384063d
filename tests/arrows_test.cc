// The rooms of src/ may include only the rooms that the root CMakeLists.txt lets them use (transitively), and a
// third-party library's header only where it belongs. Reads the sources; links none of them.
#include "support/source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// room → rooms it USES, as written.
using Arrows = std::map<std::string, std::set<std::string>>;

Arrows written_arrows(const std::string &cmake) {
  Arrows arrows;
  const std::regex call(R"(yanxing_room\((\w+)\s*([^)]*)\))");
  for (std::sregex_iterator found(cmake.begin(), cmake.end(), call), end; found != end; ++found) {
    auto &uses = arrows[(*found)[1]];
    std::istringstream words((*found)[2].str());
    bool in_uses = false;
    for (std::string word; words >> word;) {
      if (word == "USES" || word == "LINK") {
        in_uses = word == "USES";
      } else if (in_uses) {
        uses.insert(word);
      }
    }
  }
  return arrows;
}

void collect(const Arrows &arrows, const std::string &room, std::set<std::string> &reached) {
  for (const auto &used : arrows.at(room)) {
    if (reached.insert(used).second && arrows.contains(used)) {
      collect(arrows, used, reached);
    }
  }
}

struct Include {
  fs::path file;
  int line = 0;
  std::string header;
};

// "x/y.h" of a line `#include "x/y.h"` or `#include <x/y.h>`, else empty.
std::string included(const std::string &line) {
  const auto hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#' || line.find("include", hash) == std::string::npos) {
    return {};
  }
  const auto open = line.find_first_of("\"<");
  const auto close = open == std::string::npos ? open : line.find_first_of("\">", open + 1);
  return close == std::string::npos ? std::string() : line.substr(open + 1, close - open - 1);
}

std::vector<Include> includes_of(const fs::path &folder) {
  std::vector<Include> includes;
  for (const auto &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") {
      continue;
    }
    std::ifstream in(entry.path());
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (auto header = included(line); !header.empty()) {
        includes.push_back({entry.path(), number, std::move(header)});
      }
    }
  }
  return includes;
}

class ArrowsTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(arrows_.contains("base")) << "no rooms read from CMakeLists.txt"; }

  fs::path source_ = yanxing::test::source("src");
  Arrows arrows_ = written_arrows(text_of(yanxing::test::source("CMakeLists.txt")));
};

TEST_F(ArrowsTest, EveryFolderIsARoom) {
  for (const auto &entry : fs::directory_iterator(source_)) {
    if (entry.is_directory()) {
      EXPECT_TRUE(arrows_.contains(entry.path().filename())) << entry.path() << " is not in CMakeLists.txt";
    }
  }
}

TEST_F(ArrowsTest, TheyGoOneWay) {
  for (const auto &[room, uses] : arrows_) {
    for (const auto &used : uses) {
      EXPECT_TRUE(arrows_.contains(used)) << room << " uses " << used << ", which is no room";
    }
    std::set<std::string> reached;
    collect(arrows_, room, reached);
    EXPECT_FALSE(reached.contains(room)) << room << " reaches itself";
  }
}

TEST_F(ArrowsTest, IncludesFollowThem) {
  std::size_t checked = 0;
  for (const auto &[room, uses] : arrows_) {
    if (!fs::exists(source_ / room)) {
      continue;
    }
    std::set<std::string> allowed{room};
    collect(arrows_, room, allowed);
    for (const auto &include : includes_of(source_ / room)) {
      const auto target = include.header.substr(0, include.header.find('/'));
      if (include.header.find('/') == std::string::npos || !arrows_.contains(target)) {
        continue;
      }
      ++checked;
      EXPECT_TRUE(allowed.contains(target))
          << include.file << ":" << include.line << ": " << room << " may not include " << include.header;
    }
  }
  EXPECT_GT(checked, 20U) << "the includes were not found";
}

// Header (its beginning) → the rooms that may include it: engines stay behind the room that owns them.
TEST_F(ArrowsTest, EnginesStayInTheirRoom) {
  const std::map<std::string, std::set<std::string>> owners = {
      {"llama", {"llm", "server"}},
      {"server-", {"server"}},
      {"common.h", {"server"}},
      {"chat.h", {"server"}},
      {"log.h", {"server"}},
      {"httplib", {"server"}},
      {"mtmd", {"llm"}},
      {"ggml", {"llm", "speech", "nn", "convert"}},
      {"gguf", {"llm", "nn", "convert"}},
      {"whisper.h", {"speech"}},
      {"onnxruntime", {"onnx"}},
      {"onnx/ort_abi.h", {"onnx"}},
      {"openvino", {}},
      {"torch", {"nn", "train", "convert", "quant"}},
      {"ATen", {"nn", "train", "convert", "quant"}},
      {"c10", {"nn", "train", "convert", "quant"}},
      {"atspi", {"os"}},
      {"xcb", {"os"}},
      {"portaudio", {"os"}},
      {"sndfile", {"audio"}},
      {"samplerate", {"audio"}},
      {"opencc", {"text"}},
      {"espeak-ng", {"speech"}},
      {"CLI", {"verb", "training"}},
      {"yaml-cpp", {"verb"}},
      {"curl", {"action", "catalog"}},
      {"archive", {"catalog"}},
      {"mosquitto", {"action"}},
      {"xlsxwriter", {"action"}},
      {"sqlite3", {"diary"}},
  };
  for (const auto &[room, uses] : arrows_) {
    if (!fs::exists(source_ / room)) {
      continue;
    }
    for (const auto &include : includes_of(source_ / room)) {
      for (const auto &[engine, allowed] : owners) {
        if (include.header.starts_with(engine)) {
          EXPECT_TRUE(allowed.contains(room))
              << include.file << ":" << include.line << ": " << include.header << " does not belong into " << room;
        }
      }
    }
  }
}

TEST(ArrowsReader, ReadsRoomsAndWhatTheyUse) {
  const auto arrows = written_arrows("yanxing_room(a LINK x::y)\nyanxing_room(b USES a c  LINK z)\nyanxing_room(c)");
  EXPECT_EQ(arrows.size(), 3U);
  EXPECT_TRUE(arrows.at("a").empty());
  EXPECT_EQ(arrows.at("b"), (std::set<std::string>{"a", "c"}));
}

} // namespace
