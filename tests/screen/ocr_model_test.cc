// The real reader on text that the test itself draws.
#include "base/paths.h"
#include "screen/look.h"

#include <gtest/gtest.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace yanxing::screen {
namespace {

struct Written {
  std::string text;
  int x;
  int y;
  int points; // pixels
};

// White paper with black text, and a light grey grid where `grid` is not empty: cells of its width and height.
Picture draw(int width, int height, const std::vector<Written> &texts, const Box &grid, int columns, int rows) {
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy);
  const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo(cairo_create(surface.get()), cairo_destroy);
  cairo_set_source_rgb(cairo.get(), 1, 1, 1);
  cairo_paint(cairo.get());
  cairo_set_source_rgb(cairo.get(), 0.8, 0.8, 0.8);
  for (int i = 0; i <= rows && !grid.empty(); ++i) {
    cairo_rectangle(cairo.get(), grid.x, grid.y + i * grid.height, grid.width * columns + 1, 1);
  }
  for (int i = 0; i <= columns && !grid.empty(); ++i) {
    cairo_rectangle(cairo.get(), grid.x + i * grid.width, grid.y, 1, grid.height * rows + 1);
  }
  cairo_fill(cairo.get());
  cairo_set_source_rgb(cairo.get(), 0, 0, 0);
  const std::unique_ptr<PangoLayout, decltype(&g_object_unref)> layout(pango_cairo_create_layout(cairo.get()),
                                                                       g_object_unref);
  for (const Written &written : texts) {
    const std::unique_ptr<PangoFontDescription, decltype(&pango_font_description_free)> font(
        pango_font_description_from_string("Noto Sans CJK SC"), pango_font_description_free);
    pango_font_description_set_absolute_size(font.get(), written.points * PANGO_SCALE);
    pango_layout_set_font_description(layout.get(), font.get());
    pango_layout_set_text(layout.get(), written.text.c_str(), -1);
    cairo_move_to(cairo.get(), written.x, written.y);
    pango_cairo_show_layout(cairo.get(), layout.get());
  }
  cairo_surface_flush(surface.get());
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    const auto *row = reinterpret_cast<const std::uint32_t *>(cairo_image_surface_get_data(surface.get()) +
                                                              static_cast<std::ptrdiff_t>(y) *
                                                                  cairo_image_surface_get_stride(surface.get()));
    for (int x = 0; x < width; ++x) {
      picture.rgb.push_back(static_cast<std::uint8_t>(row[x] >> 16U));
      picture.rgb.push_back(static_cast<std::uint8_t>(row[x] >> 8U));
      picture.rgb.push_back(static_cast<std::uint8_t>(row[x]));
    }
  }
  return picture;
}

class Ocr : public ::testing::Test {
protected:
  void SetUp() override {
    const auto folder = models_folder() / "pp-ocr-v6";
    if (!std::filesystem::exists(folder / "rec.onnx")) {
      GTEST_SKIP() << "the text reader is not fetched: yanxing pull pp-ocr-v6";
    }
    reader_ = make_text_reader({folder / "det.onnx", folder / "rec.onnx", 2});
  }
  std::unique_ptr<TextReader> reader_;
};

TEST_F(Ocr, ReadsChineseAndEnglishWithBoxesInThePicturesPixels) {
  const Picture picture = draw(640, 300,
                               {{"把这个表格发给李经理", 40, 30, 22},
                                {"Quarterly budget 2026", 40, 90, 18},
                                {"合计：3,155 万元", 300, 150, 14},
                                {"small text of twelve pixels", 40, 220, 12}},
                               {}, 0, 0);
  const auto lines = reader_->read(picture);
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 4U);
  EXPECT_EQ((*lines)[0].text, "把这个表格发给李经理");
  EXPECT_EQ((*lines)[1].text, "Quarterly budget 2026");
  EXPECT_NE((*lines)[2].text.find("3,155"), std::string::npos) << (*lines)[2].text;
  EXPECT_EQ((*lines)[3].text, "small text of twelve pixels");
  EXPECT_NEAR((*lines)[0].box.x, 40, 8);
  EXPECT_NEAR((*lines)[0].box.width, 220, 20);
  EXPECT_NEAR((*lines)[2].box.x, 300, 8);
}

TEST_F(Ocr, TakesATableOutOfAPicture) {
  const std::vector<std::vector<std::string>> cells{
      {"部门", "一季度", "二季度"}, {"研发部", "320", "345"}, {"市场部", "180", "210"}, {"总计", "500", "555"}};
  std::vector<Written> texts{{"预算", 40, 20, 18}};
  for (std::size_t row = 0; row < cells.size(); ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      texts.push_back({cells[row][column], 60 + static_cast<int>(column) * 120, 84 + static_cast<int>(row) * 30, 15});
    }
  }
  const auto sight = look_at_picture(draw(500, 260, texts, {50, 80, 120, 30}, 3, 4), *reader_);
  ASSERT_TRUE(sight) << sight.error().message();
  const Element *table = sight->screen.find("current_table");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->rows, 4);
  EXPECT_EQ(table->columns, 3);
  EXPECT_NEAR(table->box.x, 50, 3);
  EXPECT_NEAR(table->box.height, 120, 4);
  const os::CellGrid &grid = sight->grids.at("current_table");
  for (std::size_t row = 0; row < cells.size(); ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      EXPECT_EQ(grid[row][column].text, cells[row][column]);
    }
  }
  EXPECT_EQ(grid[3][2].number, 555);
}

TEST_F(Ocr, BlankAndTinyPicturesHoldNoText) {
  for (const auto &[width, height] : {std::pair{400, 200}, std::pair{1, 1}, std::pair{3000, 4}}) {
    const auto lines = reader_->read(draw(width, height, {}, {}, 0, 0));
    ASSERT_TRUE(lines) << lines.error().message();
    EXPECT_TRUE(lines->empty());
  }
}

TEST(OcrFiles, MissingModelsAreAnErrorNotACrash) {
  const auto reader = make_text_reader({"/nonexistent/det.onnx", "/nonexistent/rec.onnx", 1});
  EXPECT_FALSE(reader->read(draw(64, 64, {}, {}, 0, 0)));
}

} // namespace
} // namespace yanxing::screen
