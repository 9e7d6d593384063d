// Pictures that were damaged on their way, or whose header claims more than there is.
#include "screen/look.h"

#include "support/fuzz.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

#include <memory>

namespace yanxing::screen {
namespace {

// 31 × 17 pixels of a pattern, in one of the formats that GdkPixbuf writes.
std::string written_as(const char *format) {
  constexpr int kWidth = 31;
  constexpr int kHeight = 17;
  std::vector<guchar> rgb;
  for (int i = 0; i < kWidth * kHeight * 3; ++i) {
    rgb.push_back(static_cast<guchar>(i * i / 7));
  }
  const std::unique_ptr<GdkPixbuf, decltype(&g_object_unref)> pixbuf(
      gdk_pixbuf_new_from_data(rgb.data(), GDK_COLORSPACE_RGB, FALSE, 8, kWidth, kHeight, kWidth * 3, nullptr, nullptr),
      g_object_unref);
  gchar *bytes = nullptr;
  gsize size = 0;
  EXPECT_TRUE(gdk_pixbuf_save_to_buffer(pixbuf.get(), &bytes, &size, format, nullptr, nullptr));
  const std::unique_ptr<gchar, decltype(&g_free)> owned(bytes, g_free);
  return {bytes, size};
}

// Two pixels of two colours.
std::string gif() {
  using namespace std::string_literals;
  return "GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF"s + "!\xF9\x04\0\0\0\0\0"s + ",\0\0\0\0\x02\0\x01\0\0"s +
         "\x02\x02\x44\x0A\0;"s;
}

void damage(const std::string &whole) {
  const fuzz::Scratch scratch;
  // A header may claim up to 64 megapixels: 4 bytes each while it is unpacked, 3 in the picture.
  constexpr fuzz::Limits kMegapixels{.beside = 512U << 20U, .longest = std::chrono::seconds(60)};
  fuzz::survives(
      whole, fuzz::Form::kBytes,
      [&](const std::string &bytes) {
        const auto picture = read_picture(scratch.write("picture", bytes));
        if (fuzz::told(picture)) {
          EXPECT_FALSE(picture->empty());
          EXPECT_EQ(picture->rgb.size(),
                    static_cast<std::size_t>(picture->width) * static_cast<std::size_t>(picture->height) * 3);
        }
      },
      kMegapixels);
}

TEST(DamagedPicture, Png) { damage(written_as("png")); }
TEST(DamagedPicture, Jpeg) { damage(written_as("jpeg")); }
TEST(DamagedPicture, Bmp) { damage(written_as("bmp")); }
TEST(DamagedPicture, Gif) { damage(gif()); }

} // namespace
} // namespace yanxing::screen
