#include "os/atspi_bus.h"

#include <algorithm>
#include <cstdlib>

namespace yanxing::os {
namespace {

constexpr std::size_t kInFlight = 512; // keeps the socket's buffers and the application's queue bounded

struct ErrorDeleter {
  void operator()(GError *error) const { g_error_free(error); }
};
using ErrorPtr = std::unique_ptr<GError, ErrorDeleter>;

struct ObjectDeleter {
  void operator()(gpointer object) const { g_object_unref(object); }
};

Error bus_error(const std::string &what, GError *raw) {
  const ErrorPtr error(raw);
  return {what + (error ? std::string(": ") + error->message : std::string()),
          "Start a session bus and at-spi2-core (yanxing doctor says what is missing)"};
}

Result<std::string> accessibility_address() {
  if (const char *given = std::getenv("AT_SPI_BUS_ADDRESS"); given != nullptr && *given != '\0') {
    return std::string(given);
  }
  const char *session_address = std::getenv("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = std::getenv("XDG_RUNTIME_DIR");
  if ((session_address == nullptr || *session_address == '\0') && (runtime == nullptr || *runtime == '\0')) {
    return Error{"there is no desktop session bus (DBUS_SESSION_BUS_ADDRESS is not set)",
                 "Run yanxing inside a desktop session, or start one with scripts/desktop.sh"};
  }
  GError *error = nullptr;
  // A private connection, never g_bus_get's shared one: that would go on talking to the first session of the
  // process where a test opens a second.
  char *found = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, nullptr, &error);
  if (found == nullptr) {
    return bus_error("the session bus cannot be found", error);
  }
  const std::unique_ptr<char, decltype(&g_free)> address(found, g_free);
  const std::unique_ptr<GDBusConnection, ObjectDeleter> session(g_dbus_connection_new_for_address_sync(
      address.get(),
      static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
      nullptr, nullptr, &error));
  if (!session) {
    return bus_error("the session bus does not answer", error);
  }
  const Variant reply(g_dbus_connection_call_sync(session.get(), "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus",
                                                  "GetAddress", nullptr, G_VARIANT_TYPE("(s)"), G_DBUS_CALL_FLAGS_NONE,
                                                  3000, nullptr, &error));
  if (!reply) {
    return bus_error("the accessibility bus cannot be found", error);
  }
  const Variant enabled(g_dbus_connection_call_sync(
      session.get(), "org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set",
      g_variant_new("(ssv)", "org.a11y.Status", "IsEnabled", g_variant_new_boolean(TRUE)), nullptr,
      G_DBUS_CALL_FLAGS_NONE, 3000, nullptr, nullptr)); // refused where it is on already: no matter
  g_dbus_connection_close_sync(session.get(), nullptr, nullptr);
  return string_of(reply);
}

// The state of one batch, shared with its callbacks.
struct Batch {
  std::vector<Variant> replies;
  std::size_t pending = 0;
};

struct Slot {
  Batch *batch;
  std::size_t index;
};

void on_reply(GObject *source, GAsyncResult *result, gpointer data) {
  const std::unique_ptr<Slot> slot(static_cast<Slot *>(data));
  GError *error = nullptr;
  slot->batch->replies[slot->index].reset(
      g_dbus_connection_call_finish(reinterpret_cast<GDBusConnection *>(source), result, &error));
  g_clear_error(&error);
  --slot->batch->pending;
}

gboolean on_deadline(gpointer data) {
  g_cancellable_cancel(static_cast<GCancellable *>(data));
  return G_SOURCE_REMOVE;
}

} // namespace

AtspiBus::AtspiBus(GDBusConnection *connection) : connection_(connection), context_(g_main_context_new()) {}

AtspiBus::~AtspiBus() {
  g_dbus_connection_close_sync(connection_, nullptr, nullptr);
  g_object_unref(connection_);
  g_main_context_unref(context_);
}

Result<std::unique_ptr<AtspiBus>> AtspiBus::open() {
  auto address = accessibility_address();
  if (!address) {
    return address.error();
  }
  GError *error = nullptr;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
      address->c_str(),
      static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
      nullptr, nullptr, &error);
  if (connection == nullptr) {
    return bus_error("the accessibility bus at " + *address + " does not answer", error);
  }
  g_dbus_connection_set_exit_on_close(connection, FALSE);
  return std::unique_ptr<AtspiBus>(new AtspiBus(connection));
}

