// Elements and ids from widgets, tables from texts and lines, detector and recogniser post-processing, picture files.
#include "base/files.h"
#include "os/fake_desktop.h"
#include "screen/elements.h"
#include "screen/look.h"
#include "screen/picture_tables.h"
#include "screen/rulings.h"
#include "screen/text_detector.h"
#include "screen/text_recognizer.h"
#include "support/fuzz.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

// Fontconfig keeps some patterns of Pango's own font thread for good; asked for by name by the leak sanitizer.
extern "C" const char *__lsan_default_suppressions() { return "leak:libfontconfig\n"; }

namespace yanxing::screen {
namespace {

os::Widget widget(std::uint64_t handle, std::string role, std::string name, Box box, int parent,
                  std::vector<std::string> states = {}) {
  os::Widget made;
  made.handle = handle;
  made.role = std::move(role);
  made.name = std::move(name);
  made.box = box;
  made.parent = parent;
  made.states = std::move(states);
  return made;
}

Picture blank(int width, int height) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3, 255)};
}

void paint(Picture &picture, const Box &box, std::uint8_t grey) {
  for (int y = box.y; y < box.y + box.height; ++y) {
    for (int x = box.x; x < box.x + box.width; ++x) {
      const auto at = static_cast<std::size_t>(y * picture.width + x) * 3;
      std::fill_n(picture.rgb.begin() + static_cast<std::ptrdiff_t>(at), 3, grey);
    }
  }
}

// A sheet as LibreOffice tells it: tabs, a focused table, a nameless field in a named panel.
os::FakeAccessibility calc() {
  os::FakeAccessibility fake;
  fake.tree.app = "soffice";
  fake.tree.title = "budget.xlsx - LibreOffice Calc";
  fake.tree.widgets = {widget(1, "frame", "budget.xlsx - LibreOffice Calc", {0, 0, 800, 600}, -1, {"active"}),
                       widget(2, "panel", "", {0, 20, 800, 580}, 0),
                       widget(3, "push button", "Save", {50, 30, 30, 30}, 1),
                       widget(4, "push button", "Open", {10, 31, 30, 30}, 1),
                       widget(5, "panel", "Font Name", {100, 30, 120, 30}, 1),
                       widget(6, "text", "", {102, 32, 100, 26}, 4, {"editable"}),
                       widget(7, "document spreadsheet", "file:///b.xlsx", {0, 100, 800, 450}, 1),
                       widget(8, "table", "Sheet 预算表", {40, 120, 400, 160}, 6, {"focused"}),
                       widget(9, "page tab", "Sheet1", {0, 560, 60, 20}, 1, {"selected"}),
                       widget(10, "push button", "off screen", {900, 30, 30, 30}, 1),
                       widget(11, "push button", "", {300, 30, 30, 30}, 1)};
  fake.tree.widgets[5].text = "Noto Sans";
  fake.tree.widgets[7].rows = 2;
  fake.tree.widgets[7].columns = 2;
  fake.tree.widgets[7].text = "部门\t合计\n研发部\t1025\n";
  return fake;
}

// Texts of a reader without a model.
class FixedReader : public TextReader {
public:
  std::vector<Line> lines;
  int reads = 0;
  Result<std::vector<Line>> read(const Picture & /*picture*/) override {
    ++reads;
    return lines;
  }
};

