// The page's turns on this desktop, its actions, and what it did.
#include "base/paths.h"
#include "server/errors.h"
#include "server/operation.h"
#include "server/owner.h"
#include "server/page_routes.h"

namespace yanxing::server {
namespace {

struct Workplace {
  explicit Workplace(Service &service)
      : shelf(base_of(service.settings), own_folder(service.settings)), operation(service, shelf) {}

  // Of a folder that the user named, all files are the user's own; of the actions that come with yanxing, none is.
  static action::Registry base_of(const ServiceSettings &settings) {
    if (std::filesystem::is_directory(settings.actions_path)) {
      return {};
    }
    auto bundled = settings.actions_path.empty() ? action::Registry::load(share_folder() / "actions")
                                                 : Result<action::Registry>(settings.registry);
    return bundled ? std::move(*bundled) : settings.registry;
  }
  static std::filesystem::path own_folder(const ServiceSettings &settings) {
    if (settings.actions_path.empty()) {
      return config_folder() / "actions";
    }
    return std::filesystem::is_directory(settings.actions_path) ? settings.actions_path : std::filesystem::path();
  }

  ActionShelf shelf;
  Operation operation;
};

Response answer(const Result<Json> &result, int status = 409) {
  return result ? json_response(*result) : error_response(status, result.error());
}

Response answer(const Status &result, int status = 400) {
  return result ? json_response({{"ok", true}}) : error_response(status, result.error());
}

std::string query(const Request &request, const char *name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

// A handler that wants a JSON body.
template <class Work> Handler with_body(Work work) {
  return for_owner([work = std::move(work)](const Request &request) {
    auto [json, wrong] = parse_body(request.body);
    return wrong ? *wrong : work(json);
  });
}

Response picture(Operation &operation, const Request &request) {
  auto png = operation.picture(query(request, "look"));
  if (!png) {
    return error_response(404, png.error());
  }
  Response response;
  response.content_type = "image/png";
  response.body = std::move(*png);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

} // namespace

void add_operate_routes(HttpServer &http, Service &service) {
  auto workplace = std::make_shared<Workplace>(service);
  auto &operation = workplace->operation;
  auto &shelf = workplace->shelf;
  // The first handler holds the workplace; all live as long as the server.
  http.handle("GET", "/v1/operate/state", for_owner([workplace, &operation, &service](const Request & /*unused*/) {
                auto state = operation.state();
                Json people = Json::array();
                for (const auto &contact : service.settings.contacts) {
                  people.push_back(contact.aliases.empty() ? contact.name : contact.aliases.front());
                }
                state["people"] = std::move(people);
                return json_response(state);
              }));
  http.handle("POST", "/v1/operate/look",
              for_owner([&operation](const Request & /*unused*/) { return answer(operation.look(), 503); }));
  http.handle("GET", "/v1/operate/picture",
              for_owner([&operation](const Request &request) { return picture(operation, request); }));
  http.handle("POST", "/v1/operate/prepare", with_body([&operation](const Json &body) {
                return answer(operation.prepare(string_or_empty(body, "look")), 503);
              }));
  http.handle("POST", "/v1/operate/propose",
              with_body([&operation](const Json &body) { return answer(operation.propose(body)); }));
  http.handle("POST", "/v1/operate/act",
              with_body([&operation](const Json &body) { return answer(operation.act(body)); }));
  http.handle("POST", "/v1/operate/undo", with_body([&operation](const Json &body) {
                return answer(
                    operation.undo(string_or_empty(body, "lang") == "zh" ? Language::kChinese : Language::kEnglish));
              }));
  http.handle("GET", "/v1/activity", for_owner([&operation](const Request & /*unused*/) {
                return json_response({{"entries", operation.journal()}});
              }));
  http.handle("DELETE", "/v1/activity",
              for_owner([&operation](const Request & /*unused*/) { return answer(operation.forget_journal(), 500); }));

  http.handle("GET", "/v1/actions", for_owner([&shelf](const Request & /*unused*/) {
                return json_response({{"actions", shelf.list()}});
              }));
  http.handle("POST", "/v1/actions", with_body([&shelf](const Json &body) { return answer(shelf.save(body)); }));
  http.handle("DELETE", "/v1/actions/:action", for_owner([&shelf](const Request &request) {
                return answer(shelf.remove(query(request, "action")), 404);
              }));
}

} // namespace yanxing::server
