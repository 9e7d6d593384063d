// What of the desktop can be told without one: numbers as shown, keys by name, pixels, the fakes, clear errors.
#include "os/atspi_cells.h"
#include "os/atspi_roles.h"
#include "os/atspi_tree.h"
#include "os/fake_desktop.h"
#include "os/input_keys.h"
#include "os/shown_number.h"
#include "os/x11_display.h"
#include "os/x11_scale.h"

#include <X11/keysym.h>
#include <atspi/atspi.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace yanxing::os {
namespace {

TEST(ShownNumber, ReadsWhatSpreadsheetsShow) {
  EXPECT_EQ(shown_number("320"), 320);
  EXPECT_EQ(shown_number("-1,234.50"), -1234.5);
  EXPECT_EQ(shown_number("(5)"), -5);
  EXPECT_EQ(shown_number("¥ 44,450.50"), 44450.5);
  EXPECT_EQ(shown_number("-$3"), -3);
  EXPECT_DOUBLE_EQ(shown_number("12.5%").value(), 0.125);
  EXPECT_EQ(shown_number(" 1.2E+03 "), 1200);
  EXPECT_EQ(shown_number(".5"), 0.5);
}

TEST(ShownNumber, LeavesTextsAlone) {
  for (const char *text : {"", " ", "一季度", "2024-01-05", "12:00", "1,2", ",123", "3 台", "1.2.3", "()", "-", "inf",
                           "nan", "0x10", "1234,567", "%", "1e"}) {
    EXPECT_FALSE(shown_number(text)) << text;
  }
}

TEST(Trim, CutsBlankRowsAndColumnsAtTheEnds) {
  CellGrid grid{
      {{"", 0, false}, {"a", 0, false}, {" ", 0, false}}, {{}, {}, {}}, {{"b", 0, false}, {}, {}}, {{}, {}, {}}};
  trim(grid);
  ASSERT_EQ(grid.size(), 3U);
  EXPECT_EQ(grid[0].size(), 2U);
  EXPECT_EQ(grid[2][0].text, "b");
  CellGrid blank{{{}, {}}};
  trim(blank);
  EXPECT_TRUE(blank.empty());
}

TEST(Chord, PutsModifiersFirst) {
  EXPECT_EQ(parse_chord("ctrl+s").value(), (std::vector<Keysym>{XK_Control_L, XK_s}));
  EXPECT_EQ(parse_chord("Ctrl + Shift + T").value(), (std::vector<Keysym>{XK_Control_L, XK_Shift_L, XK_t}));
  EXPECT_EQ(parse_chord("s+ctrl").value(), (std::vector<Keysym>{XK_Control_L, XK_s}));
  EXPECT_EQ(parse_chord("ctrl++").value(), (std::vector<Keysym>{XK_Control_L, XK_plus}));
  EXPECT_EQ(parse_chord("alt+F4").value(), (std::vector<Keysym>{XK_Alt_L, XK_F4}));
  EXPECT_EQ(parse_chord("Return").value(), (std::vector<Keysym>{XK_Return}));
}

TEST(Chord, NamesThePartThatIsNoKey) {
  const auto wrong = parse_chord("ctrl+保存");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("'保存'"), std::string::npos);
  EXPECT_FALSE(parse_chord(""));
  EXPECT_FALSE(parse_chord("F99"));
}

TEST(Characters, AreKeysymsAndBadUtf8IsRefused) {
  const auto text = characters_of("aé你😀");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, U"aé你😀");
  EXPECT_EQ(keysym_of(U'a'), 'a');
  EXPECT_EQ(keysym_of(U'é'), 0xe9U);
  EXPECT_EQ(keysym_of(U'你'), 0x01004f60U);
  EXPECT_EQ(keysym_of(U'\n'), static_cast<Keysym>(XK_Return));
  for (const char *bad : {"\xff", "\xe4\xbd", "a\xc0\x80", "\x80"}) {
    EXPECT_FALSE(characters_of(bad));
  }
}

