#include "os/x11_display.h"

#include "os/x11_connection.h"

#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/shm.h>

#include <bit>

namespace yanxing::os {
namespace {

// A shared memory segment as large as the screen: the server writes the picture straight into our memory.
class SharedImage {
public:
  SharedImage(xcb_connection_t *connection, std::size_t bytes) : connection_(connection), bytes_(bytes) {
    id_ = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    if (id_ < 0) {
      return;
    }
    void *memory = shmat(id_, nullptr, 0);
    if (memory != reinterpret_cast<void *>(-1)) {
      memory_ = static_cast<std::uint8_t *>(memory);
      segment_ = xcb_generate_id(connection);
      const XcbReply<xcb_generic_error_t> error(xcb_request_check(
          connection, xcb_shm_attach_checked(connection, segment_, static_cast<std::uint32_t>(id_), 0)));
      attached_ = error == nullptr; // a remote server cannot
    }
    shmctl(id_, IPC_RMID, nullptr); // goes when both sides have let go of it
  }
  ~SharedImage() {
    if (attached_) {
      xcb_shm_detach(connection_, segment_);
      xcb_flush(connection_);
    }
    if (memory_ != nullptr) {
      shmdt(memory_);
    }
  }
  SharedImage(const SharedImage &) = delete;
  SharedImage &operator=(const SharedImage &) = delete;

  [[nodiscard]] bool usable() const { return attached_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] const std::uint8_t *memory() const { return memory_; }
  [[nodiscard]] xcb_shm_seg_t segment() const { return segment_; }

private:
  xcb_connection_t *connection_;
  std::size_t bytes_;
  int id_ = -1;
  std::uint8_t *memory_ = nullptr;
  xcb_shm_seg_t segment_ = 0;
  bool attached_ = false;
};

class X11Display : public Display {
public:
  explicit X11Display(X11Connection x11) : x11_(std::move(x11)) {
    const xcb_query_extension_reply_t *shm = xcb_get_extension_data(x11_.get(), &xcb_shm_id);
    has_shm_ = shm != nullptr && shm->present != 0;
  }

  Result<Picture> capture() override {
    // Asked each time: the screen may have been resized or turned.
    const XcbReply<xcb_get_geometry_reply_t> geometry(
        xcb_get_geometry_reply(x11_.get(), xcb_get_geometry(x11_.get(), x11_.root), nullptr));
    if (!geometry) {
      return gone();
    }
    auto layout = layout_of(geometry->depth);
    if (!layout) {
      return layout.error();
    }
    const std::size_t stride = stride_of(geometry->width, layout->bits);
    if (has_shm_) {
      const std::size_t bytes = stride * geometry->height;
      if (!shared_ || shared_->bytes() != bytes) {
        shared_ = std::make_unique<SharedImage>(x11_.get(), bytes);
      }
      has_shm_ = shared_->usable();
    }
    if (has_shm_) {
      const XcbReply<xcb_shm_get_image_reply_t> image(
          xcb_shm_get_image_reply(x11_.get(),
                                  xcb_shm_get_image(x11_.get(), x11_.root, 0, 0, geometry->width, geometry->height, ~0U,
                                                    XCB_IMAGE_FORMAT_Z_PIXMAP, shared_->segment(), 0),
                                  nullptr));
      if (image) {
        return picture_from_pixels(shared_->memory(), stride, geometry->width, geometry->height, *layout);
      }
    }
    const XcbReply<xcb_get_image_reply_t> image(xcb_get_image_reply(
        x11_.get(),
        xcb_get_image(x11_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, x11_.root, 0, 0, geometry->width, geometry->height, ~0U),
        nullptr));
    if (!image || static_cast<std::size_t>(xcb_get_image_data_length(image.get())) < stride * geometry->height) {
      return gone();
    }
    return picture_from_pixels(xcb_get_image_data(image.get()), stride, geometry->width, geometry->height, *layout);
  }

  Result<std::pair<int, int>> pointer() override {
    const XcbReply<xcb_query_pointer_reply_t> reply(
        xcb_query_pointer_reply(x11_.get(), xcb_query_pointer(x11_.get(), x11_.root), nullptr));
    if (!reply) {
      return gone();
    }
    return std::pair<int, int>(reply->root_x, reply->root_y);
  }

private:
  static Error gone() { return {"the X server refused a picture of the screen", "Check that the session still runs"}; }

