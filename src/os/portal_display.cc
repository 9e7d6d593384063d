#include "os/portal_display.h"

#include <gio/gio.h>

#include <algorithm>
#include <optional>
#include <random>

namespace yanxing::os {
namespace {

constexpr const char *kPortal = "org.freedesktop.portal.Desktop";
constexpr const char *kPath = "/org/freedesktop/portal/desktop";
constexpr const char *kHint = "Install xdg-desktop-portal and your desktop's part of it, or log in to an X11 session";

struct GLibFree {
  void operator()(GError *error) const { g_error_free(error); }
  void operator()(char *text) const { g_free(text); }
  void operator()(GVariant *variant) const { g_variant_unref(variant); }
  void operator()(GDBusConnection *bus) const { g_object_unref(bus); }
  void operator()(GMainContext *context) const { g_main_context_unref(context); }
  void operator()(GSource *source) const {
    g_source_destroy(source);
    g_source_unref(source);
  }
};
template <typename T> using GLib = std::unique_ptr<T, GLibFree>;

Error portal_error(const std::string &what, GError *raw) {
  const GLib<GError> error(raw);
  return {what + (error ? std::string(": ") + error->message : std::string()), kHint};
}

// What the portal answers to one request: its code (0 done, 1 the user said no, 2 ended otherwise) and the file.
struct Answer {
  guint32 code = 2;
  std::string uri;
};

// Signals arrive in the context that is the thread's own while they are subscribed to.
class OwnContext {
public:
  OwnContext() : context_(g_main_context_new()) { g_main_context_push_thread_default(context_.get()); }
  ~OwnContext() { g_main_context_pop_thread_default(context_.get()); }
  OwnContext(const OwnContext &) = delete;
  OwnContext &operator=(const OwnContext &) = delete;

  // Whether `done` came true before `wait_ms` were over.
  template <typename Done> bool run_until(Done done, int wait_ms) {
    const gint64 end = g_get_monotonic_time() + static_cast<gint64>(wait_ms) * 1000;
    // An iteration sleeps until something comes: this wakes it to look at the clock.
    const GLib<GSource> clock(g_timeout_source_new(100));
    g_source_set_callback(
        clock.get(), [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
    g_source_attach(clock.get(), context_.get());
    while (!done() && g_get_monotonic_time() < end) {
      g_main_context_iteration(context_.get(), TRUE);
    }
    return done();
  }

private:
  GLib<GMainContext> context_;
};

// The bus hears of the subscription before it hears of a call that is made afterwards: no answer comes too early.
class Subscription {
public:
  Subscription(GDBusConnection *bus, const std::string &path, std::optional<Answer> &answer)
      : bus_(bus), id_(g_dbus_connection_signal_subscribe(bus, kPortal, "org.freedesktop.portal.Request", "Response",
                                                          path.c_str(), nullptr, G_DBUS_SIGNAL_FLAGS_NONE,
                                                          &Subscription::on_response, &answer, nullptr)) {}
  ~Subscription() { g_dbus_connection_signal_unsubscribe(bus_, id_); }
  Subscription(const Subscription &) = delete;
  Subscription &operator=(const Subscription &) = delete;

private:
  static void on_response(GDBusConnection * /*bus*/, const gchar * /*sender*/, const gchar * /*path*/,
                          const gchar * /*interface*/, const gchar * /*signal*/, GVariant *parameters, gpointer user) {
    Answer answer;
    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ua{sv})")) != FALSE) {
      GVariant *raw = nullptr;
      g_variant_get(parameters, "(u@a{sv})", &answer.code, &raw);
      const GLib<GVariant> results(raw);
      const char *uri = nullptr;
      if (g_variant_lookup(results.get(), "uri", "&s", &uri) != FALSE) {
        answer.uri = uri;
      }
    }
    *static_cast<std::optional<Answer> *>(user) = std::move(answer);
  }

