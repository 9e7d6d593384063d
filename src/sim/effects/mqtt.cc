// The home's devices listen on home/<device>/set for {"on":1,"brightness":40,…}; what goes to another topic is kept as
// it is, since somebody might listen there.
#include "action/template.h"
#include "sim/effect.h"

#include <array>

namespace yanxing::sim {
namespace {

constexpr std::array<std::pair<const char *, int Device::*>, 6> kFields{{{"on", &Device::on},
                                                                         {"brightness", &Device::brightness},
                                                                         {"temperature", &Device::temperature},
                                                                         {"position", &Device::position},
                                                                         {"playing", &Device::playing},
                                                                         {"locked", &Device::locked}}};

Device *listener(Desktop &desktop, const std::string &topic) {
  constexpr std::string_view kBegin = "home/";
  constexpr std::string_view kEnd = "/set";
  if (!topic.starts_with(kBegin) || !topic.ends_with(kEnd) || topic.size() <= kBegin.size() + kEnd.size()) {
    return nullptr;
  }
  return desktop.device(std::string_view(topic).substr(kBegin.size(), topic.size() - kBegin.size() - kEnd.size()));
}

Outcome perform_it(const Act &act) {
  const auto &how = act.spec.run["mqtt"];
  const auto topic = action::fill_template(string_or_empty(how, "topic"), act.action.arguments);
  const auto payload = action::fill_body(how.value("payload", Json("")), act.action.arguments);
  auto *device = listener(act.desktop, topic);
  if (device == nullptr) {
    act.desktop.messages.push_back(topic + " " + payload);
    return done("published " + topic);
  }
  if (device->offline) {
    return failed("the device did not answer");
  }
  const auto wanted = Json::parse(payload, nullptr, false);
  if (!wanted.is_object()) {
    return failed("the device does not understand " + payload);
  }
  Json undo{{"device", device->id}};
  for (const auto &[key, field] : kFields) {
    const auto value = wanted.find(key);
    if (value != wanted.end() && value->is_number_integer() && device->*field >= 0) {
      undo[key] = device->*field;
      device->*field = value->get<int>();
    }
  }
  return done("published " + topic + " = " + payload, std::move(undo));
}

bool undo_it(Desktop &desktop, const Json &data) {
  auto *device = desktop.device(string_or_empty(data, "device"));
  for (const auto &[key, field] : kFields) {
    if (device != nullptr && data.contains(key)) {
      device->*field = data[key].get<int>();
    }
  }
  return device != nullptr;
}

} // namespace

Effect make_mqtt_effect() { return {"mqtt", perform_it, undo_it}; }

} // namespace yanxing::sim