TEST(Pixels, AreReadInTheServersLayout) {
  const std::uint8_t bgrx[] = {3, 2, 1, 0, 6, 5, 4, 0};
  const Picture common = picture_from_pixels(bgrx, 8, 2, 1, PixelLayout{});
  EXPECT_EQ(common.rgb, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
  const std::uint8_t rgb565[] = {0x00, 0xf8, 0xe0, 0x07, 0, 0, 0, 0}; // red, green; a row is padded to 32 bits
  const Picture small = picture_from_pixels(rgb565, 4, 2, 1, PixelLayout{16, false, 0xf800, 0x07e0, 0x001f});
  EXPECT_EQ(small.rgb, (std::vector<std::uint8_t>{255, 0, 0, 0, 255, 0}));
}

TEST(Roles, AndStatesHaveWords) {
  EXPECT_EQ(role_name(ATSPI_ROLE_TABLE), "table");
  EXPECT_EQ(role_name(100000), "unknown");
  const std::uint64_t states = 1ULL << ATSPI_STATE_FOCUSED | 1ULL << ATSPI_STATE_SHOWING;
  EXPECT_EQ(state_words(states), (std::vector<std::string>{"focused", "disabled"}));
}

TEST(NestedToolkit, IsMovedToWhereItsParentIs) {
  const auto node = [](std::uint32_t role, Box box, int parent) {
    AccessibleNode made;
    made.role = role;
    made.box = box;
    made.parent = parent;
    return made;
  };
  // As LibreOffice in GTK tells it: the root pane fills the panel below the menu bar but says that it begins above.
  std::vector<AccessibleNode> nodes{
      node(ATSPI_ROLE_PANEL, {0, 44, 1280, 756}, -1),  node(ATSPI_ROLE_ROOT_PANE, {0, 19, 1280, 756}, 0),
      node(ATSPI_ROLE_TABLE, {41, 157, 1166, 559}, 1), node(ATSPI_ROLE_PANEL, {4, 99, 162, 34}, 1),
      node(ATSPI_ROLE_PANEL, {4, 124, 162, 34}, 3), // GTK again: true already
      node(ATSPI_ROLE_TEXT, {4, 124, 126, 34}, 4)};
  undo_nested_shift(nodes);
  EXPECT_EQ(nodes[2].box, (Box{41, 182, 1166, 559}));
  EXPECT_EQ(nodes[3].box, (Box{4, 124, 162, 34}));
  EXPECT_EQ(nodes[4].box, (Box{4, 124, 162, 34}));
  EXPECT_EQ(nodes[5].box, (Box{4, 124, 126, 34}));
}

TEST(Scale, IsAWholeFactorBetweenTrueAndToldWidth) {
  EXPECT_EQ(scale_between(1280, 1280), 1);
  EXPECT_EQ(scale_between(2560, 1280), 2);
  EXPECT_EQ(scale_between(2612, 1280), 2) << "with a shadow around";
  EXPECT_EQ(scale_between(1900, 1280), 1);
  EXPECT_EQ(scale_between(300, 0), 1);
  EXPECT_EQ(scaled({1, 2, 3, 4}, 2), (Box{2, 4, 6, 8}));
}

// Takes an environment variable away for one test.
class Without {
public:
  explicit Without(const char *name) : name_(name) {
    if (const char *value = std::getenv(name)) {
      value_ = value;
      had_ = true;
    }
    unsetenv(name);
  }
  ~Without() {
    if (had_) {
      setenv(name_, value_.c_str(), 1);
    }
  }
  Without(const Without &) = delete;
  Without &operator=(const Without &) = delete;

private:
  const char *name_;
  std::string value_;
  bool had_ = false;
};

TEST(NoDesktop, IsSaidClearly) {
  const Without display("DISPLAY");
  const Without wayland("WAYLAND_DISPLAY");
  const Without session("DBUS_SESSION_BUS_ADDRESS");
  const Without runtime("XDG_RUNTIME_DIR");
  const Without bus("AT_SPI_BUS_ADDRESS");
  const auto picture = open_display(nullptr);
  ASSERT_FALSE(picture);
  EXPECT_NE(picture.error().message().find("DISPLAY"), std::string::npos);
  EXPECT_FALSE(open_input());
  const auto accessibility = open_accessibility();
  ASSERT_FALSE(accessibility);
  EXPECT_NE(accessibility.error().message().find("DBUS_SESSION_BUS_ADDRESS"), std::string::npos);
  setenv("DISPLAY", ":4711", 1);
  EXPECT_NE(open_display(nullptr).error().message().find(":4711"), std::string::npos);
  unsetenv("DISPLAY");
}

TEST(FakeDesktop, RecordsWhatIsDone) {
  FakeInput input;
  ASSERT_TRUE(input.click(3, 4, Input::Button::kRight, 2));
  ASSERT_TRUE(input.type("你好"));
  EXPECT_EQ(input.events, (std::vector<std::string>{"click 3 4 right x2", "type 你好"}));
  FakeAccessibility accessibility;
  EXPECT_FALSE(accessibility.snapshot(10, 100));
  accessibility.tree.widgets.resize(3);
  accessibility.tree.widgets[0].handle = 7;
  EXPECT_EQ(accessibility.snapshot(2, 100)->widgets.size(), 2U);
  EXPECT_TRUE(accessibility.press(7));
  EXPECT_FALSE(accessibility.press(8));
  EXPECT_FALSE(accessibility.selected_text());
}

} // namespace
} // namespace yanxing::os
