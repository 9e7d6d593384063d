// {"http":{"method":"POST","url":"http://127.0.0.1:8123/api/{room}","headers":{…},"body":"{\"level\":{level}}"}}
#include "action/executor.h"
#include "action/template.h"
#include "action/web.h"

#include <algorithm>
#include <array>

namespace yanxing::action {
namespace {

std::size_t keep_start(char *data, std::size_t size, std::size_t count, void *user) {
  constexpr std::size_t kMost = 4096;
  auto *text = static_cast<std::string *>(user);
  text->append(data, std::min(size * count, kMost - std::min(kMost, text->size())));
  return size * count;
}

class Http final : public Executor {
public:
  [[nodiscard]] std::string_view name() const override { return "http"; }

  Outcome execute(const ActionSpec &spec, const Action &action, Hands &hands) override {
    const auto &how = spec.run["http"];
    bool climbs = false;
    const auto url = fill_template(string_or_empty(how, "url"), action.arguments, [&](const std::string &value) {
      climbs = climbs || (!value.empty() && value.find_first_not_of('.') == std::string::npos); // "..": another folder
      return url_escaped(value);
    });
    if (climbs) {
      return failed(hands, "a value of dots alone may not stand in an address", "这个值不可以。",
                    "That value is not allowed.");
    }
    const auto body = fill_body(how.value("body", Json()), action.arguments);
    const CurlHandle curl(curl_easy_init());
    const auto headers = headers_of(how, action.arguments, body);
    auto method = string_or_empty(how, "method");
    method = method.empty() ? (body.empty() ? "GET" : "POST") : method;
    std::string answer;
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, kLoopbackHosts);
    curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    if (!body.empty()) {
      curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
      curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L); // a redirect could lead anywhere
    curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, keep_start);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason.data());
    const auto code = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status < 200 || status >= 300) {
      const auto why = code != CURLE_OK ? std::string(reason[0] != 0 ? reason.data() : curl_easy_strerror(code))
                                        : "status " + std::to_string(status);
      return failed(hands, method + " " + url + ": " + why, "设备没有回应。",
                    "The device did not answer as it should.");
    }
    return {OutcomeStatus::kDone, method + " " + url + ": " + std::to_string(status), "", nullptr};
  }

private:
  static CurlList headers_of(const Json &how, const Json &arguments, const std::string &body) {
    CurlList headers;
    bool typed = false;
    const auto add = [&](const std::string &line) {
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    const auto given = how.value("headers", Json::object());
    for (const auto &[key, value] : given.items()) {
      add(argument_text(Json(key)) + ": " + fill_template(argument_text(value), arguments)); // no line breaks in either
      typed = typed || key == "Content-Type" || key == "content-type";
    }
    if (!typed && (body.starts_with("{") || body.starts_with("["))) {
      add("Content-Type: application/json");
    }
    return headers;
  }
};

} // namespace

std::unique_ptr<Executor> make_http_executor() { return std::make_unique<Http>(); }

} // namespace yanxing::action
