// A real desktop: scripts/desktop.sh with the budget in LibreOffice Calc; its cells are read, and it is clicked and
// typed into.
#include "os/desktop.h"
#include "support/desktop_session.h"
#include "support/source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

namespace yanxing::os {
namespace {

const Widget *find_table(const WidgetTree &tree) {
  const auto found = std::find_if(tree.widgets.begin(), tree.widgets.end(),
                                  [](const Widget &widget) { return widget.role == "table"; });
  return found == tree.widgets.end() ? nullptr : &*found;
}

bool has(const Widget &widget, const std::string &state) {
  return std::find(widget.states.begin(), widget.states.end(), state) != widget.states.end();
}

bool comes_true(const std::function<bool()> &condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

class Calc : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    session_ = new test::DesktopSession(test::source("assets/budget.xlsx").string(), "os");
  }
  static void TearDownTestSuite() {
    delete session_;
    session_ = nullptr;
  }
  void SetUp() override {
    if (!session_->missing().empty()) {
      GTEST_SKIP() << session_->missing();
    }
    ASSERT_EQ(session_->problem(), "");
    auto accessibility = open_accessibility();
    ASSERT_TRUE(accessibility) << accessibility.error().message();
    accessibility_ = std::move(*accessibility);
  }

  static test::DesktopSession *session_;
  std::unique_ptr<Accessibility> accessibility_;
};

test::DesktopSession *Calc::session_ = nullptr;

TEST_F(Calc, TableIsSeenWithItsUsedCells) {
  const auto tree = accessibility_->snapshot(800, 3000);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_TRUE(tree->active);
  EXPECT_TRUE(tree->title.starts_with("budget.xlsx")) << tree->title;
  const Widget *table = find_table(*tree);
  ASSERT_NE(table, nullptr);
  EXPECT_TRUE(has(*table, "focused"));
  EXPECT_EQ(table->rows, 8);
  EXPECT_EQ(table->columns, 5);
  EXPECT_GT(table->box.width, 100);
  const auto cells = accessibility_->cells(table->handle, 10000);
  ASSERT_TRUE(cells) << cells.error().message();
  ASSERT_EQ(cells->size(), 8U);
  ASSERT_EQ((*cells)[0].size(), 5U);
  EXPECT_EQ((*cells)[0][0].text, "部门");
  EXPECT_EQ((*cells)[0][4].text, "合计");
  EXPECT_FALSE((*cells)[0][1].is_number);
  EXPECT_EQ((*cells)[1][0].text, "研发部");
  EXPECT_TRUE((*cells)[1][1].is_number);
  EXPECT_EQ((*cells)[1][1].number, 320);
  EXPECT_EQ((*cells)[7][4].number, 3155) << "a formula's value";
  const auto few = accessibility_->cells(table->handle, 10);
  ASSERT_TRUE(few);
  EXPECT_LE(few->size() * (few->empty() ? 0 : (*few)[0].size()), 10U);
}

TEST_F(Calc, HandlesOfAnEarlierLookAreRefused) {
  const auto tree = accessibility_->snapshot(800, 3000);
  ASSERT_TRUE(tree);
  const std::uint64_t old = tree->widgets.back().handle;
  ASSERT_TRUE(accessibility_->snapshot(10, 3000));
  EXPECT_FALSE(accessibility_->press(old));
  EXPECT_FALSE(accessibility_->cells(0, 10));
}

TEST_F(Calc, IsPicturedClickedAndTypedInto) {
  auto display = open_display(nullptr);
  ASSERT_TRUE(display) << display.error().message();
  const auto picture = (*display)->capture();
  ASSERT_TRUE(picture) << picture.error().message();
  EXPECT_EQ(picture->width, 1280);
  EXPECT_EQ(picture->height, 800);
  EXPECT_NE(std::count(picture->rgb.begin(), picture->rgb.end(), 255), 0) << "the sheet is white";

  auto input = open_input();
  ASSERT_TRUE(input) << input.error().message();
  EXPECT_FALSE((*input)->click(5000, 10, Input::Button::kLeft, 1)) << "outside the screen";
  auto tree = accessibility_->snapshot(800, 3000);
  ASSERT_TRUE(tree);
  const Widget *table = find_table(*tree);
  ASSERT_NE(table, nullptr);
  // The first cell of a table whose used range is 5 columns and 8 rows.
  const int x = table->box.x + table->box.width / 10;
  const int y = table->box.y + table->box.height / 16;
  ASSERT_TRUE((*input)->click(x, y + table->box.height / 8, Input::Button::kLeft, 1));
  EXPECT_EQ((*display)->pointer().value(), (std::pair<int, int>(x, y + table->box.height / 8)));
  const std::string written = "研发二部 (R&D) é";
  ASSERT_TRUE((*input)->type(written));
  ASSERT_TRUE((*input)->key("Return"));
  std::string read;
  const bool there = comes_true([&] {
    const auto seen = accessibility_->snapshot(800, 3000);
    const Widget *now = seen ? find_table(*seen) : nullptr;
    const auto cells = now != nullptr ? accessibility_->cells(now->handle, 1000) : Result<CellGrid>(CellGrid{});
    read = cells && cells->size() > 1 ? (*cells)[1][0].text : "";
    return read == written;
  });
  EXPECT_TRUE(there) << "the cell holds '" << read << "'";
}

TEST_F(Calc, MenuOpensByItsDefaultAction) {
  const auto tree = accessibility_->snapshot(800, 3000);
  ASSERT_TRUE(tree);
  const auto menu = std::find_if(tree->widgets.begin(), tree->widgets.end(),
                                 [](const Widget &widget) { return widget.role == "menu" && widget.name == "Data"; });
  ASSERT_NE(menu, tree->widgets.end());
  ASSERT_TRUE(accessibility_->press(menu->handle));
  EXPECT_TRUE(comes_true([&] {
    const auto seen = accessibility_->snapshot(800, 3000);
    return seen && std::any_of(seen->widgets.begin(), seen->widgets.end(), [](const Widget &widget) {
             return widget.role == "menu item" && widget.name.starts_with("Sort");
           });
  }));
  auto input = open_input();
  ASSERT_TRUE(input);
  ASSERT_TRUE((*input)->key("Escape"));
  ASSERT_TRUE((*input)->key("Escape"));
}

} // namespace
} // namespace yanxing::os