TEST(Look, NamesTheFocusedTableAndNumbersTheRest) {
  os::FakeDisplay display;
  display.picture = blank(800, 600);
  os::FakeAccessibility accessibility = calc();
  FixedReader reader;
  const auto sight = look_at_desktop(display, &accessibility, &reader);
  ASSERT_TRUE(sight) << sight.error().message();
  EXPECT_EQ(reader.reads, 0) << "an accessible window needs no OCR";
  const Screen &screen = sight->screen;
  EXPECT_EQ(screen.app, "soffice");
  const Element *table = screen.find("current_table");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->name, "budget.xlsx 预算表");
  EXPECT_EQ(table->text, "部门 | 合计; 研发部 | 1025");
  EXPECT_EQ(table->rows, 2);
  EXPECT_EQ(table->parent, "current_document");
  EXPECT_EQ(sight->widgets.at("current_table"), 8U);
  ASSERT_NE(screen.find("current_document"), nullptr);
  EXPECT_EQ(screen.find("current_document")->name, "budget.xlsx");
  ASSERT_NE(screen.find("tab_1"), nullptr);
  EXPECT_EQ(screen.find("tab_1")->name, "Sheet1") << "a selected tab is no table";
  ASSERT_NE(screen.find("button_1"), nullptr);
  EXPECT_EQ(screen.find("button_1")->name, "Open") << "reading order, not the tree's";
  EXPECT_EQ(screen.find("button_2")->name, "Save");
  EXPECT_EQ(screen.find("button_3"), nullptr) << "nameless and off-screen buttons are dropped";
  ASSERT_NE(screen.find("field_1"), nullptr);
  EXPECT_EQ(screen.find("field_1")->name, "Font Name");
  EXPECT_EQ(screen.find("field_1")->text, "Noto Sans");
  EXPECT_EQ(screen.find("current_selection"), nullptr);
}

TEST(Look, KnowsPointerAndSelection) {
  os::FakeDisplay display;
  display.picture = blank(800, 600);
  display.pointer_at = {60, 40};
  os::FakeAccessibility accessibility = calc();
  accessibility.selection = "研发部\t1025";
  const auto sight = look_at_desktop(display, &accessibility, nullptr);
  ASSERT_TRUE(sight);
  ASSERT_NE(sight->screen.find("current_button"), nullptr);
  EXPECT_EQ(sight->screen.find("current_button")->name, "Save");
  ASSERT_NE(sight->screen.find("current_selection"), nullptr);
  EXPECT_EQ(sight->screen.find("current_selection")->text, "研发部 1025");
  EXPECT_EQ(sight->screen.find("current_selection")->kind, "selection"); // what `share` sends as text
  EXPECT_EQ(sight->widgets.at("current_selection"), 8U);
}

TEST(Look, ReadsThePictureWhereNoAccessibleWindowIsActive) {
  os::FakeDisplay display;
  display.picture = blank(800, 600);
  os::FakeAccessibility accessibility = calc();
  accessibility.tree.active = false;
  FixedReader reader;
  reader.lines = {{"确定", {10, 10, 40, 20}, 0.9F}};
  const auto sight = look_at_desktop(display, &accessibility, &reader);
  ASSERT_TRUE(sight);
  ASSERT_NE(sight->screen.find("text_1"), nullptr);
  EXPECT_EQ(sight->screen.find("text_1")->name, "确定");
  EXPECT_TRUE(sight->widgets.empty());
  const auto nothing = look_at_desktop(display, nullptr, nullptr);
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().hint.find("yanxing pull"), std::string::npos);
}

TEST(Elements, AreBoundedAndKeepWhatActs) {
  os::WidgetTree tree;
  tree.widgets.push_back(widget(1, "frame", "w", {0, 0, 1000, 1000}, -1));
  for (int i = 0; i < 300; ++i) {
    tree.widgets.push_back(widget(2, "label", "text " + std::to_string(i), {0, i * 3, 50, 3}, 0));
  }
  tree.widgets.push_back(widget(3, "push button", "OK", {900, 990, 50, 10}, 0));
  std::map<std::string, std::uint64_t> widgets;
  std::map<std::string, os::CellGrid> grids;
  const auto elements = name_elements(candidates_from(tree, 1000, 1000), std::nullopt, widgets, grids);
  EXPECT_EQ(elements.size(), kMostElements);
  EXPECT_EQ(widgets.count("button_1"), 1U);
  EXPECT_EQ(elements[0].id, "current_window");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("  a \n\t b  ", 100), "a b");
  EXPECT_EQ(shortened("预算表", 4), "预…");
  EXPECT_EQ(document_title("a - b.ods - LibreOffice Calc"), "a - b.ods");
}

