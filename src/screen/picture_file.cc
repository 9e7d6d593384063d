#include "base/files.h"
#include "screen/look.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

#include <array>
#include <cstring>
#include <memory>

namespace yanxing::screen {
namespace {

constexpr std::uintmax_t kMostBytes = 256U << 20U;
constexpr std::int64_t kMostPixels = 64'000'000;

struct ObjectDeleter {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <class T> using Owned = std::unique_ptr<T, ObjectDeleter>;

std::string take_message(GError *error) {
  std::string message = error != nullptr ? error->message : "unknown reason";
  g_clear_error(&error);
  return message;
}

// The header tells the size before the pixels are unpacked: a picture that is too large is refused there. No other size
// than 0 keeps every loader from making room for all of it.
void on_size(GdkPixbufLoader *loader, gint width, gint height, gpointer too_large) {
  if (static_cast<std::int64_t>(width) * height > kMostPixels) {
    *static_cast<bool *>(too_large) = true;
    gdk_pixbuf_loader_set_size(loader, 0, 0);
  }
}

Picture from_pixbuf(const GdkPixbuf *pixbuf) {
  Picture picture{gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf), {}};
  const int channels = gdk_pixbuf_get_n_channels(pixbuf);
  const int stride = gdk_pixbuf_get_rowstride(pixbuf);
  const guchar *pixels = gdk_pixbuf_read_pixels(pixbuf);
  picture.rgb.reserve(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3);
  for (int y = 0; y < picture.height; ++y) {
    const guchar *in = pixels + static_cast<std::ptrdiff_t>(y) * stride;
    for (int x = 0; x < picture.width; ++x, in += channels) {
      const unsigned alpha = channels == 4 ? in[3] : 255U; // on white, as a viewer shows it
      for (int c = 0; c < 3; ++c) {
        picture.rgb.push_back(static_cast<std::uint8_t>((in[c] * alpha + 255U * (255U - alpha)) / 255U));
      }
    }
  }
  return picture;
}

// The loader fills what is missing of a truncated PNG or JPEG with white or grey and says nothing; of a BMP it makes
// room for all that the file claims to hold before its pixels, up to 4 GiB.
bool is_truncated(std::string_view bytes) {
  constexpr std::size_t kBmpStart = 18; // at 10 the place of the pixels, at 14 the length of the second header
  if (bytes.starts_with("BM") && bytes.size() >= kBmpStart) {
    std::uint32_t pixels_at = 0;
    std::uint32_t header_bytes = 0;
    std::memcpy(&pixels_at, bytes.data() + 10, sizeof pixels_at);
    std::memcpy(&header_bytes, bytes.data() + 14, sizeof header_bytes);
    return pixels_at > bytes.size() || header_bytes > bytes.size();
  }
  if (bytes.starts_with("\x89PNG")) {
    return bytes.rfind("IEND") == std::string_view::npos;
  }
  return bytes.starts_with("\xff\xd8") && bytes.rfind("\xff\xd9") == std::string_view::npos;
}

} // namespace

Result<Picture> read_picture(const std::filesystem::path &file) {
  const auto bytes = read_file(file, kMostBytes);
  return bytes ? decode_picture(*bytes, file.string()) : Result<Picture>(bytes.error());
}

Result<Picture> decode_picture(std::string_view bytes, const std::string &where) {
  const std::string hint = "Give a PNG, JPEG, BMP or GIF picture";
  if (is_truncated(bytes)) {
    return Error{where + " ends in the middle of the picture", hint};
  }
  const Owned<GdkPixbufLoader> loader(gdk_pixbuf_loader_new());
  bool too_large = false;
  g_signal_connect(loader.get(), "size-prepared", G_CALLBACK(on_size), &too_large);
  GError *error = nullptr;
  const bool written = gdk_pixbuf_loader_write(loader.get(), reinterpret_cast<const guchar *>(bytes.data()),
                                               bytes.size(), &error) != FALSE;
  // Closing after a failed write would only fail again; after a good one it tells of a truncated file.
  const bool closed = gdk_pixbuf_loader_close(loader.get(), written ? &error : nullptr) != FALSE;
  if (too_large) {
    g_clear_error(&error);
    return Error{where + " has more than 64 megapixels", "Give a smaller picture"};
  }
  if (!written || !closed) {
    return Error{where + " is not a picture that can be read: " + take_message(error), hint};
  }
  const GdkPixbuf *pixbuf = gdk_pixbuf_loader_get_pixbuf(loader.get());
  if (pixbuf == nullptr) {
    return Error{where + " holds no picture", hint};
  }
  return from_pixbuf(pixbuf);
}

Status write_png(const std::filesystem::path &file, const Picture &picture) {
  if (picture.empty()) {
    return Error{"there is no picture to write to " + file.string(), ""};
  }
  const Owned<GdkPixbuf> pixbuf(gdk_pixbuf_new_from_data(picture.rgb.data(), GDK_COLORSPACE_RGB, FALSE, 8,
                                                         picture.width, picture.height, picture.width * 3, nullptr,
                                                         nullptr));
  gchar *bytes = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  std::array<char, 12> key{"compression"};
  std::array<char, 2> level{"3"}; // four times as fast as the default for a tenth more bytes
  std::array<char *, 2> keys{key.data(), nullptr};
  std::array<char *, 2> values{level.data(), nullptr};
  if (gdk_pixbuf_save_to_bufferv(pixbuf.get(), &bytes, &size, "png", keys.data(), values.data(), &error) == FALSE) {
    return Error{"the picture cannot be written to " + file.string() + ": " + take_message(error), ""};
  }
  const std::unique_ptr<gchar, decltype(&g_free)> owned(bytes, g_free);
  return write_file(file, std::string_view(bytes, size));
}

} // namespace yanxing::screen
