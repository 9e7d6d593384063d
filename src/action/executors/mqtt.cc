// {"mqtt":{"topic":"home/{room}/light/set","payload":"{\"state\":\"ON\"}","retain":false}}; the broker is mqtt_url of
// the settings.
#include "action/executor.h"
#include "action/template.h"
#include "action/web.h"

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

struct Exchange { // what the callbacks report
  bool connected = false;
  bool acknowledged = false;
  int refused = 0; // the broker's answer to the connection, 0: accepted
};

class Mqtt final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "mqtt"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    const auto &how = spec.run["mqtt"];
    bool strays = false; // a value is one level of the topic: it cannot add levels or wildcards
    const auto topic = fill_template(string_or_empty(how, "topic"), action.arguments, [&](const std::string &value) {
      strays = strays || value.empty() || value.find_first_of("+#/") != std::string::npos;
      return value;
    });
    if (strays) {
      return failed(hands, "a value with +, # or / may not stand in the topic " + topic, "这个值不可以。",
                    "That value is not allowed.");
    }
    const auto payload = fill_body(how.value("payload", Json("")), action.arguments);
    auto broker = parse_url(hands.settings->mqtt_url);
    if (broker.host.empty() || (broker.scheme != "mqtt" && broker.scheme != "mqtts")) {
      return failed(hands, "mqtt_url must look like mqtt://host:1883, not " + hands.settings->mqtt_url,
                    "MQTT地址设置得不对。", "The MQTT address in the settings is wrong.");
    }
    if (broker.port == 0) {
      broker.port = broker.scheme == "mqtts" ? 8883 : 1883;
    }
    if (const auto problem = publish(broker, topic, payload, how.value("retain", false)); !problem.empty()) {
      return failed(hands, "MQTT broker " + broker.host + ":" + std::to_string(broker.port) + ": " + problem,
                    "设备没有回应。", "The device did not answer.");
    }
    return {OutcomeStatus::kDone, "published " + topic + " = " + payload, "", nullptr};
  }

private:
  // Empty, or why it did not work. Waits for the broker's acknowledgement (QoS 1).
  static std::string publish(const Url &broker, const std::string &topic, const std::string &payload, bool retain) {
    const Library library;
    Exchange exchange;
    const std::unique_ptr<mosquitto, ClientCloser> client(mosquitto_new(nullptr, true, &exchange));
    mosquitto_connect_callback_set(client.get(), [](mosquitto *, void *user, int code) {
      auto *seen = static_cast<Exchange *>(user);
      seen->connected = code == 0;
      seen->refused = code;
    });
    mosquitto_publish_callback_set(
        client.get(), [](mosquitto *, void *user, int) { static_cast<Exchange *>(user)->acknowledged = true; });
    if (!broker.user.empty()) {
      mosquitto_username_pw_set(client.get(), broker.user.c_str(), broker.password.c_str());
    }
    if (broker.scheme == "mqtts") {
      mosquitto_tls_set(client.get(), nullptr, "/etc/ssl/certs", nullptr, nullptr, nullptr);
    }
    constexpr int kKeepAliveSeconds = 10;
    // Without waiting for the connection, so that a host that swallows packets cannot hold us for minutes.
    if (const int code = mosquitto_connect_async(client.get(), broker.host.c_str(), broker.port, kKeepAliveSeconds);
        code != MOSQ_ERR_SUCCESS) {
      return "no connection";
    }
    int code = mosquitto_publish(client.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                 1, retain);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    // Before the connection stands, publishing keeps the message and says "no connection".
    const auto going = [&] { return code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN; };
    while (going() && !exchange.acknowledged && exchange.refused == 0 && std::chrono::steady_clock::now() < deadline) {
      code = mosquitto_loop(client.get(), 100, 1);
      if (code == MOSQ_ERR_NO_CONN) {
        break;
      }
    }
    mosquitto_disconnect(client.get());
    if (exchange.acknowledged) {
      return "";
    }
    if (exchange.refused != 0) {
      return mosquitto_connack_string(exchange.refused);
    }
    return !exchange.connected ? "no connection" : going() ? "no acknowledgement within 5 s" : mosquitto_strerror(code);
  }
};

} // namespace

std::unique_ptr<Executor> make_mqtt_executor() { return std::make_unique<Mqtt>(); }

} // namespace yanxing::action