// Texts at the centres of a grid's cells.
std::vector<TextReader::Line> texts(const std::vector<std::vector<std::string>> &rows, int left, int top, int width,
                                    int height) {
  std::vector<TextReader::Line> lines;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      if (!rows[r][c].empty()) {
        lines.push_back(
            {rows[r][c],
             {left + static_cast<int>(c) * width + 8, top + static_cast<int>(r) * height + 4, 30, height - 8},
             0.9F});
      }
    }
  }
  return lines;
}

TEST(Tables, AreFoundInRuledLinesOfAPicture) {
  Picture picture = blank(500, 300);
  for (int i = 0; i <= 5; ++i) { // light grey grid of 4 columns, 5 rows of 80 x 24
    paint(picture, {20, 40 + i * 24, 321, 1}, 212);
  }
  for (int i = 0; i <= 4; ++i) {
    paint(picture, {20 + i * 80, 40, 1, 121}, 212);
  }
  // A spreadsheet's frame, a blank row at the end.
  const auto lines = texts({{"", "A", "B", "C"},
                            {"1", "部门", "人数", "合计"},
                            {"2", "研发部", "12", "3,600"},
                            {"3", "市场部", "7", "90%"},
                            {}},
                           20, 40, 80, 24);
  const auto tables = find_tables(picture, lines);
  ASSERT_EQ(tables.size(), 1U);
  ASSERT_EQ(tables[0].cells.size(), 3U) << "without letters, numbers and the blank row";
  ASSERT_EQ(tables[0].cells[0].size(), 3U);
  EXPECT_EQ(tables[0].cells[0][0].text, "部门");
  EXPECT_EQ(tables[0].cells[1][2].number, 3600);
  EXPECT_TRUE(tables[0].cells[1][2].is_number);
  EXPECT_NEAR(tables[0].box.x, 100, 3);
  EXPECT_NEAR(tables[0].box.y, 64, 3);
  EXPECT_NEAR(tables[0].box.width, 240, 4);
}

TEST(Tables, AreFoundInAlignedTextsWithoutLines) {
  auto lines = texts({{"Name", "Age", "City"}, {"Ann", "31", "Rome"}, {"Bo", "8", "Oslo"}, {"Cy", "77", "Kyiv"}}, 30,
                     100, 120, 30);
  lines.push_back({"A heading that runs across the whole page", {30, 20, 300, 24}, 0.9F});
  const auto tables = find_tables(blank(500, 300), lines);
  ASSERT_EQ(tables.size(), 1U);
  ASSERT_EQ(tables[0].cells.size(), 4U);
  EXPECT_EQ(tables[0].cells[0][2].text, "City");
  EXPECT_TRUE(tables[0].cells[3][1].is_number);
}

TEST(Tables, AreNotSeenInProse) {
  std::vector<TextReader::Line> lines;
  for (int i = 0; i < 10; ++i) {
    lines.push_back({"words and more words", {20, 20 + i * 25, 300 + i * 7, 20}, 0.9F});
  }
  EXPECT_TRUE(find_tables(blank(500, 300), lines).empty());
  EXPECT_TRUE(find_tables(blank(5, 5), {}).empty());
}

TEST(Detector, GrowsTheRegionsItFinds) {
  std::vector<float> map(100 * 40, 0.0F);
  for (int y = 10; y < 20; ++y) {
    for (int x = 20; x < 60; ++x) {
      map[static_cast<std::size_t>(y * 100 + x)] = 0.9F;
    }
  }
  map[5 * 100 + 90] = 0.9F; // a speck
  const auto regions = regions_of(map, 100, 40);
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].box, (Box{14, 4, 52, 22})); // 40 * 10 * 1.5 / 100 = 6 on each side
  EXPECT_FLOAT_EQ(regions[0].score, 0.9F);
}

TEST(Recognizer, CollapsesRepeatsAndBlanks) {
  // Classes: blank, a, b. Steps: a a _ a b b
  const std::vector<float> probability{0, 1, 0, 0, .8F, .2F, 1, 0, 0, 0, 1, 0, 0, 0, 1, .1F, 0, .9F};
  const ReadLine line = decode_ctc(probability, 6, 3, {"a", "b"});
  EXPECT_EQ(line.text, "aab");
  EXPECT_FLOAT_EQ(line.score, 1.0F);
  EXPECT_EQ(decode_ctc({}, 0, 3, {"a", "b"}).text, "");
}

