// The accessibility bus, raw: many method calls in flight at once. One accessible object costs five or six
// questions and a window has hundreds of objects; asked one by one the round trips alone take half a second.
// Not thread-safe.
#pragma once

#include "base/result.h"

#include <gio/gio.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::os {

struct VariantDeleter {
  void operator()(GVariant *variant) const { g_variant_unref(variant); }
};
using Variant = std::unique_ptr<GVariant, VariantDeleter>;

// An accessible object: the application's name on the bus, and the object's path there.
struct ObjectRef {
  std::string bus;
  std::string path;
  bool operator==(const ObjectRef &) const = default;
  [[nodiscard]] bool null() const { return path.empty() || path == "/org/a11y/atspi/null"; }
};

struct BusCall {
  ObjectRef object;
  const char *interface = nullptr;
  const char *method = nullptr;
  GVariant *arguments = nullptr; // floating or null; consumed
};

using Deadline = std::chrono::steady_clock::time_point;

class AtspiBus {
public:
  // Connects and tells the desktop that assistive technology is there, so that applications show themselves.
  static Result<std::unique_ptr<AtspiBus>> open();
  ~AtspiBus();
  AtspiBus(const AtspiBus &) = delete;
  AtspiBus &operator=(const AtspiBus &) = delete;

  // Replies (the tuple of results) in the order of the calls; null where the object refused, vanished or did not
  // answer before the deadline.
  std::vector<Variant> call(const std::vector<BusCall> &calls, Deadline deadline);
  // One call whose failure has a reason.
  Result<Variant> call_one(const BusCall &call, int timeout_ms);

private:
  explicit AtspiBus(GDBusConnection *connection);
  GDBusConnection *connection_;
  GMainContext *context_;
};

// org.freedesktop.DBus.Properties.Get
BusCall property(const ObjectRef &object, const char *interface, const char *name);

// Readers of replies; a null or unfitting reply gives the default.
std::string string_of(const Variant &reply);
std::vector<ObjectRef> objects_of(const Variant &reply); // a(so)
ObjectRef object_of(const Variant &reply);               // (so)
Variant property_of(const Variant &reply);               // the v of Properties.Get
int property_int(const Variant &reply, int otherwise);
std::string property_string(const Variant &reply);
double property_double(const Variant &reply, double otherwise);

} // namespace yanxing::os