  GDBusConnection *bus_;
  guint id_;
};

class PortalDisplay final : public Display {
public:
  PortalDisplay(GLib<GDBusConnection> bus, PictureReader read, int wait_ms)
      : bus_(std::move(bus)), read_(std::move(read)), wait_ms_(wait_ms) {}

  Result<Picture> capture() override {
    const auto uri = ask();
    if (!uri) {
      return uri.error();
    }
    const GLib<char> file(g_filename_from_uri(uri->c_str(), nullptr, nullptr));
    if (!file) {
      return Error{"the desktop's portal gave a picture that is no file: " + *uri, kHint};
    }
    auto picture = read_(file.get());
    std::error_code code; // it was made for us alone: what was on the screen must not pile up in a folder
    std::filesystem::remove(file.get(), code);
    return picture;
  }

  Result<std::pair<int, int>> pointer() override {
    return Error{"Wayland does not tell where the pointer is", "Name what you mean, or log in to an X11 session"};
  }

private:
  Result<std::string> ask() {
    const auto token = "yanxing" + std::to_string(std::random_device{}());
    OwnContext context;
    std::optional<Answer> answer;
    const Subscription subscription(bus_.get(), request_path(token), answer);
    GVariantBuilder options;
    g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&options, "{sv}", "handle_token", g_variant_new_string(token.c_str()));
    g_variant_builder_add(&options, "{sv}", "interactive", g_variant_new_boolean(FALSE));
    GError *error = nullptr;
    const GLib<GVariant> request(
        g_dbus_connection_call_sync(bus_.get(), kPortal, kPath, "org.freedesktop.portal.Screenshot", "Screenshot",
                                    g_variant_new("(sa{sv})", "", &options), G_VARIANT_TYPE("(o)"),
                                    G_DBUS_CALL_FLAGS_NONE, wait_ms_, nullptr, &error));
    if (!request) {
      return portal_error("this Wayland session's portal does not give pictures of the screen", error);
    }
    if (!context.run_until([&answer] { return answer.has_value(); }, wait_ms_)) {
      return Error{"the desktop's portal did not answer in " + std::to_string(wait_ms_ / 1000) + " s",
                   "Look for a question of your desktop's about a screenshot, and allow it"};
    }
    if (answer->code == 1) {
      return Error{"the picture of the screen was not allowed", "Allow yanxing to take it when your desktop asks"};
    }
    if (answer->code != 0 || answer->uri.empty()) {
      return Error{"the desktop's portal could not take a picture of the screen", kHint};
    }
    return answer->uri;
  }

  // Where the answer will come from, as the portal's documentation says it: known before the call is made.
  [[nodiscard]] std::string request_path(const std::string &token) const {
    std::string sender = g_dbus_connection_get_unique_name(bus_.get());
    sender.erase(std::remove(sender.begin(), sender.end(), ':'), sender.end());
    std::replace(sender.begin(), sender.end(), '.', '_');
    return std::string(kPath) + "/request/" + sender + "/" + token;
  }

  GLib<GDBusConnection> bus_;
  PictureReader read_;
  int wait_ms_;
};

} // namespace

Result<std::unique_ptr<Display>> open_portal_display(PictureReader read, int wait_ms) {
  GError *error = nullptr;
  const GLib<char> address(g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, nullptr, &error));
  if (!address) {
    return portal_error("this is a Wayland session without a session bus", error);
  }
  // A connection of our own: g_bus_get's is shared, and ends the process when the bus goes away.
  GLib<GDBusConnection> bus(g_dbus_connection_new_for_address_sync(
      address.get(),
      static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
      nullptr, nullptr, &error));
  if (!bus) {
    return portal_error("this Wayland session's bus does not answer", error);
  }
  return std::unique_ptr<Display>(std::make_unique<PortalDisplay>(std::move(bus), std::move(read), wait_ms));
}

} // namespace yanxing::os
