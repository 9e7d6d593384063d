// {"mqtt":{"topic":"home/{room}/light/set","payload":"{\"state\":\"ON\"}","retain":false}}; the broker is mqtt_url of the settings.
#include "action/executor.h"
#include "action/template.h"

#include <chrono>
#include <memory>
#include <mosquitto.h>

namespace yanxing::action {
namespace {

struct Library {
  Library() { mosquitto_lib_init(); }
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;
  ~Library() { mosquitto_lib_cleanup(); }
};
struct ClientCloser {
  void operator()(mosquitto *client) const { mosquitto_destroy(client); }
};

struct Address {
  std::string host = "127.0.0.1";
  int port = 1883;
};

Address address_of(const std::string &url) {
  Address address;
  const auto start = url.find("://");
  auto rest = url.substr(start == std::string::npos ? 0 : start + 3);
  const auto colon = rest.rfind(':');
  if (colon != std::string::npos) {
    address.port = std::atoi(rest.c_str() + colon + 1);
    rest = rest.substr(0, colon);
  }
  if (!rest.empty()) {
    address.host = rest;
  }
  return address;
}

class Mqtt final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "mqtt"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    const auto &how = spec.run["mqtt"];
    const auto topic = fill_template(string_or_empty(how, "topic"), action.arguments, [](const std::string &value) {
      auto level = value; // a value is one level of the topic: it cannot add levels or wildcards
      std::erase_if(level, [](char c) { return c == '+' || c == '#' || c == '/'; });
      return level;
    });
    const auto &pattern = how.value("payload", Json(""));
    const auto payload = fill_template(pattern.is_string() ? pattern.get<std::string>() : dump(pattern), action.arguments, json_escaped);
    const auto broker = address_of(hands.settings->mqtt_url);
    if (const auto problem = publish(broker, topic, payload, how.value("retain", false)); !problem.empty()) {
      return failed(hands, "MQTT broker " + broker.host + ":" + std::to_string(broker.port) + ": " + problem, "设备没有回应。", "The device did not answer.");
    }
    return {OutcomeStatus::kDone, "published " + topic + " = " + payload, "", spec.undo};
  }

private:
  // Empty, or why it did not work. Waits for the broker's acknowledgement (QoS 1).
  static std::string publish(const Address &broker, const std::string &topic, const std::string &payload, bool retain) {
    const Library library;
    bool acknowledged = false;
    const std::unique_ptr<mosquitto, ClientCloser> client(mosquitto_new(nullptr, true, &acknowledged));
    mosquitto_publish_callback_set(client.get(), [](mosquitto *, void *user, int) { *static_cast<bool *>(user) = true; });
    constexpr int kKeepAliveSeconds = 10;
    if (const int code = mosquitto_connect(client.get(), broker.host.c_str(), broker.port, kKeepAliveSeconds); code != MOSQ_ERR_SUCCESS) {
      return code == MOSQ_ERR_ERRNO ? "no connection" : mosquitto_strerror(code);
    }
    if (const int code = mosquitto_publish(client.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 1, retain); code != MOSQ_ERR_SUCCESS) {
      return mosquitto_strerror(code);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!acknowledged && std::chrono::steady_clock::now() < deadline) {
      if (const int code = mosquitto_loop(client.get(), 100, 1); code != MOSQ_ERR_SUCCESS) {
        return mosquitto_strerror(code);
      }
    }
    mosquitto_disconnect(client.get());
    return acknowledged ? "" : "no acknowledgement within 5 s";
  }
};

} // namespace

std::unique_ptr<Executor> make_mqtt_executor() { return std::make_unique<Mqtt>(); }

} // namespace yanxing::action
