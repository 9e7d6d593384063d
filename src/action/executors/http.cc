// {"http":{"method":"POST","url":"http://127.0.0.1:8123/api/{room}","headers":{…},"body":"{\"level\":{level}}"}}
#include "action/executor.h"
#include "action/template.h"

#include <array>
#include <curl/curl.h>
#include <memory>

namespace yanxing::action {
namespace {

struct CurlCloser {
  void operator()(CURL *handle) const { curl_easy_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};

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
    const auto pattern = string_or_empty(how, "url");
    const auto url = fill_template(pattern, action.arguments, url_escaped);
    const auto host_end = pattern.find('/', pattern.find("://") + 3);
    if (pattern.substr(0, host_end).find('{') != std::string::npos) {
      return failed(hands, "the host of " + pattern + " must stand in the action file", "这个地址不可以。", "That address is not allowed.");
    }
    const std::unique_ptr<CURL, CurlCloser> curl(curl_easy_init());
    std::unique_ptr<curl_slist, ListCloser> headers;
    const auto &given = how.value("headers", Json::object());
    for (const auto &[key, value] : given.items()) {
      const auto line = key + ": " + fill_template(argument_text(value), action.arguments);
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    }
    const auto &body_pattern = how.value("body", Json());
    const auto body = body_pattern.is_null() ? "" : fill_template(body_pattern.is_string() ? body_pattern.get<std::string>() : dump(body_pattern), action.arguments, json_escaped);
    auto method = string_or_empty(how, "method");
    method = method.empty() ? (body.empty() ? "GET" : "POST") : method;
    std::string answer;
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
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
      const auto why = code != CURLE_OK ? std::string(reason[0] != 0 ? reason.data() : curl_easy_strerror(code)) : "status " + std::to_string(status);
      return failed(hands, method + " " + url + ": " + why, "设备没有回应。", "The device did not answer as it should.");
    }
    return {OutcomeStatus::kDone, method + " " + url + ": " + std::to_string(status), "", spec.undo};
  }
};

} // namespace

std::unique_ptr<Executor> make_http_executor() { return std::make_unique<Http>(); }

} // namespace yanxing::action