class PictureFile : public ::testing::Test {
protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("yanxing-picture-test-" + std::to_string(::getpid()));
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST_F(PictureFile, IsReadAsItWasWritten) {
  Picture picture = blank(31, 17);
  paint(picture, {3, 4, 10, 5}, 77);
  picture.rgb[1] = 9;
  ASSERT_TRUE(write_png(folder_ / "p.png", picture));
  const auto read = read_picture(folder_ / "p.png");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->width, 31);
  EXPECT_EQ(read->rgb, picture.rgb);
}

TEST_F(PictureFile, BadFilesAreRefusedInOneSentence) {
  EXPECT_FALSE(read_picture(folder_ / "absent.png"));
  ASSERT_TRUE(write_file(folder_ / "text.png", "this is no picture at all"));
  EXPECT_FALSE(read_picture(folder_ / "text.png"));
  ASSERT_TRUE(write_file(folder_ / "empty.png", ""));
  EXPECT_FALSE(read_picture(folder_ / "empty.png"));
  ASSERT_TRUE(write_png(folder_ / "whole.png", blank(200, 200)));
  const auto whole = read_file(folder_ / "whole.png");
  ASSERT_TRUE(write_file(folder_ / "half.png", whole->substr(0, whole->size() / 2)));
  EXPECT_FALSE(read_picture(folder_ / "half.png"));
  EXPECT_FALSE(write_png(folder_ / "none.png", Picture{}));
}

// A BMP of 54 bytes that says it is 32768 × 32768: all of it was made room for before it was refused.
TEST_F(PictureFile, ATooLargeOneIsRefusedByItsHeader) {
  std::string header = "BM";
  const auto put = [&header](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      header += static_cast<char>(value >> (8 * i));
    }
  };
  for (const std::uint32_t field : {54U, 0U, 54U, 40U, 32768U, 32768U}) {
    put(field, 4);
  }
  put(1, 2);  // planes
  put(24, 2); // bits a pixel
  header.resize(54 + 4096, '\0');
  ASSERT_TRUE(write_file(folder_ / "large.bmp", header));
  const fuzz::MemoryWatch watch;
  const auto read = read_picture(folder_ / "large.bmp");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("64 megapixels"), std::string::npos) << read.error().message();
  for (const std::size_t place : {13, 17}) { // pixels after 2 GiB, a header of 2 GiB
    auto wide = header;
    wide[place] = '\x80';
    ASSERT_TRUE(write_file(folder_ / "wide.bmp", wide));
    EXPECT_FALSE(read_picture(folder_ / "wide.bmp"));
  }
  EXPECT_LT(fuzz::MemoryWatch::most_bytes(), 16U << 20U);
}

TEST(Annotate, DrawsTheMarkedElementStrongest) {
  Screen screen;
  screen.width = 200;
  screen.height = 100;
  screen.elements.resize(2);
  screen.elements[0].id = "button_1";
  screen.elements[0].kind = "button";
  screen.elements[0].box = {10, 40, 50, 30};
  screen.elements[1].id = "current_table";
  screen.elements[1].kind = "table";
  screen.elements[1].name = "预算表";
  screen.elements[1].box = {100, 40, 80, 50};
  const Picture picture = annotate(blank(200, 100), screen, "current_table");
  ASSERT_EQ(picture.width, 200);
  const std::uint8_t *edge = picture.pixel(178, 65); // the table's frame is three pixels wide
  EXPECT_GT(edge[0], 180);
  EXPECT_LT(edge[1], 80);
  EXPECT_LT(picture.pixel(10, 55)[0], 120); // the button's is one
  EXPECT_EQ(picture.pixel(30, 55)[0], 255);
  EXPECT_TRUE(annotate(Picture{}, screen).empty());
}

} // namespace
} // namespace yanxing::screen