  [[nodiscard]] Result<PixelLayout> layout_of(std::uint8_t depth) const {
    const xcb_setup_t *setup = xcb_get_setup(x11_.get());
    PixelLayout layout;
    layout.big_endian = setup->image_byte_order == XCB_IMAGE_ORDER_MSB_FIRST;
    layout.bits = 0;
    for (auto format = xcb_setup_pixmap_formats_iterator(setup); format.rem > 0; xcb_format_next(&format)) {
      if (format.data->depth == depth) {
        layout.bits = format.data->bits_per_pixel;
      }
    }
    for (auto screen = xcb_setup_roots_iterator(setup); screen.rem > 0; xcb_screen_next(&screen)) {
      for (auto level = xcb_screen_allowed_depths_iterator(screen.data); level.rem > 0; xcb_depth_next(&level)) {
        for (auto visual = xcb_depth_visuals_iterator(level.data); visual.rem > 0; xcb_visualtype_next(&visual)) {
          if (visual.data->visual_id == x11_.root_visual) {
            layout.red = visual.data->red_mask;
            layout.green = visual.data->green_mask;
            layout.blue = visual.data->blue_mask;
          }
        }
      }
    }
    if ((layout.bits != 16 && layout.bits != 24 && layout.bits != 32) || layout.red == 0 || layout.green == 0 ||
        layout.blue == 0) {
      return Error{"the screen has a colour depth of " + std::to_string(depth) + " bits, which cannot be read",
                   "Use a TrueColor screen"};
    }
    return layout;
  }

  [[nodiscard]] std::size_t stride_of(int width, int bits) const {
    const xcb_setup_t *setup = xcb_get_setup(x11_.get());
    std::size_t pad = 32;
    for (auto format = xcb_setup_pixmap_formats_iterator(setup); format.rem > 0; xcb_format_next(&format)) {
      if (format.data->bits_per_pixel == bits) {
        pad = format.data->scanline_pad;
      }
    }
    const std::size_t row_bits = static_cast<std::size_t>(width) * static_cast<std::size_t>(bits);
    return (row_bits + pad - 1) / pad * pad / 8;
  }

  X11Connection x11_;
  bool has_shm_ = false;
  std::unique_ptr<SharedImage> shared_;
};

std::uint8_t channel(std::uint32_t pixel, std::uint32_t mask) {
  const std::uint32_t value = (pixel & mask) >> std::countr_zero(mask);
  return static_cast<std::uint8_t>(value * 255U / (mask >> std::countr_zero(mask)));
}

} // namespace

Picture picture_from_pixels(const std::uint8_t *pixels, std::size_t stride, int width, int height,
                            const PixelLayout &layout) {
  Picture picture{width, height, {}};
  picture.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  std::uint8_t *out = picture.rgb.data();
  const std::size_t bytes = static_cast<std::size_t>(layout.bits) / 8;
  const bool common = bytes == 4 && !layout.big_endian && layout.red == 0xff0000 && layout.green == 0xff00 &&
                      layout.blue == 0xff; // BGRX: nearly every screen, so without arithmetic
  for (int y = 0; y < height; ++y) {
    const std::uint8_t *in = pixels + static_cast<std::size_t>(y) * stride;
    for (int x = 0; x < width; ++x, in += bytes, out += 3) {
      if (common) {
        out[0] = in[2];
        out[1] = in[1];
        out[2] = in[0];
        continue;
      }
      std::uint32_t pixel = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        pixel |= static_cast<std::uint32_t>(in[layout.big_endian ? bytes - 1 - i : i]) << (8 * i);
      }
      out[0] = channel(pixel, layout.red);
      out[1] = channel(pixel, layout.green);
      out[2] = channel(pixel, layout.blue);
    }
  }
  return picture;
}

Result<std::unique_ptr<Display>> open_x11_display() {
  auto x11 = connect_to_x11();
  if (!x11) {
    return x11.error();
  }
  return std::unique_ptr<Display>(std::make_unique<X11Display>(std::move(x11).value()));
}

} // namespace yanxing::os