std::vector<Variant> AtspiBus::call(const std::vector<BusCall> &calls, Deadline deadline) {
  Batch batch;
  batch.replies.resize(calls.size());
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  const std::unique_ptr<GCancellable, ObjectDeleter> cancellable(g_cancellable_new());
  g_main_context_push_thread_default(context_); // replies come to this context only
  GSource *timer = g_timeout_source_new(static_cast<guint>(std::max<std::int64_t>(left.count(), 0)));
  g_source_set_callback(timer, on_deadline, cancellable.get(), nullptr);
  g_source_attach(timer, context_);
  std::size_t next = 0;
  while (next < calls.size() || batch.pending > 0) {
    for (; next < calls.size() && batch.pending < kInFlight; ++next) {
      const BusCall &call = calls[next];
      ++batch.pending;
      g_dbus_connection_call(connection_, call.object.bus.c_str(), call.object.path.c_str(), call.interface,
                             call.method, call.arguments, nullptr, G_DBUS_CALL_FLAGS_NONE, 60000, cancellable.get(),
                             on_reply, new Slot{&batch, next});
    }
    g_main_context_iteration(context_, TRUE); // a cancelled call is called back as well, so this ends
  }
  g_source_destroy(timer);
  g_source_unref(timer);
  g_main_context_pop_thread_default(context_);
  return std::move(batch.replies);
}

Result<Variant> AtspiBus::call_one(const BusCall &call, int timeout_ms) {
  GError *error = nullptr;
  Variant reply(g_dbus_connection_call_sync(connection_, call.object.bus.c_str(), call.object.path.c_str(),
                                            call.interface, call.method, call.arguments, nullptr,
                                            G_DBUS_CALL_FLAGS_NONE, timeout_ms, nullptr, &error));
  if (!reply) {
    const ErrorPtr owned(error);
    return Error{std::string("the application did not do ") + call.method + ": " +
                     (owned ? owned->message : "no reply"),
                 "The window may have changed: look again"};
  }
  return Result<Variant>(std::move(reply));
}

BusCall property(const ObjectRef &object, const char *interface, const char *name) {
  return {object, "org.freedesktop.DBus.Properties", "Get", g_variant_new("(ss)", interface, name)};
}

std::string string_of(const Variant &reply) {
  if (!reply || !g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(s)"))) {
    return {};
  }
  const char *text = nullptr;
  g_variant_get(reply.get(), "(&s)", &text);
  return text;
}

std::vector<ObjectRef> objects_of(const Variant &reply) {
  std::vector<ObjectRef> objects;
  if (!reply || !g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(a(so))"))) {
    return objects;
  }
  GVariantIter *items = nullptr;
  g_variant_get(reply.get(), "(a(so))", &items);
  const char *bus = nullptr;
  const char *path = nullptr;
  while (g_variant_iter_next(items, "(&s&o)", &bus, &path) != FALSE) {
    objects.push_back({bus, path});
  }
  g_variant_iter_free(items);
  return objects;
}

ObjectRef object_of(const Variant &reply) {
  if (!reply || !g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("((so))"))) {
    return {};
  }
  const char *bus = nullptr;
  const char *path = nullptr;
  g_variant_get(reply.get(), "((&s&o))", &bus, &path);
  return {bus, path};
}

Variant property_of(const Variant &reply) {
  if (!reply || !g_variant_is_of_type(reply.get(), G_VARIANT_TYPE("(v)"))) {
    return nullptr;
  }
  GVariant *value = nullptr;
  g_variant_get(reply.get(), "(v)", &value);
  return Variant(value);
}

int property_int(const Variant &reply, int otherwise) {
  const Variant value = property_of(reply);
  return value && g_variant_is_of_type(value.get(), G_VARIANT_TYPE_INT32) ? g_variant_get_int32(value.get())
                                                                          : otherwise;
}

std::string property_string(const Variant &reply) {
  const Variant value = property_of(reply);
  return value && g_variant_is_of_type(value.get(), G_VARIANT_TYPE_STRING) ? g_variant_get_string(value.get(), nullptr)
                                                                           : "";
}

double property_double(const Variant &reply, double otherwise) {
  const Variant value = property_of(reply);
  return value && g_variant_is_of_type(value.get(), G_VARIANT_TYPE_DOUBLE) ? g_variant_get_double(value.get())
                                                                           : otherwise;
}

} // namespace yanxing::os
