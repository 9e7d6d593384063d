// The portal of a Wayland session, played by this test on a bus of its own.
#include "os/portal_display.h"

#include <gio/gio.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include <csignal>
#include <unistd.h>

namespace yanxing::os {
namespace {

constexpr const char *kInterface = R"(<node><interface name="org.freedesktop.portal.Screenshot">
  <method name="Screenshot"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
  <arg type="o" direction="out"/></method></interface></node>)";

// A session bus, as long as it lives.
class Bus {
public:
  Bus() {
    std::FILE *pipe = popen("dbus-daemon --session --fork --print-address=1 --print-pid=1 2>/dev/null", "r");
    std::array<char, 512> line{};
    for (auto *into : {&address_, &pid_}) {
      if (pipe != nullptr && std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
        *into = line.data();
        into->erase(into->find_last_not_of('\n') + 1);
      }
    }
    if (pipe != nullptr) {
      pclose(pipe);
    }
  }
  ~Bus() {
    if (there()) {
      kill(std::stoi(pid_), SIGTERM);
    }
  }
  Bus(const Bus &) = delete;
  Bus &operator=(const Bus &) = delete;
  [[nodiscard]] bool there() const { return !address_.empty() && !pid_.empty(); }
  [[nodiscard]] const std::string &address() const { return address_; }

private:
  std::string address_;
  std::string pid_;
};

// Answers each request for a picture with `code` and `uri`; with code 99 never.
class FakePortal {
public:
  FakePortal(const std::string &address, guint32 code, std::string uri) : code_(code), uri_(std::move(uri)) {
    g_main_context_push_thread_default(context_);
    bus_ = g_dbus_connection_new_for_address_sync(
        address.c_str(),
        static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
        nullptr, nullptr, nullptr);
    auto *node = g_dbus_node_info_new_for_xml(kInterface, nullptr);
    static const GDBusInterfaceVTable kTable{&FakePortal::on_call, nullptr, nullptr, {}};
    g_dbus_connection_register_object(bus_, "/org/freedesktop/portal/desktop", node->interfaces[0], &kTable, this,
                                      nullptr, nullptr);
    g_dbus_node_info_unref(node);
    auto *owned =
        g_dbus_connection_call_sync(bus_, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                    "RequestName", g_variant_new("(su)", "org.freedesktop.portal.Desktop", 0U), nullptr,
                                    G_DBUS_CALL_FLAGS_NONE, 3000, nullptr, nullptr);
    if (owned != nullptr) {
      g_variant_unref(owned);
    }
    g_main_context_pop_thread_default(context_);
    thread_ = std::thread([this] { g_main_loop_run(loop_); });
  }
  ~FakePortal() {
    g_main_context_invoke(
        context_,
        [](gpointer loop) -> gboolean {
          g_main_loop_quit(static_cast<GMainLoop *>(loop));
          return G_SOURCE_REMOVE;
        },
        loop_);
    thread_.join();
    g_object_unref(bus_);
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
  }
  FakePortal(const FakePortal &) = delete;
  FakePortal &operator=(const FakePortal &) = delete;

private:
  static void on_call(GDBusConnection *bus, const gchar *sender, const gchar *, const gchar *, const gchar *,
                      GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user) {
    const auto *self = static_cast<FakePortal *>(user);
    auto *options = g_variant_get_child_value(parameters, 1);
    const char *token = "";
    g_variant_lookup(options, "handle_token", "&s", &token);
    std::string name = std::string(sender).substr(1);
    name.replace(name.find('.'), 1, "_");
    const auto path = "/org/freedesktop/portal/desktop/request/" + name + "/" + token;
    GVariantBuilder results;
    g_variant_builder_init(&results, G_VARIANT_TYPE("a{sv}"));
    if (!self->uri_.empty()) {
      g_variant_builder_add(&results, "{sv}", "uri", g_variant_new_string(self->uri_.c_str()));
    }
    auto *answer = g_variant_ref_sink(g_variant_new("(ua{sv})", self->code_, &results));
    if (self->code_ != 99) { // before the call itself returns: the hardest order
      g_dbus_connection_emit_signal(bus, sender, path.c_str(), "org.freedesktop.portal.Request", "Response", answer,
                                    nullptr);
    }
    g_variant_unref(answer);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", path.c_str()));
    g_variant_unref(options);
  }

  guint32 code_;
  std::string uri_;
  GMainContext *context_ = g_main_context_new();
  GMainLoop *loop_ = g_main_loop_new(context_, FALSE);
  GDBusConnection *bus_ = nullptr;
  std::thread thread_;
};

class Portal : public ::testing::Test {
protected:
  void SetUp() override {
    if (!bus.there()) {
      GTEST_SKIP() << "dbus-daemon is not installed";
    }
    setenv("DBUS_SESSION_BUS_ADDRESS", bus.address().c_str(), 1);
    setenv("WAYLAND_DISPLAY", "wayland-0", 1);
    unsetenv("DISPLAY");
  }
  static Result<Picture> read(const std::filesystem::path &file) {
    std::ifstream stream(file);
    int width = 0;
    int height = 0;
    if (!(stream >> width >> height)) {
      return Error{"cannot read " + file.string(), ""};
    }
    Picture picture;
    picture.width = width;
    picture.height = height;
    return picture;
  }
  Bus bus;
};

TEST_F(Portal, GivesTheScreenAndLeavesNoFileBehind) {
  const auto file = std::filesystem::temp_directory_path() / ("yanxing 屏幕 " + std::to_string(getpid()) + ".png");
  std::ofstream(file) << "320 200";
  auto *uri = g_filename_to_uri(file.c_str(), nullptr, nullptr);
  const FakePortal portal(bus.address(), 0, uri);
  g_free(uri);
  const auto display = open_display(&Portal::read); // what a Wayland session without DISPLAY opens
  ASSERT_TRUE(display) << display.error().message();
  const auto picture = (*display)->capture();
  ASSERT_TRUE(picture) << picture.error().message();
  EXPECT_EQ(picture->width, 320);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE((*display)->pointer());
}

TEST_F(Portal, SaysWhatWentWrong) {
  const auto error_with = [&](guint32 code, const std::string &uri) {
    const FakePortal portal(bus.address(), code, uri);
    const auto display = open_portal_display(&Portal::read, 300);
    return display ? (*display)->capture().error().what : display.error().what;
  };
  EXPECT_NE(error_with(1, "").find("not allowed"), std::string::npos);
  EXPECT_NE(error_with(2, "").find("could not"), std::string::npos);
  EXPECT_NE(error_with(0, "").find("could not"), std::string::npos);
  EXPECT_NE(error_with(0, "https://example.com/a.png").find("no file"), std::string::npos);
  EXPECT_NE(error_with(0, "file:///nowhere.png").find("nowhere.png"), std::string::npos);
  EXPECT_NE(error_with(99, "").find("did not answer"), std::string::npos);
}

TEST_F(Portal, IsMissedWhereThereIsNone) {
  const auto display = open_portal_display(&Portal::read, 3000);
  ASSERT_TRUE(display);
  const auto picture = (*display)->capture();
  ASSERT_FALSE(picture);
  EXPECT_NE(picture.error().hint.find("xdg-desktop-portal"), std::string::npos);
}

} // namespace
} // namespace yanxing::os
